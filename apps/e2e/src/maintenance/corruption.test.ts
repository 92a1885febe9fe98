/** One member of three has another value on its disk than the others: who finds it, what it is called, and who goes on. */
import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { etcdRelease, reasonAgainstMixing } from "../cluster/releases.js";
import type { TestCluster } from "../cluster/test-cluster.js";
import { prepareCluster, startCluster } from "../cluster/use-cluster.js";
import type { PlacedMember } from "../faults/placed-member.js";
import { isOlder } from "../harness/etcd-version.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { corruptIds, disarm, logOf, probe, waitForAlarm } from "./alarms.js";
import { damageValue } from "./damage.js";

const kv = etcdserverpb.KV.method;
const NAMES: readonly string[] = ["m1", "m2", "m3"];
const KEY: Uint8Array = Buffer.from("watched over");
const VALUE = "value that nobody else writes";
const DATA_LOSS = 15;
const CORRUPT_TEXT = "etcdserver: corrupt cluster";
const ENDED_MS_MAX = 30_000;
const CHECK_MS = 300;

const isOldEtcd = (limit: string): boolean => etcdRelease !== undefined && isOlder(etcdRelease, limit);
/** As the release at hand spells it; ours knows all spellings. */
const INITIAL: string = isOldEtcd("3.6.0")
  ? "--experimental-initial-corrupt-check=true"
  : "--feature-gates=InitialCorruptCheck=true";
const PERIODIC: string = isOldEtcd("3.6.0")
  ? `--experimental-corrupt-check-time=${CHECK_MS}ms`
  : `--corrupt-check-time=${CHECK_MS}ms`;
const COMPACTIONS: readonly string[] = isOldEtcd("3.6.0")
  ? ["--experimental-compact-hash-check-enabled=true", `--experimental-compact-hash-check-time=${CHECK_MS}ms`]
  : ["--feature-gates=CompactHashCheck=true", `--compact-hash-check-time=${CHECK_MS}ms`];

/** Older releases take the id from an answer that does not have it, and say it was nobody. */
const namesNobody: boolean = isOldEtcd("3.5.0");

const suite = "corrupt data";
const isLeftOut = missesPrograms(suite, [subjectKind]);
const isOldSubject: boolean = subjectKind === "etcd" && isOldEtcd("3.5.0");
if (isOldSubject)
  console.warn(
    `skipped: ${suite}: the start and compactions: etcd ${etcdRelease} starts all the same, and hashes no compactions`,
  );

describe.skipIf(isLeftOut)(suite, () => {
  it.skipIf(isOldSubject)(
    "keep a member from starting that looks for them, and not once they are mended",
    async () => {
      const cluster = await startWithValue([INITIAL]);
      const victim = await damageFollower(cluster);
      victim.start();
      victim.allowToEnd();
      await victim.waitUntilEnded(ENDED_MS_MAX);
      const log = logOf(victim);
      expect(log).toContain("found different hash values from remote peer");
      expect(log).toContain("checkInitialHashKV failed");
      expect(log).toMatch(/[0-9a-f]+ found data inconsistency with peers/);
      // The others have no part in it.
      const leader = await cluster.leader();
      await leader.client.demand(kv.put, { key: KEY, value: Buffer.from("other value") });
      expect(await corruptIds(cluster)).toEqual([]);

      await damageValue(victim, VALUE);
      victim.start();
      await cluster.waitUntilHealthy();
      expect(logOf(victim)).toContain("initial corruption checking passed; no corruption");
      cluster.expectNoDeaths();
    },
  );

  it("are found by time: the member is named, nobody writes until it is mended and the alarm is ended", async () => {
    const cluster = await startWithValue([PERIODIC]);
    const victim = await damageFollower(cluster);
    victim.start();
    await cluster.waitUntilCaughtUp();
    const victimId = await cluster.idOf(victim);
    expect(await waitForAlarm(cluster)).toEqual([subjectKind === "etcd" && namesNobody ? 0n : victimId]);
    await expectNobodyWrites(cluster);

    await victim.stop();
    await damageValue(victim, VALUE);
    victim.start();
    await cluster.waitUntilCaughtUp();
    for (const id of await corruptIds(cluster)) await disarm(cluster, id);
    await cluster.waitUntilHealthy();
    const leader = await cluster.leader();
    await leader.client.demand(kv.put, { key: KEY, value: Buffer.from("other value") });
    expect(await probe(leader, "/health")).toMatchObject({ status: 200 });
    cluster.expectNoDeaths();
  });

  it.skipIf(isOldSubject).each(["a follower", "the leader"])(
    "of %s are found by what a compaction leaves, and the majority is right",
    async (who) => {
      const cluster = await startWithValue(COMPACTIONS);
      const victim = who === "the leader" ? cluster.member("m2") : undefined;
      const damaged = await (victim === undefined ? damageFollower(cluster) : damageMember(cluster, victim));
      damaged.start();
      await cluster.waitUntilHealthy();
      if (victim !== undefined) await cluster.lead(victim);
      const leader = await cluster.leader();
      const { header } = await leader.client.demand(kv.put, { key: KEY, value: Buffer.from("other value") });
      await leader.client.demand(kv.compact, { revision: header?.revision ?? 0n, physical: true });
      expect(await waitForAlarm(cluster)).toEqual([await cluster.idOf(damaged)]);
      await expectNobodyWrites(cluster);
      expect(logOf(await cluster.leader())).toContain("Detected compaction hash mismatch");
      cluster.expectNoDeaths();
    },
  );
});

