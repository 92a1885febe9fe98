/** The Lease service: what clients are answered, and what their streams do under load and trouble. */
import {
  GrpcStatus,
  create,
  etcdserverpb as pb,
  fromBinary,
  toBinary,
  type MessageInitShape,
} from "@quorate/proto";
import { createGrpcServer, listenClientPort } from "@quorate/rpc";
import { connect } from "node:http2";
import { beforeEach, describe, expect, test } from "vitest";
import { settle } from "../../lease/testing/virtual-time.js";
import { bytes, failureOf, text } from "../testing/kv-client.js";
import { RENEWALS_IN_FLIGHT_MAX } from "./keep-alive-stream.js";
import { FakeBidi } from "./testing/fake-bidi.js";
import { ServiceBench, messageOf, until } from "./testing/service-bench.js";

let bench: ServiceBench;
beforeEach(async () => {
  bench = await ServiceBench.create();
});

const leases = async (): Promise<bigint[]> => {
  const schemas = [pb.LeaseLeasesRequestSchema, pb.LeaseLeasesResponseSchema] as const;
  return (await bench.unary("etcdserverpb.Lease/LeaseLeases", schemas, {})).leases.map(({ ID }) => ID);
};
const timeToLive = (
  request: MessageInitShape<typeof pb.LeaseTimeToLiveRequestSchema>,
): Promise<pb.LeaseTimeToLiveResponse> => {
  const schemas = [pb.LeaseTimeToLiveRequestSchema, pb.LeaseTimeToLiveResponseSchema] as const;
  return bench.unary("etcdserverpb.Lease/LeaseTimeToLive", schemas, request);
};

describe("LeaseGrant", () => {
  test("chooses a positive id when the client names none, before it proposes", async () => {
    const first = await bench.grant(0n, 10n);
    const second = await bench.grant(0n, 10n);
    expect(first).toMatchObject({ TTL: 10n, error: "", header: { revision: 1n, raftTerm: 3n } });
    // Low 16 bits of the member id, then the clock and a counter.
    expect(first.ID >> 48n).toBe(0x694dn);
    expect(second.ID).toBe(first.ID + 2n);
    expect(await leases()).toEqual([first.ID, second.ID]);
  });

  test("rules 57 and 58: takes any id once", async () => {
    for (const id of [-1n, -(2n ** 63n), 2n ** 63n - 1n]) expect((await bench.grant(id)).ID).toBe(id);
    expect(await failureOf(bench.grant(-1n))).toBe("lease-exist");
    expect(await failureOf(bench.grant(1n, 9_000_000_001n))).toBe("lease-ttl-too-large");
    expect((await bench.grant(1n, 0n)).TTL).toBe(2n);
    expect((await bench.grant(2n, -7n)).TTL).toBe(2n);
  });

  test("rule 31: is refused without room, and raises the alarm", async () => {
    bench.fixture.member.statusQuotaBytes = 4096;
    expect(await failureOf(bench.grant(1n))).toBe("no-space");
    bench.fixture.member.statusQuotaBytes = -1;
    expect(await failureOf(bench.grant(1n))).toBe("no-space");
    expect(bench.fixture.member.alarms.list()).toHaveLength(1);
  });
});

test("LeaseRevoke deletes the keys in one revision", async () => {
  await bench.grant(1n);
  await bench.put("a", "", 1n);
  await bench.put("b", "", 1n);
  expect((await bench.revoke(1n)).header?.revision).toBe(4n);
  expect((await bench.get("a", "z")).count).toBe(0n);
  expect(await failureOf(bench.revoke(1n))).toBe("lease-not-found");
});

describe("LeaseTimeToLive", () => {
  test("rules 63 and 64: keys only when asked for; an unknown lease is no error", async () => {
    await bench.grant(1n, 60n);
    await bench.put("a", "", 1n);
    expect(await timeToLive({ ID: 1n })).toMatchObject({ ID: 1n, TTL: 60n, grantedTTL: 60n, keys: [] });
    expect((await timeToLive({ ID: 1n, keys: true })).keys).toEqual([bytes("a")]);
    expect(await timeToLive({ ID: 404n, keys: true })).toMatchObject({
      header: { revision: 2n },
      ID: 404n,
      TTL: -1n,
      grantedTTL: 0n,
      keys: [],
    });
  });

  test("a member that is not primary says that the leader changed", async () => {
    bench.fixture.lessor.demote();
    expect(await failureOf(timeToLive({ ID: 1n }))).toBe("leader-changed");
  });
});

