import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { freePorts, startWithFlags, type FlaggedServer } from "../testing/start-with-flags.js";
import { Authority, writePair } from "./testing/certificates.js";

const LOCAL = ["127.0.0.1", "localhost"];

let directory: string;
let authority: Authority;
let ca: string;
const running: FlaggedServer[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "peer-tls-"));
  authority = new Authority("authority");
  ca = join(directory, "ca.crt");
  await writeFile(ca, authority.cert);
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((member) => member.stop()));
});

afterAll(() => rm(directory, { recursive: true }));

async function flagsFor(
  name: string,
  commonName: string,
  hosts: readonly string[] = LOCAL,
): Promise<string[]> {
  const pair = await writePair(directory, name, authority.issue(commonName, hosts));
  return [
    `--peer-cert-file=${pair.cert}`,
    `--peer-key-file=${pair.key}`,
    `--peer-trusted-ca-file=${ca}`,
    "--peer-client-cert-auth",
  ];
}

interface Starting {
  readonly logs: string[][];
  readonly started: Promise<PromiseSettledResult<FlaggedServer>[]>;
}

async function startThree(flagsOf: (index: number) => Promise<string[]>): Promise<Starting> {
  const ports = await freePorts(3);
  const cluster = ports.map((port, i) => `m${String(i)}=https://127.0.0.1:${String(port)}`).join(",");
  const logs: string[][] = [[], [], []];
  const flags = await Promise.all([0, 1, 2].map(flagsOf));
  const started = Promise.allSettled(
    ports.map(async (peerPort, i) => {
      const log = logs[i] ?? [];
      const all = [`--name=m${String(i)}`, `--initial-cluster=${cluster}`, ...(flags[i] ?? [])];
      const member = await startWithFlags({
        peerPort,
        peerScheme: "https",
        flags: all,
        log,
        parent: directory,
      });
      running.push(member);
      return member;
    }),
  );
  return { logs, started };
}

test("three members speak TLS with one another, each with a certificate of its own", async () => {
  const { started } = await startThree((i) => flagsFor(`m${String(i)}`, `member${String(i)}`));
  const members = (await started).map((each) =>
    each.status === "fulfilled" ? each.value : expect.unreachable(),
  );
  for (const { clientPort } of members) {
    const answer = await fetch(`http://127.0.0.1:${String(clientPort)}/health`);
    expect(await answer.text()).toBe('{"health":"true","reason":""}');
  }
  const refused = await fetch(`https://127.0.0.1:${String(members[0]?.peerPort)}/version`).catch(
    () => "refused",
  );
  expect(refused).toBe("refused");
}, 60_000);

test("members that have made their certificates themselves find each other", async () => {
  const { started } = await startThree(() => Promise.resolve(["--peer-auto-tls"]));
  expect((await started).map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled"]);
}, 60_000);

test("a member whose name is not allowed is kept out, and the others go on without it", async () => {
  const { logs, started } = await startThree(async (i) => [
    ...(await flagsFor(`m${String(i)}`, i === 2 ? "stranger" : "member")),
    ...(i === 2 ? [] : ["--peer-cert-allowed-cn=member"]),
  ]);
  await expect.poll(() => running.length, { timeout: 30_000 }).toBe(2);
  expect(logs[0]?.join("\n")).toContain("client certificate authentication failed");
  // The third never becomes ready: it ends with the test.
  void started;
}, 60_000);

test("a certificate that names other addresses than the one it comes from is refused", async () => {
  const { logs, started } = await startThree((i) =>
    flagsFor(`m${String(i)}`, "member", i === 2 ? ["10.11.12.13"] : LOCAL),
  );
  await expect.poll(() => running.length, { timeout: 30_000 }).toBe(2);
  expect(logs[0]?.join("\n")).toContain("rejected connection on peer endpoint");
  void started;
}, 60_000);
