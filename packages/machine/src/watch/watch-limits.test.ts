/** What happens at the limits of the hub, and when things go wrong. */
import { describe, expect, test } from "vitest";
import { latin1 } from "../mvcc/testing/naive-store.js";
import { PAGE_BYTES } from "../mvcc/record-cache.js";
import { RECENT_REVISION_EVENTS_MAX, RESPONSE_BYTES_TARGET, RESPONSE_REVISIONS_MAX } from "./limits.js";
import { HubFixture, TestStream } from "./testing/hub-fixture.js";

describe("sizes", () => {
  test(`a response ends at ${String(RESPONSE_REVISIONS_MAX)} revisions`, async () => {
    const fixture = await HubFixture.open();
    fixture.putMany("a", RESPONSE_REVISIONS_MAX + 1);
    const stream = fixture.stream();
    stream.watch("a", { startRevision: 1 });
    await fixture.settle();
    expect(stream.responses.map((each) => (each.kind === "events" ? each.events.length : each.kind))).toEqual(
      [RESPONSE_REVISIONS_MAX, 1],
    );
  });

  test(`a response ends with the revision that would bring it above ${String(RESPONSE_BYTES_TARGET)} bytes`, async () => {
    const fixture = await HubFixture.open();
    const value = "x".repeat(RESPONSE_BYTES_TARGET / 4);
    for (let i = 0; i < 8; i++) fixture.apply(`+a${String(i)}=${value}`);
    fixture.apply(["+a=1", "+b=2", "+c=3", "+d=4", "+e=5"].map((each) => each + value).join(" "));
    const stream = fixture.stream();
    stream.watch("a", { end: "\0", startRevision: 1 });
    await fixture.settle(40);
    const counts = stream.responses.map((each) => (each.kind === "events" ? each.events.length : 0));
    // Three and a bit fit; the last revision is longer and is not split.
    expect(counts).toEqual([3, 3, 2, 5]);
  });

  test("a revision of more events than are kept is read from the store, once for all", async () => {
    const fixture = await HubFixture.open();
    const streams = [fixture.stream(), fixture.stream()];
    const ids = streams.map((stream) => stream.watch("k", { end: "l" }));
    const late = streams[0]?.watch("a");
    fixture.apply("+k=first");
    const count = RECENT_REVISION_EVENTS_MAX + 1;
    fixture.apply(Array.from({ length: count }, (_, i) => `+k${String(i)}=`).join(" "));
    expect(fixture.hub.statistics.recentBytes).toBe(0);
    fixture.apply("+a=1 +k=last");
    await fixture.settle(60);
    for (const [i, stream] of streams.entries()) {
      const events = stream.eventsOf(ids[i] ?? -1);
      expect(events).toHaveLength(count + 2);
      expect([events[0], events.at(-1)]).toEqual(["put k=first@2/v1", "put k=last@4/v2"]);
      const large = stream.responses.find((each) => each.kind === "events" && each.events.length >= count);
      expect(large).toBeDefined();
    }
    expect(streams[0]?.eventsOf(late ?? -1)).toEqual(["put a=1@4/v1"]);
  });

  test("recent events stay within their bytes, and nobody misses what was dropped", async () => {
    const fixture = await HubFixture.open({}, { recentBytesMax: 10_000 });
    const stream = fixture.stream();
    const id = stream.watch("a");
    stream.room = 1;
    for (let i = 0; i < 400; i++) {
      fixture.apply(`+a=${"v".repeat(100)}`);
      if (i === 0) await fixture.settle();
    }
    await fixture.settle();
    expect(fixture.hub.statistics).toMatchObject({ behindCount: 1 });
    expect(fixture.hub.statistics.recentBytes).toBeLessThanOrEqual(10_000 + 2500);
    stream.drain();
    await fixture.settle(40);
    expect(stream.eventsOf(id)).toHaveLength(400);
  });

  test("nothing is kept without watchers", async () => {
    const fixture = await HubFixture.open();
    const stream = fixture.stream();
    const id = stream.watch("a");
    fixture.apply("+a=1");
    await fixture.settle();
    expect(fixture.hub.statistics.recentBytes).toBeGreaterThan(0);
    stream.cancel(id);
    fixture.apply("+a=1");
    expect(fixture.hub.statistics).toMatchObject({ recentBytes: 0, watcherCount: 0, rangeCount: 0 });
  });
});