test("rule 69: LeaseLeases tells the leases in the order of their grants when they end alike", async () => {
  for (const id of [5n, 3n, 9n, 1n, 7n]) await bench.grant(id, 60n);
  expect(await leases()).toEqual([5n, 3n, 9n, 1n, 7n]);
});

describe("LeaseKeepAlive", () => {
  const request = (id: bigint): Uint8Array =>
    toBinary(pb.LeaseKeepAliveRequestSchema, create(pb.LeaseKeepAliveRequestSchema, { ID: id }));
  const open = (metadata: Readonly<Record<string, string>> = {}): FakeBidi => {
    const method = bench.services["etcdserverpb.Lease"]?.["LeaseKeepAlive"];
    if (method === undefined) throw new Error("no such method");
    return new FakeBidi(method, metadata);
  };
  const answers = (call: FakeBidi): [bigint, bigint][] =>
    call.messages.map((message) => {
      const { ID, TTL } = fromBinary(pb.LeaseKeepAliveResponseSchema, message);
      return [ID, TTL];
    });

  test("rule 59: a lease that is gone has 0 seconds to live, and the stream goes on", async () => {
    await bench.grant(1n, 60n);
    const call = open();
    for (const id of [0n, 404n, 1n]) call.receive(request(id));
    await until(() => call.messages.length === 3);
    expect(answers(call)).toEqual([
      [0n, 0n],
      [404n, 0n],
      [1n, 60n],
    ]);
    expect(call.ended).toBe(false);
  });

  test("rule 60: after a revocation no renewal succeeds", async () => {
    await bench.grant(1n, 60n);
    const call = open();
    await bench.revoke(1n);
    call.receive(request(1n));
    await until(() => call.messages.length === 1);
    expect(answers(call)).toEqual([[1n, 0n]]);
  });

  test("the header shows the revision before the renewal", async () => {
    const { lessor, member } = bench.fixture;
    await bench.grant(1n, 60n);
    lessor.checkpoint(1n, 20);
    const call = open();
    call.receive(request(1n));
    await bench.put("later");
    await until(() => call.messages.length === 1);
    const { header } = fromBinary(pb.LeaseKeepAliveResponseSchema, call.messages[0] ?? new Uint8Array(0));
    expect(header).toMatchObject({ revision: 1n, raftTerm: 3n, memberId: member.memberId });
  });

  test("answers come in the order of the requests, however the renewals finish", async () => {
    await bench.grant(1n, 60n);
    await bench.grant(2n, 60n);
    // The first one has to go through the log.
    bench.fixture.lessor.checkpoint(1n, 20);
    const call = open();
    call.receive(request(1n));
    call.receive(request(2n));
    await until(() => call.messages.length === 2);
    expect(answers(call).map(([id]) => id)).toEqual([1n, 2n]);
  });

  test("half-close ends the stream well once everything is answered", async () => {
    await bench.grant(1n, 60n);
    const call = open();
    call.receive(request(1n));
    call.finish();
    expect(await call.answer).toMatchObject({ error: undefined });
    expect(answers(call)).toEqual([[1n, 60n]]);
    const idle = open();
    idle.finish();
    expect((await idle.answer).error).toBeUndefined();
  });

  test("a client that sends too many at once is held back, and all are answered", async () => {
    await bench.grant(1n, 60n);
    const call = open();
    for (let i = 0; i < 3 * RENEWALS_IN_FLIGHT_MAX; i++) call.receive(request(1n));
    expect(call.paused).toBe(true);
    await until(() => call.messages.length === 3 * RENEWALS_IN_FLIGHT_MAX);
    expect(call.paused).toBe(false);
  });

  test("a client that leaves answers unread is answered when it reads again", async () => {
    await bench.grant(1n, 60n);
    const call = open();
    call.hasRoom = false;
    for (let i = 0; i < 2 * RENEWALS_IN_FLIGHT_MAX; i++) call.receive(request(1n));
    await settle(20);
    expect([call.messages.length, call.paused]).toEqual([1, true]);
    call.drain();
    await until(() => call.messages.length === 2 * RENEWALS_IN_FLIGHT_MAX);
  });

  test("rule 62: without a leader the stream ends after the request timeout", async () => {
    await bench.grant(1n, 60n);
    bench.fixture.follow(0n);
    const call = open();
    call.receive(request(1n));
    await bench.fixture.time.advance(7000);
    expect((await call.answer).error).toEqual({
      code: GrpcStatus.Unavailable,
      message: "etcdserver: no leader",
    });
  });

  test("rule 62: who insists on a leader is told sooner, and at once when there is none to begin with", async () => {
    const call = open({ hasleader: "true" });
    const plain = open();
    bench.fixture.follow(0n);
    await bench.fixture.time.advance(3100);
    const noLeader = { code: GrpcStatus.Unavailable, message: "etcdserver: no leader" };
    expect((await call.answer).error).toEqual(noLeader);
    expect(plain.ended).toBe(false);
    expect(bench.leaders.size).toBe(0);
    expect((await open({ hasleader: "true" }).answer).error).toEqual(noLeader);
  });

  test("a leader that comes back in time keeps the streams", async () => {
    const call = open({ hasleader: "true" });
    bench.fixture.follow(0n);
    await bench.fixture.time.advance(2100);
    bench.fixture.follow(7n);
    await bench.fixture.time.advance(1000);
    bench.fixture.follow(0n);
    await bench.fixture.time.advance(2100);
    expect(call.ended).toBe(false);
    call.cancel();
    expect(bench.leaders.size).toBe(0);
  });

  test("a failure comes behind the answers before it", async () => {
    await bench.grant(1n, 60n);
    const call = open();
    call.receive(request(1n));
    const { fixture } = bench;
    call.receive(request(2n));
    fixture.member.committedIndex += 5;
    call.receive(request(3n));
    await fixture.time.advance(1100);
    expect(answers(call)).toEqual([
      [1n, 60n],
      [2n, 0n],
    ]);
    expect((await call.answer).error).toEqual({
      code: GrpcStatus.Unavailable,
      message: "etcdserver: request timed out, waiting for the applied index took too long",
    });
  });

  test("a message that is none ends the stream", async () => {
    const call = open();
    call.receive(Uint8Array.of(0xff));
    expect((await call.answer).error?.code).toBe(GrpcStatus.Internal);
  });

  test("a learner refuses the stream", async () => {
    bench.fixture.member.isLearner = true;
    expect((await open().answer).error?.message).toBe("etcdserver: rpc not supported for learner");
  });
});

