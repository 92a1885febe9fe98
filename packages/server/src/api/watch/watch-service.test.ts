/** The rules of watching (kv-watch-lease 13, items 36 to 55), against another implementation's client over loopback. */
import { create, etcdserverpb as pb } from "@quorate/proto";
import { afterEach, beforeEach, describe as suite, expect, test } from "vitest";
import { settle } from "../../lease/testing/virtual-time.js";
import {
  type ClientStream,
  type CreateRequest,
  describe,
  MEMBER,
  WatchBench,
} from "./testing/watch-bench.js";

const FILTER = pb.WatchCreateRequest_FilterType;
let bench: WatchBench;
beforeEach(async () => {
  bench = await WatchBench.start();
});
afterEach(() => bench.close());

const eventsOf = ({ events }: pb.WatchResponse): string[] => events.map(describe);
/** Opens a watch and takes its created response. */
async function watch(stream: ClientStream, request: CreateRequest): Promise<pb.WatchResponse> {
  stream.create(request);
  return stream.next();
}

suite("creating", () => {
  test("rule 36: key '' with range_end 0x00 watches everything", async () => {
    const stream = bench.stream();
    const created = await watch(stream, { rangeEnd: "\0" });
    expect(created).toMatchObject({ created: true, canceled: false, watchId: 0n, compactRevision: 0n });
    expect(created.header).toMatchObject({ ...MEMBER, revision: 1n, raftTerm: 3n });
    bench.apply("+a=1 +z=2");
    const response = await stream.next();
    expect(eventsOf(response)).toEqual(["put a=1@2", "put z=2@2"]);
    expect(response.header).toMatchObject({ ...MEMBER, revision: 2n, raftTerm: 3n });
  });

  test("rule 37: a watch of a future revision begins there", async () => {
    const stream = bench.stream();
    expect((await watch(stream, { key: "a", startRevision: 10n })).header?.revision).toBe(1n);
    for (let i = 2; i <= 10; i++) {
      bench.apply(`+a=${i}`);
      await settle();
    }
    const response = await stream.next();
    expect(response.header?.revision).toBe(10n);
    expect(eventsOf(response)).toEqual(["put a=10@10"]);
  });

  test("rule 38: a negative start revision is refused as compacted, and the stream goes on", async () => {
    const stream = bench.stream();
    expect(await watch(stream, { key: "a", startRevision: -1n })).toMatchObject({
      created: true,
      canceled: true,
      watchId: -1n,
      compactRevision: 0n,
      cancelReason: "etcdserver: mvcc: required revision has been compacted",
    });
    expect(await watch(stream, { key: "a" })).toMatchObject({ created: true, canceled: false, watchId: 0n });
  });

  test("rule 39: the created response shows R whatever revision the watch begins with", async () => {
    for (const value of ["1", "2", "3"]) bench.apply(`+a=${value}`);
    const stream = bench.stream();
    expect((await watch(stream, { key: "a", startRevision: 1n })).header?.revision).toBe(4n);
    const response = await stream.next();
    expect(eventsOf(response)).toEqual(["put a=1@2", "put a=2@3", "put a=3@4"]);
    expect(response.header?.revision).toBe(4n);
  });

  test("rule 4: an empty range is refused with id -1", async () => {
    const stream = bench.stream();
    for (const keys of [
      { key: "c", rangeEnd: "c" },
      { key: "d", rangeEnd: "b" },
    ]) {
      expect(await watch(stream, keys)).toMatchObject({
        created: true,
        canceled: true,
        watchId: -1n,
        cancelReason: "mvcc: watcher range is empty",
      });
    }
  });

  test("ids: chosen, taken, given; none is given twice", async () => {
    const stream = bench.stream();
    const ids: bigint[] = [];
    for (const watchId of [1n, 1n, 0n, 0n, -5n, 2n ** 62n]) {
      const created = await watch(stream, { key: "a", watchId });
      ids.push(created.watchId);
      if (created.canceled)
        expect(created.cancelReason).toBe("mvcc: duplicate watch ID provided on the WatchStream");
    }
    expect(ids).toEqual([1n, -1n, 0n, 2n, -5n, 2n ** 62n]);
    stream.cancelWatch(2n);
    expect(await stream.next()).toMatchObject({ canceled: true, watchId: 2n });
    expect((await watch(stream, { key: "a" })).watchId).toBe(3n);
    bench.apply("+a=1");
    await stream.until(() => stream.responses.filter(({ events }) => events.length > 0).length === 5);
    const told = stream.responses.filter(({ events }) => events.length > 0).map(({ watchId }) => watchId);
    expect(new Set(told)).toEqual(new Set([1n, 0n, -5n, 2n ** 62n, 3n]));
  });

  test("rules 40 and 41: permission is asked for the range as it was sent, and a refusal disturbs nobody", async () => {
    await bench.close();
    const asked: string[] = [];
    bench = await WatchBench.start({
      authorize: (_, key, rangeEnd) => {
        asked.push(`${Buffer.from(key).toString("hex")}:${Buffer.from(rangeEnd).toString("hex")}`);
        return rangeEnd.length === 0
          ? undefined
          : "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
      },
    });
    const stream = bench.stream();
    expect((await watch(stream, { key: "foo" })).watchId).toBe(0n);
    expect(await watch(stream, { key: "foo", rangeEnd: "\0" })).toMatchObject({
      created: true,
      canceled: true,
      watchId: -1n,
      cancelReason: "rpc error: code = PermissionDenied desc = etcdserver: permission denied",
    });
    bench.apply("+foo=1");
    expect(await stream.next()).toMatchObject({ watchId: 0n });
    expect(asked).toEqual(["666f6f:", "666f6f:00"]);
  });

  test("an unknown request and an unknown cancel are passed over; half a close ends nothing", async () => {
    const stream = bench.stream();
    stream.sendRaw(Buffer.from([0x22, 0x00]));
    stream.sendRaw(new Uint8Array(0));
    stream.cancelWatch(7n);
    expect(await watch(stream, { key: "a" })).toMatchObject({ created: true, watchId: 0n });
    stream.halfClose();
    bench.apply("+a=1");
    expect(eventsOf(await stream.next())).toEqual(["put a=1@2"]);
  });

  test("what is no request ends the stream", async () => {
    const stream = bench.stream();
    stream.sendRaw(Buffer.from([0x0a, 0xff]));
    expect(await stream.ended()).toEqual({
      code: 13,
      details: "grpc: failed to unmarshal the received message: proto: cannot parse invalid wire-format data",
    });
    expect(bench.service.streamCount).toBe(0);
    expect(bench.hub.statistics.streamCount).toBe(0);
  });
});

