/** The leader's clock, and the way to the leader. */
import { Lessor } from "@quorate/machine";
import { create, etcdserverpb, fromBinary, leasepb, toBinary } from "@quorate/proto";
import { beforeEach, describe, expect, test } from "vitest";
import { LEASE_ROUND_MS, REVOKES_IN_FLIGHT_MAX, REVOKES_PER_ROUND_MAX } from "./limits.js";
import {
  LEASES_INTERNAL_PATH,
  LEASES_PATH,
  encodeRenewRequest,
  encodeTimesRequest,
} from "./lease-messages.js";
import {
  ELECTION_TIMEOUT_MS,
  HEARTBEAT_MS,
  LeaseFixture,
  REQUEST_TIMEOUT_MS,
} from "./testing/lease-fixture.js";
import { settle } from "./testing/virtual-time.js";

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (each) => each.charCodeAt(0));
const text = (value: Uint8Array): string => String.fromCharCode(...value);

// What a leader reads and writes.
const decodeRenewRequest = (body: Uint8Array): bigint =>
  fromBinary(etcdserverpb.LeaseKeepAliveRequestSchema, body).ID;
const encodeRenewAnswer = (id: bigint, ttl: bigint): Uint8Array =>
  toBinary(
    etcdserverpb.LeaseKeepAliveResponseSchema,
    create(etcdserverpb.LeaseKeepAliveResponseSchema, { ID: id, TTL: ttl }),
  );
const answerTimes = (body: Uint8Array, key: string): Uint8Array => {
  const asked = fromBinary(leasepb.LeaseInternalRequestSchema, body).LeaseTimeToLiveRequest;
  const keys = asked?.keys === true ? [bytes(key)] : [];
  const answer = { header: {}, ID: asked?.ID ?? 0n, TTL: 3n, grantedTTL: 9n, keys };
  const schema = leasepb.LeaseInternalResponseSchema;
  return toBinary(schema, create(schema, { LeaseTimeToLiveResponse: answer }));
};

describe("expiry on the leader", () => {
  let leader: LeaseFixture;
  beforeEach(async () => {
    leader = await LeaseFixture.leader();
  });

  test("a lease that nobody renews goes between its time and a second later", async () => {
    leader.lessor.grant(1n, 5);
    await leader.time.advance(4900);
    expect(leader.lessor.exists(1n)).toBe(true);
    await leader.time.advance(1100);
    expect(leader.lessor.exists(1n)).toBe(false);
    expect(leader.errors).toEqual([]);
  });

  test("a lease that is renewed stays", async () => {
    leader.lessor.grant(1n, 5);
    for (let i = 0; i < 5; i++) {
      await leader.time.advance(4000);
      expect(await leader.keeper.renew(1n)).toEqual({ ttl: 5n });
    }
    expect(leader.proposed("leaseRevoke")).toBe(0);
  });

  test("a storm is revoked in rounds: at most 500 each, at most 16 in flight", async () => {
    for (let id = 1; id <= 2000; id++) leader.lessor.grant(BigInt(id), 2);
    let waitingMax = 0;
    const { member } = leader;
    const propose = member.propose.bind(member);
    member.propose = (...parts) => {
      propose(...parts);
      waitingMax = Math.max(waitingMax, member.waitingCount);
    };
    leader.time.stall(0);
    await leader.time.advance(2000 + LEASE_ROUND_MS);
    for (let i = 0; i < 40 && member.waitingCount > 0; i++) await settle(20);
    const first = leader.proposed("leaseRevoke");
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(2 * REVOKES_PER_ROUND_MAX);
    expect(waitingMax).toBe(REVOKES_IN_FLIGHT_MAX);
    for (let i = 0; i < 100 && leader.lessor.size > 0; i++) {
      await leader.time.advance(LEASE_ROUND_MS);
      await settle(200);
    }
    expect(leader.lessor.size).toBe(0);
    expect(leader.proposed("leaseRevoke")).toBe(2000);
  });

  test("renewals are answered while a storm is revoked", async () => {
    for (let id = 1; id <= 1000; id++) leader.lessor.grant(BigInt(id), 2);
    leader.lessor.grant(5000n, 60);
    await leader.time.advance(2600);
    expect(leader.lessor.size).toBeGreaterThan(1);
    expect(await leader.keeper.renew(5000n)).toEqual({ ttl: 60n });
  });

  test("a revocation that fails is proposed again after the request timeout", async () => {
    leader.lessor.grant(1n, 2);
    leader.member.failure = "timeout";
    await leader.time.advance(2500);
    expect(leader.proposed("leaseRevoke")).toBe(1);
    leader.member.failure = undefined;
    await leader.time.advance(REQUEST_TIMEOUT_MS - 1000);
    expect(leader.proposed("leaseRevoke")).toBe(1);
    await leader.time.advance(1500);
    expect([leader.proposed("leaseRevoke"), leader.lessor.exists(1n)]).toEqual([2, false]);
  });

  test("rule 67: a leader that stood still asks a quorum before it revokes", async () => {
    leader.lessor.grant(1n, 2);
    leader.member.failure = "timeout";
    leader.time.stall(60_000);
    await leader.time.advance(5 * LEASE_ROUND_MS);
    expect([leader.proposed("leaseRevoke"), leader.lessor.exists(1n)]).toEqual([0, true]);
    expect(leader.member.readCount).toBeGreaterThan(0);
    // It has been replaced meanwhile: the answer of the quorum comes with the new leader's name.
    leader.member.failure = undefined;
    leader.follow(7n);
    await leader.time.advance(5 * LEASE_ROUND_MS);
    expect([leader.proposed("leaseRevoke"), leader.lessor.exists(1n)]).toEqual([0, true]);
  });

  test("a leader that stood still and still leads goes on", async () => {
    leader.lessor.grant(1n, 2);
    leader.time.stall(60_000);
    await leader.time.advance(2 * LEASE_ROUND_MS);
    expect(leader.lessor.exists(1n)).toBe(false);
    const asked = leader.member.readCount;
    expect(asked).toBe(1);
    await leader.time.advance(10 * LEASE_ROUND_MS);
    expect(leader.member.readCount).toBe(asked);
  });

  test("a follower revokes nothing, a new leader gives every lease its time again", async () => {
    leader.lessor.grant(1n, 2);
    leader.follow(7n);
    await leader.time.advance(60_000);
    expect(leader.proposed("leaseRevoke")).toBe(0);
    leader.lead();
    await leader.time.advance(2000 + ELECTION_TIMEOUT_MS - 100);
    expect(leader.lessor.exists(1n)).toBe(true);
    await leader.time.advance(1000);
    expect(leader.lessor.exists(1n)).toBe(false);
  });

  test("stopped, it has no timers and answers so", async () => {
    leader.keeper.stop();
    expect(leader.time.timerCount).toBe(0);
    expect(await leader.keeper.renew(1n)).toEqual({ failure: "stopped" });
  });
});