const mixed = `${suite} among members of both kinds`;
const reason = subjectKind === "etcd" ? undefined : reasonAgainstMixing();
if (reason !== undefined) console.warn(`skipped: ${mixed}: ${reason}`);

describe.skipIf(reason !== undefined || missesPrograms(mixed, [subjectKind, "etcd"]))(mixed, () => {
  it.each([
    { leader: subjectKind, victim: "etcd" },
    { leader: "etcd", victim: subjectKind },
  ] as const)("are found by $leader in a member of $victim", async (kinds) => {
    const cluster = await startCluster(
      [kinds.leader, kinds.leader, kinds.victim].map((kind, i) => ({
        kind,
        name: NAMES[i] ?? "",
        flags: [PERIODIC],
      })),
    );
    await cluster.lead(cluster.member("m1"));
    await putValue(cluster);
    const victim = await damageMember(cluster, cluster.member("m3"));
    victim.start();
    await cluster.waitUntilCaughtUp();
    const accused = kinds.leader === "etcd" && namesNobody ? 0n : await cluster.idOf(victim);
    expect(await waitForAlarm(cluster)).toEqual([accused]);
    await expectNobodyWrites(cluster);
    cluster.expectNoDeaths();
  });
});

async function startWithValue(flags: readonly string[]): Promise<TestCluster> {
  const cluster = await prepareCluster(NAMES.map((name) => ({ kind: subjectKind, name, flags })));
  await cluster.start();
  await putValue(cluster);
  return cluster;
}

async function putValue(cluster: TestCluster): Promise<void> {
  const leader = await cluster.leader();
  await leader.client.demand(kv.put, { key: KEY, value: Buffer.from(VALUE) });
  await cluster.waitUntilCaughtUp();
}

async function damageFollower(cluster: TestCluster): Promise<PlacedMember> {
  const [follower] = await cluster.followers();
  if (follower === undefined) throw new Error("nobody follows");
  return damageMember(cluster, follower);
}

/** @returns the member, stopped. */
async function damageMember(cluster: TestCluster, member: PlacedMember): Promise<PlacedMember> {
  await member.stop();
  await damageValue(member, VALUE);
  await cluster.leader();
  return member;
}

/** Writes end at the alarm, on all members; reads go on, and probes tell. */
async function expectNobodyWrites(cluster: TestCluster): Promise<void> {
  await cluster.waitUntilCaughtUp();
  for (const member of cluster.members) {
    const { client } = member;
    const refused = { ok: false, code: DATA_LOSS, text: CORRUPT_TEXT };
    expect(await client.call(kv.put, { key: KEY })).toEqual(refused);
    expect(await client.call(kv.deleteRange, { key: KEY })).toEqual(refused);
    const success = [{ request: { case: "requestPut" as const, value: { key: KEY } } }];
    expect(await client.call(kv.txn, { success })).toEqual(refused);
    expect(await client.call(kv.compact, { revision: 1n })).toEqual(refused);
    expect(await client.call(etcdserverpb.Lease.method.leaseGrant, { TTL: 60n })).toEqual(refused);
    expect((await client.demand(kv.range, { key: KEY })).count).toBe(1n);
    const health = await probe(member, "/health");
    expect(health.status).toBe(503);
    if (member.kind === "quorate") expect(health.body).toBe('{"health":"false","reason":"ALARM CORRUPT"}\n');
    if (member.kind === "quorate") {
      expect(await probe(member, "/livez")).toMatchObject({ status: 200 });
      expect(await probe(member, "/readyz")).toEqual({
        status: 503,
        body: expect.stringContaining("[-]data_corruption failed: alarm activated: CORRUPT") as string,
      });
    }
  }
}
