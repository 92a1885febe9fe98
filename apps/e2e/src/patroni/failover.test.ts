/**
 * PostgreSQL fails over by what Patroni keeps here: three database servers, three members with TLS and passwords, and the worst
 * moment of both.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AuthorityFiles } from "../harness/certificate-files.js";
import { findFreePort } from "../harness/free-port.js";
import { missesPrograms } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";
import { DatabaseNode, PASSWORD } from "./database-node.js";
import type { NodeView } from "./database-node.js";
import { findDatabasePrograms } from "./database-programs.js";
import { SecuredCluster } from "./secured-cluster.js";
import { Witness } from "./witness.js";

const suite = "Patroni and PostgreSQL";
const PATIENCE_MS = 120_000;
const SETUP_MS_MAX = 240_000;
const NAMES = ["pg1", "pg2", "pg3"] as const;
const LOG_TAIL_CHARS = 3_000;
const patroniUser = { name: "patroni", password: "trunk call", prefix: "/service/" };

const programs = findDatabasePrograms();
if (typeof programs === "string") console.warn(`skipped: ${suite}: ${programs}`);
const isSkipped = missesPrograms(suite, ["quorate", "etcdctl"]) || typeof programs === "string";

describe.skipIf(isSkipped)(suite, () => {
  if (typeof programs === "string") return;
  const folder = mkdtempSync(join(tmpdir(), "e2e-patroni-"));
  const nodes: DatabaseNode[] = [];
  let cluster: SecuredCluster;
  let witness: Witness | undefined;

  beforeAll(async () => {
    // Another user than ours runs the databases.
    chmodSync(folder, 0o755);
    const authority = new AuthorityFiles(join(folder, "pki"));
    chmodSync(join(folder, "pki"), 0o755);
    cluster = await SecuredCluster.start(folder, authority, patroniUser);
    const etcd3 = {
      hosts: cluster.endpoints,
      // Debian 12's Patroni asks for the list of members before it logs in, which etcd, since 3.6.9, and we refuse; told that these
      // are proxies, it takes them as they stand and goes from one to the next all the same.
      use_proxies: true,
      protocol: "https",
      cacert: authority.ca,
      username: patroniUser.name,
      password: patroniUser.password,
    };
    for (const name of NAMES) {
      const [restPort, databasePort] = [await findFreePort(), await findFreePort()];
      nodes.push(new DatabaseNode({ name, folder, restPort, databasePort, programs, etcd3 }));
    }
    for (const node of nodes) node.start();
    await waitFor("a primary and two standbys", areAllThere);
    await psql(leaderOf(await look()), "create table ledger (number int primary key)");
    witness = new Witness(
      programs,
      nodes.map(({ databasePort }) => databasePort),
    );
    await waitForWrites(20);
  }, SETUP_MS_MAX);

  afterAll(async () => {
    await witness?.stop();
    await Promise.all(nodes.map((node) => node.stop()));
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function logTails(): string {
    const tail = (name: string): string =>
      `${name}: ${readFileSync(join(folder, `${name}.log`), "utf8").slice(-LOG_TAIL_CHARS)}`;
    return [...NAMES, "m1", "m2", "m3"].map(tail).join("\n");
  }

  function nodeOf(name: string): DatabaseNode {
    return nodes.find((node) => node.name === name) ?? expect.unreachable(name);
  }

  /** The nodes as whoever answers knows them. */
  async function look(): Promise<readonly NodeView[]> {
    for (const node of nodes) {
      const views = await node.look();
      if (views.length > 0) return views;
    }
    return [];
  }

  async function waitFor(
    what: string,
    isSo: (views: readonly NodeView[]) => boolean,
  ): Promise<readonly NodeView[]> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const views = await look();
      if (isSo(views)) return views;
      if (performance.now() > deadline)
        throw new Error(`${what}: not within ${PATIENCE_MS} ms: ${JSON.stringify(views)}
${logTails()}`);
      await sleep(200);
    }
  }

  /** Rows are acknowledged only while a primary leads and a standby follows it. */
  async function waitForWrites(count: number): Promise<void> {
    const goal = (witness?.acknowledged.length ?? 0) + count;
    await waitFor("writes are acknowledged", () => (witness?.acknowledged.length ?? 0) >= goal);
  }

  async function psql(name: string, statement: string): Promise<string> {
    if (typeof programs === "string") return expect.unreachable();
    const url = `postgresql://postgres@127.0.0.1:${nodeOf(name).databasePort}/postgres`;
    const { exitCode, stdout, stderr } = await runCommand(
      join(programs.binaries, "psql"),
      ["--no-psqlrc", "--tuples-only", "--no-align", `--command=${statement}`, url],
      { env: { PGPASSWORD: PASSWORD }, timeoutMs: 20_000 },
    );
    if (exitCode !== 0) throw new Error(stderr);
    return stdout.trim();
  }

  test("the primary stays one while the member that leads is killed and comes back", async () => {
    const before = await waitFor("a sound cluster", areAllThere);
    const killed = await cluster.killLeader();
    await waitForWrites(50);
    await cluster.restart(killed);
    const after = await waitFor("a sound cluster", areAllThere);
    expect(leaderOf(after)).toBe(leaderOf(before));
    expect(timelineOf(after)).toBe(timelineOf(before));
  });

  test("a standby is promoted when the primary and the member that leads die at one moment", async () => {
    const before = await waitFor("a sound cluster", areAllThere);
    const old = leaderOf(before);
    const [member] = await Promise.all([cluster.killLeader(), nodeOf(old).kill()]);
    const after = await waitFor(
      "another primary",
      (views) => leaderOf(views) !== "" && leaderOf(views) !== old && isRunning(leaderOf(views), views),
    );
    await waitForWrites(20);

    await cluster.restart(member);
    nodeOf(old).start();
    const healed = await waitFor("the old primary as a standby", areAllThere);
    expect(leaderOf(healed)).toBe(leaderOf(after));
    expect(timelineOf(healed)).toBeGreaterThan(timelineOf(before));
    expect(await psql(old, "select pg_is_in_recovery()")).toBe("t");
    await waitForWrites(20);
  });

  test("no row that was acknowledged is lost, and no two servers were ever primaries at once", async () => {
    await witness?.stop();
    const { acknowledged, doublePrimaries, looks, primaries } = witness ?? expect.unreachable();
    const present = await psql(leaderOf(await look()), "select number from ledger");
    const numbers = new Set(present.split("\n").map(Number));
    expect(acknowledged.filter((number) => !numbers.has(number))).toEqual([]);
    expect(doublePrimaries).toEqual([]);
    expect(primaries).toHaveLength(2);
    console.warn(`${looks} looks at all servers, ${acknowledged.length} rows acknowledged`);
  });

  test("what Patroni keeps is out of reach without its password", async () => {
    await expect(cluster.etcdctl("get", "--prefix", "/service/")).rejects.toThrow("user name is empty");
    const user = `${patroniUser.name}:${patroniUser.password}`;
    expect(await cluster.etcdctl("--user", user, "get", "/service/orders/leader")).toMatch(/\npg[123]\n$/);
    await expect(cluster.etcdctl("--user", user, "get", "other")).rejects.toThrow("permission denied");
  });
});

function leaderOf(views: readonly NodeView[]): string {
  return views.find(({ role }) => role === "leader")?.name ?? "";
}

function timelineOf(views: readonly NodeView[]): number {
  return views.find(({ role }) => role === "leader")?.timeline ?? 0;
}

function isRunning(name: string, views: readonly NodeView[]): boolean {
  return views.some((view) => view.name === name && /^(running|streaming)$/.test(view.state));
}

/** All servers run on one timeline, and one of the standbys is what a write waits for. */
function areAllThere(views: readonly NodeView[]): boolean {
  return (
    views.length === NAMES.length &&
    leaderOf(views) !== "" &&
    views.some(({ role }) => role === "sync_standby") &&
    views.every(({ name, timeline }) => isRunning(name, views) && timeline === timelineOf(views))
  );
}
