import { describe, expect, test } from "vitest";
import { HubFixture } from "./testing/hub-fixture.js";

describe("watchers in step", () => {
  test("a watcher of a key is told of its puts and deletes, each revision in a response of its own turn", async () => {
    const fixture = await HubFixture.open();
    const stream = fixture.stream();
    const id = stream.watch("a");
    fixture.apply("+a=1");
    await fixture.settle();
    fixture.apply("+b=2");
    fixture.apply("-a");
    await fixture.settle();
    expect(stream.responses).toEqual([
      { kind: "events", id, revision: 2, events: ["put a=1@2/v1"] },
      { kind: "events", id, revision: 4, events: ["del a@4"] },
    ]);
  });

  test("what happens in one turn shares a response, whose header shows the last revision in it", async () => {
    const fixture = await HubFixture.open();
    const stream = fixture.stream();
    const id = stream.watch("a");
    fixture.apply("+a=1");
    fixture.apply("+a=2");
    fixture.apply("+b=2");
    await fixture.settle();
    expect(stream.responses).toEqual([
      { kind: "events", id, revision: 3, events: ["put a=1@2/v1", "put a=2@3/v2"] },
    ]);
  });

  test("watchers of one key share the bytes of a long response", async () => {
    const fixture = await HubFixture.open();
    const streams = [fixture.stream(), fixture.stream()];
    for (const stream of streams) stream.watch("a");
    fixture.apply(`+a=${"x".repeat(5000)}`);
    await fixture.settle();
    expect(streams[0]?.bodies[0]).toBeDefined();
    expect(streams[0]?.bodies[0]).toBe(streams[1]?.bodies[0]);
  });

  test("intervals, open ends and the empty key", async () => {
    const fixture = await HubFixture.open();
    const stream = fixture.stream();
    const interval = stream.watch("b", { end: "d" });
    const open = stream.watch("c", { end: "\0" });
    const all = stream.watch("", { end: "\0" });
    fixture.apply("+a=1 +b=1 +c=1 +d=1");
    await fixture.settle();
    expect(stream.eventsOf(interval)).toEqual(["put b=1@2/v1", "put c=1@2/v1"]);
    expect(stream.eventsOf(open)).toEqual(["put c=1@2/v1", "put d=1@2/v1"]);
    expect(stream.eventsOf(all)).toHaveLength(4);
  });
});

describe("watchers behind", () => {
  test("a watcher from the past is told from the recent events, then goes on in step", async () => {
    const fixture = await HubFixture.open();
    const other = fixture.stream();
    other.watch("x");
    for (const value of ["1", "2", "3"]) fixture.apply(`+a=${value}`);
    await fixture.settle();
    const stream = fixture.stream();
    const id = stream.watch("a", { startRevision: 3 });
    await fixture.settle();
    fixture.apply("+a=4");
    await fixture.settle();
    expect(stream.responses).toEqual([
      { kind: "events", id, revision: 4, events: ["put a=2@3/v2", "put a=3@4/v3"] },
      { kind: "events", id, revision: 5, events: ["put a=4@5/v4"] },
    ]);
  });

  test("a watcher from before the recent events is told from the store", async () => {
    const fixture = await HubFixture.open();
    for (const value of ["1", "2", "3"]) fixture.apply(`+a=${value} +b=0`);
    const stream = fixture.stream();
    const id = stream.watch("a", { startRevision: 1, withPrevious: true });
    await fixture.settle();
    expect(stream.responses).toEqual([
      {
        kind: "events",
        id,
        revision: 4,
        events: ["put a=1@2/v1", "put a=2@3/v2<1@2", "put a=3@4/v3<2@3"],
      },
    ]);
  });

  test("a stream that takes no more is told later of what it missed, in order", async () => {
    const fixture = await HubFixture.open();
    const stream = fixture.stream();
    const id = stream.watch("a");
    stream.room = 1;
    for (let i = 0; i < 5; i++) {
      fixture.apply(`+a=${String(i)}`);
      await fixture.settle();
    }
    expect(stream.responses).toHaveLength(1);
    stream.drain();
    await fixture.settle();
    expect(stream.eventsOf(id)).toEqual(
      [0, 1, 2, 3, 4].map((i) => `put a=${String(i)}@${String(i + 2)}/v${String(i + 1)}`),
    );
    expect(fixture.hub.statistics.behindCount).toBe(0);
  });
});