suite("events", () => {
  test("rule 48: NOPUT leaves the deletes, NODELETE the puts", async () => {
    const stream = bench.stream();
    await watch(stream, { key: "a", filters: [FILTER.NOPUT] });
    await watch(stream, { key: "a", filters: [FILTER.NODELETE] });
    await watch(stream, { key: "a", filters: [FILTER.NOPUT, FILTER.NODELETE] });
    bench.apply("+a=1");
    bench.apply("-a");
    bench.apply("+end=1 +a=2");
    await stream.until(() => stream.eventsOf(1n).length === 2 && stream.eventsOf(0n).length === 1);
    expect(stream.eventsOf(0n)).toEqual(["del a@3"]);
    expect(stream.eventsOf(1n)).toEqual(["put a=1@2", "put a=2@4"]);
    expect(stream.eventsOf(2n)).toEqual([]);
    const removed = stream.responses.find(({ watchId, events }) => watchId === 0n && events.length > 0)
      ?.events[0];
    expect(removed?.kv).toMatchObject({ createRevision: 0n, version: 0n, lease: 0n, modRevision: 3n });
    expect(removed?.kv?.value).toHaveLength(0);
  });

  test("rule 49: a put of an empty value is a put", async () => {
    const stream = bench.stream();
    await watch(stream, { key: "a" });
    bench.apply("+a=");
    expect(eventsOf(await stream.next())).toEqual(["put a=@2"]);
  });

  test("rule 50: the pair before is told to those who asked for it only", async () => {
    const [one, two] = [bench.stream(), bench.stream()];
    await watch(one, { key: "a", prevKv: true });
    await watch(two, { key: "a" });
    bench.apply("+a=1");
    bench.apply("+a=2");
    bench.apply("-a");
    bench.apply("+a=3");
    await one.until(() => one.eventsOf(0n).length === 4);
    await two.until(() => two.eventsOf(0n).length === 4);
    expect(one.eventsOf(0n)).toEqual(["put a=1@2", "put a=2@3<1@2", "del a@4<2@3", "put a=3@5"]);
    expect(two.eventsOf(0n)).toEqual(["put a=1@2", "put a=2@3", "del a@4", "put a=3@5"]);
  });

  test("rule 28: two puts of one key in one transaction arrive together", async () => {
    const stream = bench.stream();
    await watch(stream, { key: "a", prevKv: true });
    bench.apply("+a=0");
    await stream.next();
    bench.apply("+a=1 +a=2");
    expect(eventsOf(await stream.next())).toEqual(["put a=1@3<0@2", "put a=2@3<0@2"]);
  });

  test("rule 43: 1001 revisions come in two responses, both with R, and no progress before them", async () => {
    for (let i = 0; i < 1001; i++) bench.apply(`+a=${i}`);
    const stream = bench.stream();
    await watch(stream, { key: "a", startRevision: 2n });
    stream.progress();
    const [first, second] = [await stream.next(), await stream.next()];
    expect([first.events.length, second.events.length]).toEqual([1000, 1]);
    expect([first.header?.revision, second.header?.revision]).toEqual([1002n, 1002n]);
    expect(first.events[0]?.kv?.modRevision).toBe(2n);
    // Rule 44: a request that comes too early is forgotten; the client asks again.
    stream.progress();
    expect(await stream.next()).toMatchObject({ watchId: -1n, events: [], header: { revision: 1002n } });
  });

  test("rule 53: long responses are cut for those who take fragments, and merge into one", async () => {
    const value = "x".repeat(1024 * 1024);
    for (let i = 0; i < 10; i++) bench.apply(`+a${i}=${value}`);
    const stream = bench.stream();
    await watch(stream, { key: "a", rangeEnd: "b", startRevision: 1n, fragment: true });
    await stream.until(() => stream.responses.flatMap(({ events }) => events).length === 10);
    const pieces = stream.responses.slice(1);
    expect(pieces.map(({ fragment }) => fragment)).toEqual([...pieces.slice(1).map(() => true), false]);
    expect(pieces.length).toBeGreaterThan(4);
    expect(Math.max(...stream.sizes)).toBeLessThan(2 * 1024 * 1024);
    expect(pieces.every(({ watchId, header }) => watchId === 0n && header?.revision === 11n)).toBe(true);
  });

  test("rule 53: without fragments a revision stays in one piece, which a client may find too large", async () => {
    const limit = { "grpc.max_receive_message_length": 512 * 1024 };
    const [small, large] = [bench.stream({}, limit), bench.stream()];
    for (const stream of [small, large]) await watch(stream, { key: "a", rangeEnd: "b" });
    const value = "x".repeat(100 * 1024);
    bench.apply(Array.from({ length: 10 }, (_, i) => `+a${i}=${value}`).join(" "));
    expect((await large.next()).events).toHaveLength(10);
    expect(await small.ended()).toMatchObject({ code: 8 });
  });

  test("rule 53: without fragments revisions that are large together come one after the other", async () => {
    const value = "x".repeat(1024 * 1024);
    for (let i = 0; i < 10; i++) bench.apply(`+a${i}=${value}`);
    const stream = bench.stream({}, { "grpc.max_receive_message_length": 1.5 * 1024 * 1024 });
    await watch(stream, { key: "a", rangeEnd: "b", startRevision: 1n });
    await stream.until(() => stream.responses.flatMap(({ events }) => events).length === 10);
    expect(stream.responses.some(({ fragment }) => fragment)).toBe(false);
  });
});