describe("renewals on the leader", () => {
  let leader: LeaseFixture;
  beforeEach(async () => {
    leader = await LeaseFixture.leader();
  });

  test("rule 59: a lease that is not there has 0 seconds to live", async () => {
    expect(await leader.keeper.renew(0n)).toEqual({ ttl: 0n });
    expect(await leader.keeper.renew(404n)).toEqual({ ttl: 0n });
  });

  test("rule 60: a renewal that races a revocation waits for it and fails", async () => {
    leader.lessor.grant(1n, 2);
    leader.time.nowMs += 2100;
    const renewal = leader.keeper.renew(1n);
    await settle();
    leader.lessor.revoke(1n, () => true);
    expect(await renewal).toEqual({ ttl: 0n });
  });

  test("a renewal that waits for a revocation asks the new leader when leadership is lost", async () => {
    leader.lessor.grant(1n, 2);
    leader.time.nowMs += 200;
    leader.time.nowMs += 2000;
    leader.member.failure = undefined;
    const renewal = leader.keeper.renew(1n);
    await settle();
    leader.peers.answer = ({ body }) => encodeRenewAnswer(decodeRenewRequest(body), 2n);
    leader.follow(7n);
    await leader.time.advance(100);
    expect(await renewal).toEqual({ ttl: 2n });
  });

  test("rule 61: a grant that is committed and not yet applied is waited for", async () => {
    leader.member.committedIndex = 5;
    const renewal = leader.keeper.renew(1n);
    await leader.time.advance(20);
    leader.lessor.grant(1n, 9);
    leader.member.appliedIndex = 5;
    await leader.time.advance(20);
    expect(await renewal).toEqual({ ttl: 9n });
  });

  test("it waits a second at most", async () => {
    leader.member.committedIndex = 5;
    const renewal = leader.keeper.renew(1n);
    await leader.time.advance(1100);
    expect(await renewal).toEqual({ failure: "timeout-wait-applied-index" });
  });

  test("a lease that is known has its time again at once, and is answered when no revocation can be on its way", async () => {
    leader.lessor.grant(1n, 9);
    await leader.time.advance(5000);
    leader.member.committedIndex = 5;
    const renewal = leader.keeper.renew(1n);
    await leader.time.advance(0);
    expect(leader.lessor.timeToLive(1n)).toEqual({ ttl: 9, grantedTtl: 9 });
    leader.member.appliedIndex = 5;
    await leader.time.advance(20);
    expect(await renewal).toEqual({ ttl: 9n });
  });

  test("a lease whose revocation was committed before is not renewed", async () => {
    leader.lessor.grant(1n, 9);
    leader.member.committedIndex = 5;
    const renewal = leader.keeper.renew(1n);
    leader.lessor.revoke(1n, () => true);
    leader.member.appliedIndex = 5;
    await leader.time.advance(20);
    expect(await renewal).toEqual({ ttl: 0n });
  });

  test.each([
    ["knows", 1n],
    ["does not know", 2n],
  ])("a leader that no quorum follows tells nothing of a lease that it %s", async (_, id) => {
    leader.lessor.grant(1n, 9);
    leader.member.failure = "timeout";
    const renewal = leader.keeper.renew(id);
    const times = leader.keeper.timeToLive(id, false);
    leader.follow(0n);
    await leader.time.advance(REQUEST_TIMEOUT_MS + ELECTION_TIMEOUT_MS);
    expect(await renewal).toEqual({ failure: "no-leader" });
    expect(await times).toEqual({ failure: "leader-changed" });
  });

  test("a leader that stood still and cannot reach a quorum sends its clients away", async () => {
    leader.lessor.grant(1n, 60);
    leader.time.stall(10 * HEARTBEAT_MS);
    leader.member.failure = "timeout";
    expect(await leader.keeper.renew(1n)).toEqual({ failure: "not-primary-lessor" });
    leader.member.failure = undefined;
    expect(await leader.keeper.renew(1n)).toEqual({ ttl: 60n });
  });

  test("a checkpoint is cleared through the log before the lease is renewed", async () => {
    leader.lessor.grant(1n, 60);
    leader.lessor.checkpoint(1n, 20);
    expect(await leader.keeper.renew(1n)).toEqual({ ttl: 60n });
    expect([leader.proposed("leaseCheckpoint"), leader.lessor.hasCheckpoint(1n)]).toEqual([1, false]);
    expect(await leader.keeper.renew(1n)).toEqual({ ttl: 60n });
    expect(leader.proposed("leaseCheckpoint")).toBe(1);
    leader.lessor.checkpoint(1n, 20);
    leader.member.failure = "timeout";
    expect(await leader.keeper.renew(1n)).toEqual({ failure: "timeout" });
  });
});

