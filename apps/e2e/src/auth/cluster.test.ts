/** Users and what they may do, on every member: after restarts, in databases that a leader sends, and beside members of etcd. */
import { readFileSync } from "node:fs";
import { createClient, PermissionError, QuorateError, type Client } from "@quorate/client";
import { describe, expect, it, onTestFinished } from "vitest";
import { etcdRelease, reasonAgainstMixing, shortLogFlags } from "../cluster/releases.js";
import type { MemberPlan, TestCluster } from "../cluster/test-cluster.js";
import { prepareCluster, startCluster } from "../cluster/use-cluster.js";
import type { PlacedMember } from "../faults/placed-member.js";
import { sleep } from "../harness/member.js";
import { isOlder } from "../harness/etcd-version.js";
import { missesPrograms } from "../harness/programs.js";
import type { ServerKind } from "../harness/programs.js";

const suite = "users of a cluster";
const READY_MS_MAX = 60_000;
/** More entries than a follower that lags is sent one by one. */
const ENTRIES = 300;
const ROOT = { name: "root", password: "root's" };
const ALICE = { name: "alice", password: "alice's" };
const STRANGER = { name: "stranger", password: "stranger's" };

const plan = (kind: ServerKind, name: string): MemberPlan => ({ kind, name, flags: shortLogFlags(kind) });

/** A client of one member, gone with the test. */
function clientOf(member: PlacedMember, user?: typeof ROOT): Client {
  const client = createClient({ endpoints: member.endpoint, ...(user === undefined ? {} : { user }) });
  onTestFinished(() => client.close());
  return client;
}

/** alice may read and write what begins with `a/`, a stranger nothing. */
async function enableAuth(member: PlacedMember): Promise<void> {
  const { auth } = clientOf(member);
  for (const { name, password } of [ROOT, ALICE, STRANGER]) await auth.addUser(name, password);
  await auth.addRole("root");
  await auth.grantRole("root", "root");
  await auth.addRole("writer");
  await auth.grantPermission("writer", "readwrite", { prefix: "a/" });
  await auth.grantRole("alice", "writer");
  await auth.enable();
}

async function until<T>(what: string, attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + READY_MS_MAX;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${what} took too long`, { cause: error });
      await sleep(50);
    }
  }
}

/** By the gateway, which does not log in again by itself as our client does. */
async function post(member: PlacedMember, path: string, body: unknown, token = ""): Promise<Response> {
  return fetch(`http://${member.endpoint}/v3/${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    headers: token === "" ? {} : { Authorization: token },
  });
}

async function logIn(member: PlacedMember, { name, password }: typeof ROOT): Promise<string> {
  return until(`${name} logs in`, async () => {
    const { token } = (await (await post(member, "auth/authenticate", { name, password })).json()) as {
      readonly token?: string;
    };
    if (token === undefined) throw new Error("no token");
    return token;
  });
}

/** @returns the status of HTTP, whatever it is but that nobody serves. */
async function putWith(member: PlacedMember, token: string): Promise<number> {
  const key = Buffer.from("a/by-token").toString("base64");
  const { status } = await post(member, "kv/put", { key, value: "" }, token);
  if (status === 503) throw new Error(`${member.name} does not serve`);
  return status;
}

/** What each user may do at this very member is what the grants say. */
async function expectRules(member: PlacedMember, value: string): Promise<void> {
  const alice = clientOf(member, ALICE);
  await until(`${member.name} serves alice`, () => alice.put("a/1", value));
  expect((await alice.get("a/1"))?.value).toBe(value);
  await expect(alice.get("b/1"), member.name).rejects.toThrow(PermissionError);
  await expect(alice.put("b/1", value), member.name).rejects.toThrow(PermissionError);
  await expect(alice.auth.addUser("mallory", "x"), member.name).rejects.toThrow(PermissionError);
  const stranger = clientOf(member, STRANGER);
  await expect(stranger.get("a/1"), member.name).rejects.toThrow(PermissionError);
  await expect(clientOf(member).get("a/1"), member.name).rejects.toThrow(QuorateError);
  await expect(clientOf(member, { ...ALICE, password: "guessed" }).get("a/1")).rejects.toThrow(QuorateError);
  expect((await clientOf(member, ROOT).auth.users()).sort()).toEqual(["alice", "root", "stranger"]);
}

async function revisions(cluster: TestCluster): Promise<Set<bigint>> {
  const found = await Promise.all(
    cluster.members.map(async (member) => (await clientOf(member, ROOT).auth.status()).revision),
  );
  return new Set(found);
}

