/** What holds at every member of a cluster, whoever leads and whoever is asked. Numbers are those of store-situations.md. */
import { readFileSync } from "node:fs";
import { ERRORS, etcdserverpb as pb } from "@quorate/proto";
import type { ErrorName, MessageInitShape } from "@quorate/proto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { shortLogFlags } from "../../cluster/releases.js";
import { TestCluster } from "../../cluster/test-cluster.js";
import type { PlacedMember } from "../../faults/placed-member.js";
import { lacksOffers } from "../../harness/offers.js";
import { missesPrograms, subjectKind } from "../../harness/programs.js";
import { RenewalTalk, WatchTalk } from "./talk.js";

const { KV, Lease, Maintenance } = pb;
const { ACTIVATE, DEACTIVATE } = pb.AlarmRequest_AlarmAction;
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "latin1"));
const refusal = (name: ErrorName): object => ({
  ok: false,
  code: ERRORS[name].code,
  text: ERRORS[name].message,
});
type Op = MessageInitShape<typeof pb.RequestOpSchema>;
const put = (key: string): Op => ({ request: { case: "requestPut", value: { key: bytes(key) } } });
const range = (key: string, revision: bigint): Op => ({
  request: { case: "requestRange", value: { key: bytes(key), revision } },
});

/** More than a leader lets a silent follower owe, and far more than it keeps in its log. */
const MISSED_PUTS = 1_200;
const ROUNDS = 50;

const suite = "each member of a cluster";
const isLeftOut =
  missesPrograms(suite, [subjectKind]) || lacksOffers(suite, ["KV", "Lease", "Watch", "Cluster"]);