describe("pairs before", () => {
  test("are asked of the engine when they are not in memory", async () => {
    const fixture = await HubFixture.open({ cacheBytesMax: PAGE_BYTES });
    fixture.apply("+a=old");
    for (let i = 0; i < 6; i++) fixture.apply(`+fill=${"f".repeat(PAGE_BYTES / 2)}`);
    await fixture.store.flushPending();
    // The cache drops pages when it needs another one.
    for (let i = 0; i < 4; i++) {
      fixture.apply(`+fill=${"f".repeat(PAGE_BYTES / 2)}`);
      await fixture.store.flushPending();
    }
    const slot = fixture.store.find(latin1("a"), 0, 1, fixture.store.revision);
    expect(fixture.store.record(slot)).toBeUndefined();
    const stream = fixture.stream();
    const id = stream.watch("a", { withPrevious: true });
    const revision = fixture.apply("+a=new");
    await fixture.settle();
    expect(stream.eventsOf(id)).toEqual([`put a=new@${String(revision)}/v2<old@2`]);
  });

  test("a response is cut where they become too many bytes, and nothing is lost", async () => {
    const fixture = await HubFixture.open();
    const value = "x".repeat(1024 * 1024);
    for (let i = 0; i < 20; i++) fixture.apply(`+k${String(i)}=${value}`);
    const stream = fixture.stream();
    const id = stream.watch("k", { end: "l", withPrevious: true });
    for (let i = 0; i < 20; i++) fixture.apply(`-k${String(i)}`);
    await fixture.settle(60);
    const told = stream.eventsOf(id).map((each) => each.slice(0, each.indexOf("<") + 3));
    expect(told).toEqual(Array.from({ length: 20 }, (_, i) => `del k${String(i)}@${String(i + 22)}<xx`));
    expect(fixture.hub.statistics.recentBytes).toBeLessThan(20 * 1024 * 1024);
  });
});

describe("turns", () => {
  /** A hub whose clock goes on by a millisecond each time it is looked at. */
  async function slowHub(): Promise<{ readonly fixture: HubFixture; readonly turns: (() => void)[] }> {
    const turns: (() => void)[] = [];
    let nowMs = 0;
    const fixture = await HubFixture.open(
      {},
      { scheduler: { soon: (task) => void turns.push(task) }, nowMs: () => nowMs++ },
    );
    return { fixture, turns };
  }

  test("are short: a thousand watchers of a key are told in many of them", async () => {
    const { fixture, turns } = await slowHub();
    const stream = fixture.stream();
    for (let i = 0; i < 1000; i++) stream.watch("a");
    fixture.apply("+a=1");
    const counts: number[] = [];
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
      const before = stream.responses.length;
      turn();
      counts.push(stream.responses.length - before);
    }
    expect(stream.responses).toHaveLength(1000);
    expect(Math.max(...counts)).toBeLessThan(200);
    expect(counts.length).toBeGreaterThan(5);
  });

  test("between them watchers come and go, and each is told once or not at all", async () => {
    const { fixture, turns } = await slowHub();
    const stream = fixture.stream();
    const ids = Array.from({ length: 300 }, () => stream.watch("a"));
    const gone = fixture.stream();
    for (let i = 0; i < 300; i++) gone.watch("a");
    fixture.apply("+a=1");
    turns.shift()?.();
    for (const id of ids.filter((_, i) => i % 2 === 0)) stream.cancel(id);
    const told = new Set(stream.responses.map(({ id }) => id));
    gone.stream.close();
    const closedWith = gone.responses.length;
    const late = stream.watch("a");
    const old = stream.watch("a", { startRevision: 2 });
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
    expect(gone.responses).toHaveLength(closedWith);
    for (const [i, id] of ids.entries())
      expect(stream.eventsOf(id), `watcher ${String(id)}`).toHaveLength(i % 2 === 1 || told.has(id) ? 1 : 0);
    expect(stream.eventsOf(late)).toEqual([]);
    expect(stream.eventsOf(old)).toEqual(["put a=1@2/v1"]);
    expect(fixture.hub.statistics.streamCount).toBe(1);
  });

  test("the watchers of a stream that has ended go little by little, and are told nothing", async () => {
    const { fixture, turns } = await slowHub();
    const stream = fixture.stream();
    for (let i = 0; i < 5000; i++) stream.watch(`k${String(i)}`);
    stream.stream.close();
    const { watcherCount } = fixture.hub.statistics;
    expect(watcherCount).toBeGreaterThan(4000);
    fixture.apply("+k4999=1 +k1=1");
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) turn();
    expect(stream.responses).toEqual([]);
    expect(fixture.hub.statistics).toMatchObject({ watcherCount: 0, rangeCount: 0, streamCount: 0 });
  });

  test("a stream may be closed by whoever is being told", async () => {
    const fixture = await HubFixture.open();
    const [first, second] = [fixture.stream(), fixture.stream()];
    for (const stream of [first, second, first, second]) stream.watch("a");
    first.onResponse = () => {
      first.stream.close();
    };
    fixture.apply("+a=1");
    await fixture.settle();
    fixture.apply("+a=2");
    await fixture.settle();
    expect(first.responses).toHaveLength(1);
    expect(second.responses).toHaveLength(4);
  });
});