suite("cancelling", () => {
  test("rule 42: the second cancel of an id is passed over", async () => {
    const stream = bench.stream();
    await watch(stream, { key: "a" });
    bench.apply("+b=1");
    stream.cancelWatch(0n);
    stream.cancelWatch(0n);
    expect(await stream.next()).toMatchObject({
      canceled: true,
      created: false,
      watchId: 0n,
      cancelReason: "",
      compactRevision: 0n,
      header: { revision: 2n },
    });
    expect(await watch(stream, { key: "a" })).toMatchObject({ created: true, watchId: 1n });
    bench.apply("+a=1");
    expect(await stream.next()).toMatchObject({ watchId: 1n });
    expect(stream.responses).toHaveLength(4);
  });

  test("a start below the compacted revision: created, then cancelled with it, and registered until the client cancels", async () => {
    for (let i = 0; i < 8; i++) bench.apply(`+a=${i}`);
    await bench.compact(6);
    const stream = bench.stream();
    expect(await watch(stream, { key: "a", startRevision: 5n, watchId: 4n })).toMatchObject({
      created: true,
      canceled: false,
      header: { revision: 9n },
    });
    expect(await stream.next()).toMatchObject({
      created: false,
      canceled: true,
      watchId: 4n,
      compactRevision: 6n,
      cancelReason: "",
      header: { ...MEMBER, revision: 0n },
    });
    expect(await watch(stream, { key: "a", watchId: 4n })).toMatchObject({ canceled: true, watchId: -1n });
    stream.progress();
    stream.cancelWatch(4n);
    expect(await stream.next()).toMatchObject({ canceled: true, watchId: 4n, header: { revision: 9n } });
    expect(await watch(stream, { key: "a", watchId: 4n, startRevision: 6n })).toMatchObject({ watchId: 4n });
    expect((await stream.next()).events[0]?.kv?.modRevision).toBe(6n);
    stream.progress();
    expect(await stream.next()).toMatchObject({ watchId: -1n, header: { revision: 9n } });
  });

  test("rule 14: a watch from the compacted revision sees the delete that happened there", async () => {
    for (const change of ["+a=1", "+a=2", "-a", "+a=3"]) bench.apply(change);
    await bench.compact(4);
    const stream = bench.stream();
    await watch(stream, { key: "a", startRevision: 4n });
    expect(eventsOf(await stream.next())).toEqual(["del a@4", "put a=3@5"]);
  });

  test("a stream that its client cancels leaves nothing behind", async () => {
    const stream = bench.stream();
    await watch(stream, { key: "a" });
    stream.cancel();
    expect(await stream.ended()).toMatchObject({ code: 1 });
    while (bench.hub.statistics.watcherCount > 0) await settle();
    expect(bench.service.streamCount).toBe(0);
  });
});