describe.skipIf(isLeftOut)(suite, () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    const flags = shortLogFlags(subjectKind);
    cluster = await TestCluster.prepare(
      ["m1", "m2", "m3"].map((name) => ({ kind: subjectKind, name, flags })),
    );
    await cluster.start();
  });
  afterEach(({ task }) => {
    if (task.result?.state === "fail") cluster.keepLogs();
  });
  afterAll(() => cluster.dispose());

  /** What each member has, without asking the others. */
  async function counts(key: string): Promise<bigint[]> {
    await cluster.waitUntilCaughtUp();
    const request = { key: bytes(key), serializable: true };
    return Promise.all(
      cluster.members.map(async ({ client }) => (await client.demand(KV.method.range, request)).count),
    );
  }

  // First of all: who has sent a database keeps its log for half a minute, and needs no other one in that time.
  it("rule 52: tells a watch of the future what came with a database, from its beginning on and not before", async () => {
    const [follower] = await cluster.followers();
    const leader = await cluster.leader();
    if (follower === undefined) throw new Error("nobody follows");
    const watch = new WatchTalk(follower.client);
    const { header } = await leader.client.demand(KV.method.put, { key: bytes("w") });
    await cluster.waitUntilCaughtUp();
    const start = (header?.revision ?? 0n) + 4n;
    expect((await watch.watch({ key: bytes("w"), startRevision: start })).header?.revision).toBeLessThan(
      start,
    );
    follower.pause();
    for (let i = 1; i <= MISSED_PUTS; i++) await leader.client.demand(KV.method.put, { key: bytes("w") });
    follower.resume();
    const expected = Array.from({ length: MISSED_PUTS - 3 }, (_, i) => `put w=@${start + BigInt(i)}`);
    await watch.until(() => watch.told.length >= expected.length);
    expect(watch.told).toEqual(expected);
    expect(readFileSync(follower.logFile, "utf8")).toContain("applying snapshot");
    watch.close();
  });

  it("rule 22: has nothing of a transaction whose range is of the future or of the past", async () => {
    const { header } = await first().client.demand(KV.method.put, { key: bytes("a") });
    await first().client.demand(KV.method.compact, { revision: header?.revision ?? 0n });
    for (const { client } of cluster.members) {
      const future = await client.call(KV.method.txn, { success: [put("never"), range("a", 1_000_000n)] });
      expect(future).toEqual(refusal("future-revision"));
      const past = await client.call(KV.method.txn, { success: [put("never"), range("a", 1n)] });
      expect(past).toEqual(refusal("compacted"));
    }
    expect(await counts("never")).toEqual([0n, 0n, 0n]);
  });

  it("rule 12: reads what a compaction at the present revision left, with and without the others", async () => {
    const { header } = await first().client.demand(KV.method.put, { key: bytes("kept") });
    const revision = header?.revision ?? 0n;
    await first().client.demand(KV.method.compact, { revision, physical: true });
    await cluster.waitUntilCaughtUp();
    for (const { client } of cluster.members)
      for (const serializable of [false, true])
        for (const at of [0n, revision]) {
          const request = { key: bytes("kept"), serializable, revision: at };
          expect((await client.demand(KV.method.range, request)).count).toBe(1n);
        }
  });

  it("rule 32: refuses puts under an alarm in the name of nobody, until it is ended", async () => {
    const alarm = { memberID: 0xdead_beefn, alarm: pb.AlarmType.NOSPACE };
    await first().client.demand(Maintenance.method.alarm, { action: ACTIVATE, ...alarm });
    for (const { client } of cluster.members)
      expect(await client.call(KV.method.put, { key: bytes("a") })).toEqual(refusal("no-space"));
    await first().client.demand(Maintenance.method.alarm, { action: DEACTIVATE, ...alarm });
    for (const { client } of cluster.members) await client.demand(KV.method.put, { key: bytes("a") });
  });

  it("rule 61: renews a lease that was granted by another one a moment ago", async () => {
    const talks = cluster.members.map(({ client }) => new RenewalTalk(client));
    for (let round = 0; round < ROUNDS; round++) {
      const granter = cluster.members[round % talks.length];
      const { ID } = await (granter ?? first()).client.demand(Lease.method.leaseGrant, { TTL: 60n });
      for (const talk of talks) expect(await talk.renew(ID)).toBe(60);
      await first().client.demand(Lease.method.leaseRevoke, { ID });
    }
    for (const talk of talks) talk.close();
  });

  it("rules 59 and 60: renews nothing that was revoked, and goes on renewing what was not", async () => {
    const [{ ID: kept }, talks] = [
      await first().client.demand(Lease.method.leaseGrant, { TTL: 60n }),
      cluster.members.map(({ client }) => new RenewalTalk(client)),
    ];
    for (let round = 0; round < ROUNDS; round++) {
      const { ID } = await first().client.demand(Lease.method.leaseGrant, { TTL: 60n });
      const racing = talks.map((talk) => talk.renew(ID));
      await first().client.demand(Lease.method.leaseRevoke, { ID });
      expect((await Promise.all(racing)).every((ttl) => ttl === 0 || ttl === 60)).toBe(true);
      for (const talk of talks) expect(await talk.renew(ID)).toBe(0);
    }
    for (const talk of talks) {
      expect(await talk.renew(0n)).toBe(0);
      expect(await talk.renew(kept)).toBe(60);
      talk.close();
    }
    await first().client.demand(Lease.method.leaseRevoke, { ID: kept });
  });

  it("rule 63: says of a revoked lease that it is gone, without an error", async () => {
    const { ID } = await first().client.demand(Lease.method.leaseGrant, { TTL: 60n });
    await first().client.demand(Lease.method.leaseRevoke, { ID });
    for (const member of cluster.members) {
      const times = await member.client.demand(Lease.method.leaseTimeToLive, { ID, keys: true });
      expect(times).toMatchObject({ ID, TTL: -1n, grantedTTL: 0n, keys: [] });
      expect(times.header?.memberId).toBe(await cluster.idOf(member));
    }
  });

  it("rule 35: serves, as a learner, what it has and nothing else", async () => {
    await first().client.demand(KV.method.put, { key: bytes("learnt") });
    const learner = await cluster.join(
      { kind: subjectKind, name: "learner", flags: shortLogFlags(subjectKind) },
      "learner",
    );
    const { client } = learner;
    const local = { key: bytes("learnt"), serializable: true };
    expect((await client.demand(KV.method.range, local)).count).toBe(1n);
    const refused = [
      await client.call(KV.method.range, { key: bytes("learnt") }),
      await client.call(KV.method.put, { key: bytes("learnt") }),
      await client.call(KV.method.deleteRange, { key: bytes("learnt") }),
      await client.call(KV.method.txn, { success: [{ request: { case: "requestRange", value: local } }] }),
    ];
    for (const outcome of refused) expect(outcome).toEqual(refusal("not-supported-for-learner"));
    for (const talk of [new WatchTalk(client), new RenewalTalk(client)]) {
      const { code, message: text } = ERRORS["not-supported-for-learner"];
      expect(await talk.ended()).toEqual({ code, text });
    }
    await cluster.remove(learner);
  });

  function first(): PlacedMember {
    const [member] = cluster.members;
    if (member === undefined) throw new Error("nobody is there");
    return member;
  }
});