describe("times on the leader", () => {
  test("rules 63 and 64: keys only when asked for, nothing of a lease that is gone", async () => {
    const { keeper, lessor, time } = await LeaseFixture.leader();
    lessor.grant(1n, 60);
    for (const key of ["b", "a"]) lessor.attach(1n, bytes(key), 0, 1);
    time.nowMs += 100;
    expect(await keeper.timeToLive(1n, false)).toEqual({ ttl: 59n, grantedTtl: 60n, keys: [] });
    expect(await keeper.timeToLive(1n, true)).toMatchObject({ keys: [bytes("a"), bytes("b")] });
    expect(await keeper.timeToLive(2n, true)).toBeUndefined();
  });

  test("keys of a large lease are read in parts", async () => {
    const { keeper, lessor } = await LeaseFixture.leader();
    lessor.grant(1n, 60);
    const names = Array.from({ length: 10_000 }, (_, i) => `k${String(i).padStart(6, "0")}`);
    for (const name of names) lessor.attach(1n, bytes(name), 0, name.length);
    const times = await keeper.timeToLive(1n, true);
    expect(times !== undefined && "keys" in times ? times.keys.map(text) : []).toEqual(names);
  });

  test("a member that is not primary says that the leader changed", async () => {
    const { keeper, lessor } = await LeaseFixture.leader();
    lessor.grant(1n, 60);
    lessor.demote();
    expect(await keeper.timeToLive(1n, false)).toEqual({ failure: "leader-changed" });
  });
});

