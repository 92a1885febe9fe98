import { cpSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import type { PlacedMember } from "../faults/placed-member.js";
import { isOlder } from "../harness/etcd-version.js";
import { lacksOffers } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { RandomHistory } from "./random-history.js";
import { etcdRelease } from "./releases.js";
import type { MemberHash, TestCluster } from "./test-cluster.js";
import { prepareCluster, startCluster } from "./use-cluster.js";

const suite = "data directories";
const isLeftOut = missesPrograms(suite, [subjectKind, "etcd"]) || lacksOffers(suite, ["Cluster", "Lease"]);
const OPERATIONS = 400;
const END_MS_MAX = 20_000;
const seed = Number(process.env["E2E_SEED"] ?? Date.now() % 1_000_000);
const NAMES: readonly string[] = ["m1", "m2", "m3"];
const { put, range } = etcdserverpb.KV.method;
const KEY = Buffer.from("kept");
const KEYS_END = Buffer.from("kepu");
const FORCED_KEYS = 20;
const keyOf = (i: number): Buffer => Buffer.from(`kept/${i}`);

if (!isLeftOut) console.log(`${suite}: with etcd ${etcdRelease}, seed ${seed}`);

describe.skipIf(isLeftOut)(suite, () => {
  it("of a whole cluster of etcd are taken over", async () => {
    const before = await startCluster(NAMES.map((name) => ({ kind: "etcd", name })));
    await new RandomHistory(before, seed, etcdRelease ?? "").play(OPERATIONS);
    const hashes = await before.readHashes();
    // Members that differ already would be no fault of who takes them over.
    expectAllEqual(hashes);
    const members = await listMembers(before);
    await Promise.all(before.members.map((member) => member.stop()));

    const after = await successorsOf(before);
    await after.start();
    expect(await after.readHashesAt(hashes[0]?.revision ?? 0n)).toEqual(hashes);
    const taken = await listMembers(after);
    expect(taken.map(({ ID, peerURLs }) => ({ ID, peerURLs }))).toEqual(
      members.map(({ ID, peerURLs }) => ({ ID, peerURLs })),
    );
    await new RandomHistory(after, seed + 1, etcdRelease ?? "").play(OPERATIONS);
    await expectEqualHashes(after);
  });

  it("of a lost majority become a cluster of one that can grow again", async () => {
    // Before 3.6 a cluster of etcd has one learner at most.
    const isOld = subjectKind === "etcd" && isOlder(etcdRelease ?? "", "3.6.0");
    const flags = isOld ? [] : ["--max-learners=2"];
    const learners = isOld ? ["m4"] : ["m4", "m5"];
    const before = await startCluster(NAMES.map((name) => ({ kind: subjectKind, name, flags })));
    await before.lead(before.member("m1"));
    for (const name of learners) await before.join({ kind: subjectKind, name, flags }, "learner");
    for (let i = 0; i < FORCED_KEYS; i++)
      await before.member("m1").client.demand(put, { key: keyOf(i), value: Buffer.from("1") });
    await before.waitUntilCaughtUp();
    await Promise.all(["m2", "m3", ...learners].map((name) => before.member(name).kill()));
    // Stopped, not killed: what a member had not yet noted as committed does not survive a forced start.
    await before.member("m1").stop();

    // On a copy, so that a forced start that goes wrong has taken nothing.
    const copied = `${before.member("m1").dataFolder}-copied`;
    cpSync(before.member("m1").dataFolder, copied, { recursive: true });
    const forced = await prepareCluster([
      {
        kind: subjectKind,
        name: "m1",
        dataFolder: copied,
        place: before.member("m1").place,
        flags: ["--force-new-cluster"],
      },
    ]);
    await forced.start();
    const m1 = forced.member("m1");
    expect((await m1.client.demand(range, { key: KEY, rangeEnd: KEYS_END })).count).toBe(BigInt(FORCED_KEYS));
    expect(await listMembers(forced)).toMatchObject([{ name: "m1", isLearner: false }]);
    await m1.client.demand(put, { key: KEY, value: Buffer.from("2") });
    const m6 = await forced.create({ kind: subjectKind, name: "m6" });
    const { members } = await m1.client.demand(etcdserverpb.Cluster.method.memberAdd, {
      peerURLs: [m6.peerUrl],
      isLearner: true,
    });
    const known = members.map(({ name, peerURLs }) => `${name === "" ? "m6" : name}=${peerURLs.join("")}`);
    m6.start({ initialCluster: known.join(","), state: "existing" });
    await forced.promote(m6);
    await expectEqualHashes(forced);
  });

  it("that are empty do not pass for those of a member that the others remember", async () => {
    const cluster = await startCluster(NAMES.map((name) => ({ kind: subjectKind, name })));
    const [follower] = await cluster.followers();
    if (follower === undefined) throw new Error("nobody follows");
    await follower.kill();
    follower.wipe();
    expect(await refusalOf(follower, cluster)).toMatch(/member [0-9a-f]+ has already been bootstrapped/);
    expect(follower.exitCode).toBe(1);
  });

  // An etcd without its log takes the folder for a new one.
  it.skipIf(subjectKind === "etcd")(
    "whose log is gone or another's are refused, saying what to do",
    async () => {
      const [cluster, other] = await Promise.all([startLone("m1"), startLone("m1")]);
      const member = cluster.member("m1");
      const stranger = other.member("m1");
      await new RandomHistory(cluster, seed, etcdRelease ?? "").play(OPERATIONS);
      await Promise.all([member.stop(), stranger.stop()]);

      const log = join(member.dataFolder, "member", "wal");
      renameSync(log, `${log}.kept`);
      expect(await refusalOf(member, cluster)).toMatch(/there is no log in .*Put the log back, or restore/);
      cpSync(join(stranger.dataFolder, "member", "wal"), log, { recursive: true });
      expect(await refusalOf(member, cluster)).toMatch(/"level":"fatal".*(?:another|lost its end)/);

      rmSync(log, { recursive: true });
      renameSync(`${log}.kept`, log);
      member.start(cluster.bootstrap("new"));
      await cluster.waitUntilHealthy();
    },
  );
});

function startLone(name: string): Promise<TestCluster> {
  return startCluster([{ kind: subjectKind, name }]);
}

/** Members of the kind under test in the folders of others, which tell them everything. */
async function successorsOf(cluster: TestCluster): Promise<TestCluster> {
  return prepareCluster(
    cluster.members.map(({ name, dataFolder, place }) => ({ kind: subjectKind, name, dataFolder, place })),
  );
}

/** Starts a member that can not start. @returns what it said. */
async function refusalOf(member: PlacedMember, cluster: TestCluster): Promise<string> {
  member.start(cluster.bootstrap("new"));
  member.allowToEnd();
  await member.waitUntilEnded(END_MS_MAX);
  return member.logTail();
}

async function listMembers({ members }: TestCluster): Promise<readonly etcdserverpb.Member[]> {
  const [first] = members;
  if (first === undefined) throw new Error("no members");
  return (await first.client.demand(etcdserverpb.Cluster.method.memberList, { linearizable: true })).members;
}

async function expectEqualHashes(cluster: TestCluster): Promise<void> {
  expectAllEqual(await cluster.readHashes());
  cluster.expectNoDeaths();
}

function expectAllEqual(hashes: readonly MemberHash[]): void {
  for (const hash of hashes) expect(hash).toEqual({ ...hashes[0], name: hash.name });
}