suite("progress", () => {
  test("rule 45: nothing is told while a watcher lies in the future", async () => {
    const stream = bench.stream();
    await watch(stream, { key: "a", startRevision: 3n });
    stream.progress();
    bench.apply("+b=1");
    await settle();
    stream.progress();
    bench.apply("+b=2");
    await settle();
    stream.progress();
    expect(await stream.next()).toMatchObject({ watchId: -1n, header: { revision: 3n } });
    expect(stream.responses).toHaveLength(2);
  });

  test("rule 46: one response for all watchers of the stream; none without watchers", async () => {
    const stream = bench.stream();
    stream.progress();
    await watch(stream, { key: "a" });
    await watch(stream, { key: "b" });
    stream.progress();
    expect(await stream.next()).toMatchObject({
      watchId: -1n,
      created: false,
      canceled: false,
      events: [],
      header: { revision: 1n },
    });
    await settle();
    expect(stream.responses).toHaveLength(3);
  });

  test("rule 47: notifications come to those who asked, unless events came since the last", async () => {
    await bench.close();
    bench = await WatchBench.start({ progressIntervalMs: 30, random: () => 0 });
    const stream = bench.stream();
    await watch(stream, { key: "a", progressNotify: true });
    await watch(stream, { key: "b" });
    await watch(stream, { key: "c", progressNotify: true, startRevision: 100n });
    bench.apply("+b=1");
    await stream.until(() => stream.responses.filter(({ events }) => events.length === 0).length === 6);
    const told = stream.responses.slice(3).filter(({ events }) => events.length === 0);
    expect(told.every(({ watchId, created }) => watchId === 0n && !created)).toBe(true);
    expect(told.at(-1)?.header?.revision).toBe(2n);
  });
});

