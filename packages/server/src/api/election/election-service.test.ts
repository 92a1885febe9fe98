/** Elections: who leads, with which proposal, and who hears of it. */
import { GrpcStatus, fromBinary, v3electionpb as pb } from "@quorate/proto";
import { beforeEach, describe, expect, test } from "vitest";
import { ServiceBench, messageOf, until } from "../lease/testing/service-bench.js";
import type { FakeCall } from "../testing/fake-calls.js";
import { bytes, text } from "../testing/kv-client.js";

let bench: ServiceBench;
beforeEach(async () => {
  bench = await ServiceBench.create();
  for (const id of [1n, 2n, 3n]) await bench.grant(id);
});

const startCampaign = (name: string, lease: bigint, value: string): FakeCall =>
  bench.start("v3electionpb.Election/Campaign", pb.CampaignRequestSchema, {
    name: bytes(name),
    lease,
    value: bytes(value),
  });
const campaign = (name: string, lease: bigint, value: string): Promise<pb.CampaignResponse> =>
  messageOf(startCampaign(name, lease, value), pb.CampaignResponseSchema);
const proclaim = (leader: pb.LeaderKey | undefined, value: string): FakeCall =>
  bench.start("v3electionpb.Election/Proclaim", pb.ProclaimRequestSchema, {
    ...(leader === undefined ? {} : { leader }),
    value: bytes(value),
  });
const resign = (leader: pb.LeaderKey | undefined): FakeCall =>
  bench.start("v3electionpb.Election/Resign", pb.ResignRequestSchema, leader === undefined ? {} : { leader });
const startLeader = (name: string): FakeCall =>
  bench.start("v3electionpb.Election/Leader", pb.LeaderRequestSchema, { name: bytes(name) });
const leaderValue = async (name: string): Promise<string> =>
  text((await messageOf(startLeader(name), pb.LeaderResponseSchema)).kv?.value ?? new Uint8Array(0));
const failure = async (call: FakeCall): Promise<unknown> => (await call.answer).error;
const unknown = (message: string): object => ({ code: GrpcStatus.Unknown, message });

function leaderOf(answer: pb.CampaignResponse): pb.LeaderKey {
  if (answer.leader === undefined) throw new Error("an answer without a leader");
  return answer.leader;
}

describe("Campaign", () => {
  test("is won by who comes first", async () => {
    const { leader, header } = await campaign("e", 1n, "one");
    expect(leader).toMatchObject({ name: bytes("e"), key: bytes("e/1"), rev: 2n, lease: 1n });
    expect(header?.revision).toBe(2n);
    expect(await leaderValue("e")).toBe("one");
  });

  test("waits for the leader to resign", async () => {
    const first = leaderOf(await campaign("e", 1n, "one"));
    const second = startCampaign("e", 2n, "two");
    await until(() => bench.watches.ranges.length === 1);
    await messageOf(resign(first), pb.ResignResponseSchema);
    const won = await messageOf(second, pb.CampaignResponseSchema);
    // The header is that of the candidacy.
    expect([won.leader?.rev, won.header?.revision]).toEqual([3n, 3n]);
    expect(await leaderValue("e")).toBe("two");
  });

  test("a leader whose lease ends is succeeded", async () => {
    await campaign("e", 1n, "one");
    const second = startCampaign("e", 2n, "two");
    await until(() => bench.watches.ranges.length === 1);
    await bench.revoke(1n);
    expect((await messageOf(second, pb.CampaignResponseSchema)).leader?.lease).toBe(2n);
  });

  test("rule 71: again with the same lease and another value replaces the value", async () => {
    const first = leaderOf(await campaign("e", 1n, "one"));
    expect(leaderOf(await campaign("e", 1n, "two")).rev).toBe(first.rev);
    expect(await leaderValue("e")).toBe("two");
    await campaign("e", 1n, "two");
    expect((await bench.get("e/1")).kvs[0]?.version).toBe(2n);
  });

  test("rule 72: a name that begins another one's key wins at once", async () => {
    await bench.put("testa");
    expect((await campaign("test", 1n, "x")).leader?.key).toEqual(bytes("test/1"));
  });

  test("a candidate that leaves resigns", async () => {
    await campaign("e", 1n, "one");
    const second = startCampaign("e", 2n, "two");
    await until(() => bench.watches.ranges.length === 1);
    second.cancel();
    await until(() => bench.watches.ranges.length === 0);
    await until(() => bench.fixture.lessor.keyCountOf(2n) === 0);
    expect((await bench.get("e/", "e0")).kvs).toHaveLength(1);
  });

  test("a lost watch ends it with code Unknown", async () => {
    await campaign("e", 1n, "one");
    const second = startCampaign("e", 2n, "two");
    await until(() => bench.watches.ranges.length === 1);
    bench.watches.closeAll("etcdserver: mvcc: required revision has been compacted");
    expect(await failure(second)).toEqual(unknown("etcdserver: mvcc: required revision has been compacted"));
  });
});