describe("over a real connection", () => {
  test("renewals stream, in order, until the client half-closes", async () => {
    const server = createGrpcServer();
    for (const [name, methods] of Object.entries(bench.services)) server.addService(name, methods);
    const port = await listenClientPort(server, { host: "127.0.0.1" });
    const session = connect(`http://127.0.0.1:${String(port.port)}`);
    try {
      await bench.grant(1n, 60n);
      const stream = session.request({
        ":method": "POST",
        ":path": "/etcdserverpb.Lease/LeaseKeepAlive",
        "content-type": "application/grpc",
        te: "trailers",
      });
      const count = 500;
      const chunks: Buffer[] = [];
      const trailers = new Promise<NodeJS.Dict<string | string[]>>((resolve) => {
        stream.on("trailers", resolve);
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      for (let i = 0; i < count; i++) {
        const id = i % 2 === 0 ? 1n : BigInt(1000 + i);
        const message = toBinary(
          pb.LeaseKeepAliveRequestSchema,
          create(pb.LeaseKeepAliveRequestSchema, { ID: id }),
        );
        stream.write(Buffer.concat([Buffer.of(0, 0, 0, 0, message.length), message]));
      }
      stream.end();
      expect((await trailers)["grpc-status"]).toBe("0");
      const ids: bigint[] = [];
      const ttls: bigint[] = [];
      const all = Buffer.concat(chunks);
      for (let at = 0; at < all.length;) {
        const size = all.readUInt32BE(at + 1);
        const { ID, TTL } = fromBinary(pb.LeaseKeepAliveResponseSchema, all.subarray(at + 5, at + 5 + size));
        ids.push(ID);
        ttls.push(TTL);
        at += 5 + size;
      }
      expect(ids).toEqual(Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 1n : BigInt(1000 + i))));
      expect(ttls).toEqual(Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 60n : 0n)));
    } finally {
      session.close();
      server.close();
      await port.close();
    }
  });
});

test("a unary answer is one message", async () => {
  await bench.grant(1n);
  await bench.put("a", "v", 1n);
  const call = bench.start("etcdserverpb.KV/Range", pb.RangeRequestSchema, { key: bytes("a") });
  const { kvs } = await messageOf(call, pb.RangeResponseSchema);
  expect(kvs.map((kv) => [text(kv.value), kv.lease])).toEqual([["v", 1n]]);
});