suite("leaders and learners", () => {
  test("rule 54: with hasleader a stream ends after three election timeouts without a leader; others go on", async () => {
    await bench.close();
    bench = await WatchBench.start({ electionTimeoutMs: 10 });
    const [bound, plain] = [bench.stream({ hasleader: "true" }), bench.stream()];
    await watch(bound, { key: "a" });
    await watch(plain, { key: "a" });
    bench.member.leaderId = 0n;
    expect(await bound.ended()).toEqual({ code: 14, details: "etcdserver: no leader" });
    while (bench.hub.statistics.streamCount > 1) await settle();
    expect(await bench.stream({ hasleader: "true" }).ended()).toMatchObject({ code: 14 });
    bench.apply("+a=1");
    expect(eventsOf(await plain.next())).toEqual(["put a=1@2"]);
  });

  test("a learner serves no watches", async () => {
    bench.member.isLearner = true;
    expect(await bench.stream().ended()).toEqual({
      code: 9,
      details: "etcdserver: rpc not supported for learner",
    });
  });

  test("a member that stops ends its streams with a status that clients try again", async () => {
    const stream = bench.stream();
    await watch(stream, { key: "a" });
    bench.service.stop();
    expect(await stream.ended()).toEqual({ code: 14, details: "etcdserver: server stopped" });
    expect(bench.hub.statistics).toMatchObject({ streamCount: 0, watcherCount: 0 });
    expect(await bench.stream().ended()).toMatchObject({ code: 14 });
  });
});

suite("slow clients", () => {
  test("a stalled client is told everything later, and others are not held up", async () => {
    const [stalled, other] = [bench.stream(), bench.stream()];
    await watch(stalled, { key: "a" });
    await watch(other, { key: "a" });
    stalled.pause();
    const value = "x".repeat(100_000);
    for (let i = 0; i < 60; i++) {
      bench.apply(`+a=${value}`);
      await other.next();
    }
    expect(bench.hub.statistics.behindCount).toBe(1);
    stalled.resume();
    await stalled.until(() => stalled.eventsOf(0n).length === 60);
    const revisions = stalled.responses.flatMap(({ events }) =>
      events.map(({ kv }) => Number(kv?.modRevision)),
    );
    expect(revisions).toEqual(Array.from({ length: 60 }, (_, i) => i + 2));
    while (bench.hub.statistics.behindCount > 0) await settle();
  });

  test("rule 51: compaction under a slow client gives what was queued, then the cancel, and no silent gap", async () => {
    const stream = bench.stream();
    await watch(stream, { key: "a" });
    stream.pause();
    const value = "x".repeat(100_000);
    for (let i = 0; i < 600; i++) {
      bench.apply(`+a=${value}`);
      await settle();
    }
    await bench.compact(bench.store.revision - 1);
    stream.resume();
    await stream.until(() => stream.responses.some(({ canceled }) => canceled));
    const revisions = stream.responses.flatMap(({ events }) =>
      events.map(({ kv }) => Number(kv?.modRevision)),
    );
    expect(revisions).toEqual(revisions.map((_, i) => i + 2));
    expect(revisions.length).toBeGreaterThan(0);
    expect(stream.responses.at(-1)).toMatchObject({ canceled: true, compactRevision: 600n, events: [] });
  });

  test("requests of a client that reads no answers are not read either", async () => {
    const stream = bench.stream();
    await watch(stream, { key: "a" });
    stream.pause();
    for (let i = 0; i < 40; i++) {
      bench.apply(`+a=${"x".repeat(100_000)}`);
      await settle();
    }
    const { watcherCount } = bench.hub.statistics;
    for (let i = 0; i < 100; i++) stream.create({ key: "b" });
    for (let i = 0; i < 20; i++) await settle();
    expect(bench.hub.statistics.watcherCount).toBe(watcherCount);
    stream.resume();
    await stream.until(() => stream.responses.filter(({ created }) => created).length === 101);
  });
});

test("requests of an older encoding: filters one by one", async () => {
  const stream = bench.stream();
  const request = create(pb.WatchCreateRequestSchema, { key: Buffer.from("a") });
  expect(request.filters).toEqual([]);
  // create_request { key: "a", filters: NODELETE unpacked }
  stream.sendRaw(Buffer.from([0x0a, 0x05, 0x0a, 0x01, 0x61, 0x28, 0x01]));
  await stream.next();
  bench.apply("+a=1");
  bench.apply("-a");
  bench.apply("+a=2");
  await stream.until(() => stream.eventsOf(0n).length === 2);
  expect(stream.eventsOf(0n)).toEqual(["put a=1@2", "put a=2@4"]);
});