describe.skipIf(missesPrograms(suite, ["quorate"]))(suite, () => {
  it("come with the database that a leader sends, and hold on the member that got it", async () => {
    const cluster = await startCluster(["m1", "m2", "m3"].map((name) => plan("quorate", name)));
    const [late] = await cluster.followers();
    if (late === undefined) throw new Error("nobody follows");
    await late.stop();
    const leader = await cluster.leader();
    await enableAuth(leader);
    const root = clientOf(leader, ROOT);
    for (let i = 0; i < ENTRIES; i++) await root.put(`b/${i}`, "x".repeat(100));
    late.start();
    await expectRules(late, "late");
    expect(readFileSync(late.logFile, "utf8")).toContain("applying snapshot");
    // What is changed from now on reaches it by the log.
    await root.auth.revokeRole("alice", "writer");
    const alice = clientOf(late, ALICE);
    await expect(alice.put("a/1", "again")).rejects.toThrow(PermissionError);
    cluster.expectNoDeaths();
  });

  it("are there after all members have been killed, with equal revisions", async () => {
    const cluster = await startCluster(["m1", "m2", "m3"].map((name) => plan("quorate", name)));
    await enableAuth(await cluster.leader());
    const before = await revisions(cluster);
    expect(before.size).toBe(1);
    await Promise.all(cluster.members.map((member) => member.kill()));
    for (const member of cluster.members) member.start();
    for (const member of cluster.members) await expectRules(member, `killed ${member.name}`);
    expect(await revisions(cluster)).toEqual(before);
  });

  it("go on with the tokens they have when members are killed, unless the password is another by then", async () => {
    const cluster = await startCluster(["m1", "m2", "m3"].map((name) => plan("quorate", name)));
    await enableAuth(await cluster.leader());
    const token = await logIn(cluster.member("m1"), ALICE);
    const other = await logIn(cluster.member("m1"), STRANGER);
    for (const member of cluster.members) {
      await member.kill();
      member.start();
      expect(await until(`${member.name} is back`, () => putWith(member, token)), member.name).toBe(200);
    }
    // One of them sleeps while the password changes.
    const [m1, , late] = cluster.members;
    if (m1 === undefined || late === undefined) throw new Error("three members");
    await late.kill();
    await clientOf(m1, ROOT).auth.changePassword("alice", "another");
    late.start();
    await expect
      .poll(() => Promise.all(cluster.members.map((member) => putWith(member, token).catch(() => 0))))
      .toEqual([401, 401, 401]);
    // This one may do nothing, but is still known.
    expect(await Promise.all(cluster.members.map((member) => putWith(member, other)))).toEqual([
      403, 403, 403,
    ]);
    cluster.expectNoDeaths();
  });

  it("stay when one member makes a new cluster", async () => {
    const before = await startCluster(["m1", "m2", "m3"].map((name) => plan("quorate", name)));
    const m1 = before.member("m1");
    await enableAuth(m1);
    await expectRules(m1, "before");
    await Promise.all(before.members.map((member) => member.stop()));
    const forced = await prepareCluster([
      {
        kind: "quorate",
        name: "m1",
        dataFolder: m1.dataFolder,
        place: m1.place,
        flags: ["--force-new-cluster"],
      },
    ]);
    const alone = forced.member("m1");
    alone.start(forced.bootstrap("new"));
    await expectRules(alone, "alone");
  });
});

const mixed = "users of a cluster of both kinds";
const reason = reasonAgainstMixing();
if (reason !== undefined) console.warn(`skipped: ${mixed}: ${reason}`);

describe.skipIf(reason !== undefined || missesPrograms(mixed, ["quorate", "etcd"]))(mixed, () => {
  it.each([{ kinds: ["quorate", "etcd", "quorate"] }, { kinds: ["etcd", "quorate", "etcd"] }] as const)(
    "$kinds: what one writes all obey, and each kind knows the other's passwords",
    async ({ kinds }) => {
      const cluster = await startCluster(kinds.map((kind, place) => plan(kind, `m${place}`)));
      const own = cluster.members.filter(({ kind }) => kind === "quorate");
      const theirs = cluster.members.filter(({ kind }) => kind === "etcd");
      const [ours] = own;
      const [other] = theirs;
      if (ours === undefined || other === undefined) throw new Error("one kind is missing");
      // Before 3.5 members know passwords in clear text only, which ours never write.
      const isOld = etcdRelease !== undefined && isOlder(etcdRelease, "3.5.0");
      if (isOld)
        await expect(clientOf(ours).auth.addUser("early", "x")).rejects.toThrow("etcdserver: not capable");
      await enableAuth(isOld ? other : ours);
      for (const member of cluster.members) await expectRules(member, `first ${member.name}`);
      const etcd = clientOf(other, ROOT);
      await etcd.auth.changePassword("alice", "another");
      await etcd.auth.grantPermission("writer", "read", { prefix: "b/" });
      for (const member of cluster.members) {
        const alice = clientOf(member, { name: "alice", password: "another" });
        await until(`${member.name} knows the new password`, () => alice.put("a/1", "2"));
        expect(await alice.get("b/1")).toBeUndefined();
        await expect(alice.put("b/1", "2")).rejects.toThrow(PermissionError);
      }
      cluster.expectNoDeaths();
    },
  );
});