describe("stores that are replaced", () => {
  test("rule 52: a watch of a revision to come sees all from there on that came in between, and nothing before", async () => {
    const fixture = await HubFixture.open();
    const stream = fixture.stream();
    const id = stream.watch("a", { startRevision: 5 });
    await fixture.replaceStore(Array.from({ length: 15 }, (_, i) => `+a=${String(i + 2)}`));
    await fixture.settle();
    expect(stream.eventsOf(id)).toEqual(
      Array.from({ length: 12 }, (_, i) => `put a=${String(i + 5)}@${String(i + 5)}/v${String(i + 4)}`),
    );
    fixture.apply("+a=last");
    await fixture.settle();
    expect(stream.eventsOf(id).at(-1)).toBe("put a=last@17/v16");
  });

  test("who needs what the new store has compacted is told so; who begins later goes on", async () => {
    const fixture = await HubFixture.open();
    const stream = fixture.stream();
    const present = stream.watch("a");
    const later = stream.watch("a", { startRevision: 9 });
    const exact = stream.watch("a", { startRevision: 8 });
    await fixture.replaceStore(
      Array.from({ length: 9 }, (_, i) => `+a=${String(i)}`),
      8,
    );
    await fixture.settle();
    expect(stream.responses.filter(({ kind }) => kind === "compacted")).toEqual([
      { kind: "compacted", id: present, revision: 8 },
    ]);
    expect(stream.eventsOf(later)).toEqual(["put a=7@9/v8", "put a=8@10/v9"]);
    expect(stream.eventsOf(exact)).toHaveLength(3);
    expect(stream.cancel(present)).toBe(10);
  });

  test("a read of the old store that fails is of no interest; one of the present store is", async () => {
    const fixture = await HubFixture.open();
    fixture.apply("+a=1");
    const stream = fixture.stream();
    const id = stream.watch("a", { startRevision: 1 });
    breakHistory(fixture);
    await fixture.settle(1);
    await fixture.replaceStore(["+a=1", "+a=2"]);
    await fixture.settle();
    expect(fixture.errors).toEqual([]);
    expect(stream.eventsOf(id)).toEqual(["put a=1@2/v1", "put a=2@3/v2"]);

    breakHistory(fixture);
    new TestStream(fixture.hub).watch("a", { startRevision: 1 });
    await fixture.settle(20);
    expect(fixture.errors).toEqual([new Error("the disk is gone")]);
  });
});

/** From now on, what reads the store's history fails after a while. */
function breakHistory({ store }: HubFixture): void {
  const next = async (): Promise<never> => {
    for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
    throw new Error("the disk is gone");
  };
  Object.assign(store, { history: () => ({ [Symbol.asyncIterator]: () => ({ next }) }) });
}

describe("progress", () => {
  test("rule 44: a request right after the creation of a watch of the past is forgotten", async () => {
    const fixture = await HubFixture.open();
    fixture.putMany("a", 10);
    const stream = fixture.stream();
    const id = stream.watch("a", { startRevision: 2 });
    stream.stream.requestProgress();
    await fixture.settle(20);
    expect(stream.responses.map(({ kind }) => kind)).toEqual(["events"]);
    stream.stream.requestProgress();
    await fixture.settle();
    expect(stream.responses.at(-1)).toEqual({ kind: "progress", id: -1, revision: 11 });
    expect(stream.eventsOf(id)).toHaveLength(10);
  });

  test("comes behind the events that were committed before it was asked for", async () => {
    const fixture = await HubFixture.open();
    const stream = fixture.stream();
    stream.watch("a");
    fixture.putMany("a", 3);
    stream.stream.requestProgress();
    stream.stream.requestProgress();
    await fixture.settle();
    expect(stream.responses.map(({ kind, revision }) => [kind, revision])).toEqual([
      ["events", 4],
      ["progress", 4],
    ]);
  });

  test("is dropped for a stream that takes no more, and while a watcher is compacted", async () => {
    const fixture = await HubFixture.open();
    fixture.putMany("a", 5);
    await fixture.compact(4);
    const stream = fixture.stream();
    stream.watch("a");
    const gone = stream.watch("a", { startRevision: 2 });
    await fixture.settle();
    stream.stream.requestProgress();
    stream.cancel(gone);
    stream.room = 1;
    fixture.apply("+a=1");
    await fixture.settle();
    stream.stream.requestProgress();
    stream.stream.tellProgress();
    stream.drain();
    await fixture.settle();
    expect(stream.responses.map(({ kind }) => kind)).toEqual(["compacted", "events"]);
    stream.stream.requestProgress();
    await fixture.settle();
    expect(stream.responses.at(-1)).toEqual({ kind: "progress", id: -1, revision: 7 });
  });
});

test("a hub that is closed tells nothing more", async () => {
  const fixture = await HubFixture.open();
  const stream = fixture.stream();
  stream.watch("a");
  fixture.apply("+a=1");
  fixture.hub.close();
  await fixture.settle();
  expect(stream.responses).toEqual([]);
});