describe("on a follower", () => {
  let follower: LeaseFixture;
  beforeEach(async () => {
    follower = await LeaseFixture.follower();
  });

  test("renewals and times are asked of the leader", async () => {
    follower.peers.answer = ({ path, body }) =>
      path === LEASES_PATH ? encodeRenewAnswer(decodeRenewRequest(body), 9n) : answerTimes(body, "k");
    expect(await follower.keeper.renew(-5n)).toEqual({ ttl: 9n });
    expect(await follower.keeper.timeToLive(5n, true)).toEqual({
      ttl: 3n,
      grantedTtl: 9n,
      keys: [bytes("k")],
    });
    expect(follower.peers.posts.map(({ path, urls }) => [path, urls])).toEqual([
      [LEASES_PATH, ["http://a:2380", "http://b:2380"]],
      [LEASES_INTERNAL_PATH, ["http://a:2380", "http://b:2380"]],
    ]);
  });

  test("rule 63: a leader that knows no such lease ends it at once", async () => {
    follower.peers.answer = () => "lease-not-found";
    expect(await follower.keeper.renew(1n)).toEqual({ ttl: 0n });
    expect(await follower.keeper.timeToLive(1n, false)).toBeUndefined();
    expect(follower.peers.posts).toHaveLength(2);
  });

  test("a leader that does not answer, or not well, is asked again every 50 ms until the request timeout", async () => {
    const renewal = follower.keeper.renew(1n);
    await follower.time.advance(1000);
    expect(follower.peers.posts).toHaveLength(21);
    follower.peers.answer = () => encodeRenewAnswer(2n, 9n);
    await follower.time.advance(1000);
    follower.peers.answer = () => Uint8Array.of(0xff);
    await follower.time.advance(1000);
    follower.peers.answer = () => "timeout";
    await follower.time.advance(REQUEST_TIMEOUT_MS - 3000);
    expect(await renewal).toEqual({ failure: "timeout" });
  });

  test("rule 62: without a leader until the request timeout there is none", async () => {
    follower.follow(0n);
    const renewal = follower.keeper.renew(1n);
    await follower.time.advance(REQUEST_TIMEOUT_MS);
    expect(await renewal).toEqual({ failure: "no-leader" });
    expect(follower.peers.posts).toEqual([]);
  });

  test("a follower that becomes the leader answers by itself", async () => {
    follower.lessor.grant(1n, 9);
    const renewal = follower.keeper.renew(1n);
    await follower.time.advance(100);
    follower.lead();
    await follower.time.advance(100);
    expect(await renewal).toEqual({ ttl: 9n });
  });

  test("a database from the leader brings its leases", async () => {
    follower.lessor.grant(1n, 9);
    const next = new Lessor({ ttlSecondsMin: 2, nowMs: () => 0 });
    next.grant(2n, 9);
    follower.keeper.storeReplaced(next);
    expect(follower.keeper.list()).toEqual([2n]);
  });
});

describe("checkpoints", () => {
  test("go through the log in batches, as the leader only", async () => {
    const leader = await LeaseFixture.leader();
    const long = new Lessor({
      ttlSecondsMin: 2,
      nowMs: () => leader.time.nowMs,
      checkpointIntervalMs: 300_000,
    });
    // The fixture's lessor keeps its identity and its options; a checkpointing one is driven beside it.
    long.promote(0);
    for (let id = 1; id <= 1500; id++) long.grant(BigInt(id), 1000);
    const { LeaseCheckpointer } = await import("./lease-checkpointer.js");
    const { LeaseProposals } = await import("./lease-proposals.js");
    const checkpointer = new LeaseCheckpointer(long, new LeaseProposals(leader.member));
    await checkpointer.round();
    expect(leader.proposed("leaseCheckpoint")).toBe(0);
    leader.time.nowMs += 300_000;
    await checkpointer.round();
    expect(leader.proposed("leaseCheckpoint")).toBe(2);
    long.demote();
    leader.time.nowMs += 300_000;
    await checkpointer.round();
    expect(leader.proposed("leaseCheckpoint")).toBe(2);
  });
});

test("the bytes of requests to the leader are etcd's", () => {
  expect([...encodeRenewRequest(5n)]).toEqual([8, 5]);
  expect([...encodeTimesRequest(5n, true)]).toEqual([10, 4, 8, 5, 16, 1]);
});

test("what other members forward is answered by the primary only", async () => {
  const { keeper, lessor } = await LeaseFixture.leader();
  lessor.grant(1n, 60);
  lessor.attach(1n, bytes("k"), 0, 1);
  expect(await keeper.local.renew(1n)).toBe(60n);
  expect(await keeper.local.renew(2n)).toBe("lease-not-found");
  expect(await keeper.local.timeToLive(1n, true)).toEqual({ ttl: 60n, grantedTtl: 60n, keys: [bytes("k")] });
  expect(await keeper.local.timeToLive(2n, true)).toBe("lease-not-found");
  lessor.demote();
  expect(await keeper.local.renew(1n)).toBe("not-primary-lessor");
  expect(await keeper.local.timeToLive(1n, false)).toBe("not-primary-lessor");
  expect(await keeper.local.timeToLive(2n, false)).toBe("not-primary-lessor");
});