describe("Proclaim and Resign", () => {
  test("change the leader's value, and end its time", async () => {
    const leader = leaderOf(await campaign("e", 1n, "one"));
    expect((await messageOf(proclaim(leader, "new"), pb.ProclaimResponseSchema)).header?.revision).toBe(3n);
    expect(await leaderValue("e")).toBe("new");
    expect((await messageOf(resign(leader), pb.ResignResponseSchema)).header?.revision).toBe(4n);
    expect(await failure(startLeader("e"))).toEqual(unknown("election: no leader"));
  });

  test("of somebody who does not lead: an error for one, nothing for the other", async () => {
    const leader = leaderOf(await campaign("e", 1n, "one"));
    await bench.revoke(1n);
    await campaign("e", 2n, "two");
    expect(await failure(proclaim(leader, "late"))).toEqual(unknown("election: not leader"));
    expect(await failure(resign(leader))).toBeUndefined();
    expect(await leaderValue("e")).toBe("two");
  });

  test("without a leader are refused", async () => {
    expect(await failure(proclaim(undefined, "x"))).toEqual(unknown('"leader" field must be provided'));
    expect(await failure(resign(undefined))).toEqual(unknown('"leader" field must be provided'));
  });

  test("a proclamation without a lease binds the key to a new one of 60 s", async () => {
    const leader = leaderOf(await campaign("e", 1n, "one"));
    await messageOf(proclaim({ ...leader, lease: 0n }, "new"), pb.ProclaimResponseSchema);
    const { lease } = (await bench.get("e/1")).kvs[0] ?? { lease: 0n };
    expect(bench.fixture.lessor.timeToLive(lease)?.grantedTtl).toBe(60);
    expect(bench.fixture.lessor.keyCountOf(1n)).toBe(0);
  });
});

describe("Observe", () => {
  const observe = (name: string): FakeCall =>
    bench.start("v3electionpb.Election/Observe", pb.LeaderRequestSchema, { name: bytes(name) });
  const values = (call: FakeCall): string[] =>
    call.messages.map((message) => {
      const { kv } = fromBinary(pb.LeaderResponseSchema, message);
      return text(kv?.value ?? new Uint8Array(0));
    });

  test("shows the leader, its proclamations, and its successors", async () => {
    const first = leaderOf(await campaign("e", 1n, "one"));
    const stream = observe("e");
    await until(() => stream.messages.length === 1);
    await messageOf(proclaim(first, "one again"), pb.ProclaimResponseSchema);
    await until(() => stream.messages.length === 2);
    const second = startCampaign("e", 2n, "two");
    await until(() => bench.watches.ranges.length === 2);
    await bench.revoke(1n);
    await messageOf(second, pb.CampaignResponseSchema);
    await until(() => stream.messages.length === 3);
    expect(values(stream)).toEqual(["one", "one again", "two"]);
    stream.cancel();
    await until(() => bench.watches.ranges.length === 0);
  });

  test("waits for the first candidate, and tells its revision", async () => {
    const stream = observe("e");
    await until(() => bench.watches.ranges.length === 1);
    expect(bench.watches.ranges).toEqual(["e/..e0"]);
    await campaign("e", 1n, "one");
    await until(() => stream.messages.length === 1);
    const { header, kv } = fromBinary(pb.LeaderResponseSchema, stream.messages[0] ?? new Uint8Array(0));
    expect([header?.revision, kv?.modRevision]).toEqual([2n, 2n]);
  });

  test("with hasleader a stream ends after three election timeouts without a leader; others go on", async () => {
    await campaign("e", 1n, "one");
    const request = { name: bytes("e") };
    const path = "v3electionpb.Election/Observe";
    const bound = bench.start(path, pb.LeaderRequestSchema, request, { hasleader: "true" });
    const left = bench.start(path, pb.LeaderRequestSchema, request, { hasleader: "true" });
    const plain = observe("e");
    await until(() => bench.watches.ranges.length === 3);
    expect(bench.leaders.size).toBe(2);
    left.cancel();
    bench.fixture.follow(0n);
    await bench.fixture.time.advance(3100);
    const { error } = await bound.answer;
    expect(error).toEqual({ code: GrpcStatus.Unavailable, message: "etcdserver: no leader" });
    // What they watched is watched no more.
    await until(() => bench.watches.ranges.length === 1);
    expect([bench.leaders.size, plain.ended]).toEqual([0, false]);
  });

  test("rule 73: a leader whose revision was compacted is shown all the same", async () => {
    await campaign("e", 1n, "one");
    await bench.put("x");
    const { store } = bench.fixture.member;
    store.begin(1000, 1);
    store.compact(store.revision);
    store.end();
    const stream = observe("e");
    await until(() => stream.messages.length === 1);
    expect(values(stream)).toEqual(["one"]);
  });

  test("a client that reads slowly misses no proclamation", async () => {
    const leader = leaderOf(await campaign("e", 1n, "0"));
    const stream = observe("e");
    stream.hasRoom = false;
    await until(() => stream.messages.length === 1);
    for (let i = 1; i <= 5; i++) {
      await messageOf(proclaim(leader, String(i)), pb.ProclaimResponseSchema);
    }
    expect(stream.messages).toHaveLength(1);
    expect(bench.watches.ranges).toEqual([]);
    stream.drain();
    await until(() => stream.messages.length === 6);
    expect(values(stream)).toEqual(["0", "1", "2", "3", "4", "5"]);
  });

  test("ends well when the watch is lost", async () => {
    await campaign("e", 1n, "one");
    const stream = observe("e");
    await until(() => bench.watches.ranges.length === 1);
    bench.watches.closeAll("");
    expect(await failure(stream)).toBeUndefined();
  });
});
