import { create, mvccpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { EventBuffer } from "./event-buffer.js";
import { createMatcher, rowOf } from "./event-row.js";

const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

function put(key: string, revision: number, value = "v", created = revision): mvccpb.Event {
  return create(mvccpb.EventSchema, {
    kv: {
      key: bytes(key),
      value: bytes(value),
      modRevision: BigInt(revision),
      createRevision: BigInt(created),
    },
  });
}

function del(key: string, revision: number, before?: string): mvccpb.Event {
  return create(mvccpb.EventSchema, {
    type: mvccpb.Event_EventType.DELETE,
    kv: { key: bytes(key), modRevision: BigInt(revision) },
    ...(before === undefined ? {} : { prevKv: { key: bytes(key), value: bytes(before) } }),
  });
}

const keysOf = (buffer: EventBuffer): string[] =>
  buffer.snapshot().rows.map((row) => new TextDecoder().decode(row.key));

describe("the buffer of events", () => {
  it("keeps order, counts and the newest revision", () => {
    const buffer = new EventBuffer();
    buffer.add([put("a", 5), put("b", 5)], 5n, 100);
    buffer.add([], 9n, 200);
    expect(buffer.snapshot()).toMatchObject({
      received: 2,
      dropped: 0,
      waiting: 0,
      paused: false,
      revision: 9n,
    });
    expect(buffer.snapshot().rows.map((row) => row.sequence)).toEqual([1, 2]);
  });

  it("drops the oldest beyond its rows", () => {
    const buffer = new EventBuffer({ rowsMax: 3, bytesMax: 1e9 });
    for (const [at, key] of [..."abcde"].entries()) buffer.add([put(key, at + 1)], BigInt(at + 1), 0);
    expect(keysOf(buffer)).toEqual(["c", "d", "e"]);
    expect(buffer.snapshot()).toMatchObject({ received: 5, dropped: 2 });
  });

  it("drops the oldest beyond its bytes, also the only one", () => {
    const buffer = new EventBuffer({ rowsMax: 100, bytesMax: 1000 });
    buffer.add([put("a", 1, "x".repeat(400)), put("b", 2, "x".repeat(400))], 2n, 0);
    expect(keysOf(buffer)).toEqual(["b"]);
    buffer.add([put("c", 3, "x".repeat(2000))], 3n, 0);
    expect(keysOf(buffer)).toEqual([]);
    buffer.add([put("d", 4)], 4n, 0);
    expect(keysOf(buffer)).toEqual(["d"]);
  });

  it("stands still while paused and loses nothing on resuming", () => {
    const buffer = new EventBuffer();
    buffer.add([put("a", 1)], 1n, 0);
    const seen = buffer.snapshot().rows;
    buffer.pause();
    buffer.add([put("b", 2), put("c", 3)], 3n, 0);
    expect(buffer.snapshot()).toMatchObject({ waiting: 2, paused: true, received: 3, revision: 3n });
    expect(keysOf(buffer)).toEqual(["a"]);
    buffer.resume();
    expect(keysOf(buffer)).toEqual(["a", "b", "c"]);
    expect(seen.length).toBe(1);
  });

  it("paused for long drops of what waits, not of what is read", () => {
    const buffer = new EventBuffer({ rowsMax: 2, bytesMax: 1e9 });
    buffer.add([put("a", 1)], 1n, 0);
    buffer.pause();
    buffer.add([put("b", 2), put("c", 3), put("d", 4)], 4n, 0);
    expect(keysOf(buffer)).toEqual(["a"]);
    expect(buffer.snapshot()).toMatchObject({ waiting: 2, dropped: 1 });
    buffer.resume();
    expect(keysOf(buffer)).toEqual(["c", "d"]);
  });

  it("cleared starts empty at the same place of the stream", () => {
    const buffer = new EventBuffer();
    buffer.add([put("a", 7)], 7n, 0);
    buffer.clear();
    expect(buffer.snapshot()).toMatchObject({ rows: [], received: 1, revision: 7n });
  });
});

describe("rows", () => {
  it.each([
    [put("a", 5), "create"],
    [put("a", 5, "v", 3), "update"],
    [del("a", 5), "delete"],
  ])("tell what happened (%#)", (event, kind) => {
    const row = rowOf(event, 1, 0);
    expect(row).toMatchObject({ kind, revision: 5n });
    expect(row.after === undefined).toBe(kind === "delete");
  });

  const rows = [
    rowOf(put("Alpha", 1, "one"), 1, 0),
    rowOf(del("beta", 2, "Was ALPHA"), 2, 0),
    rowOf(put("gamma", 3), 3, 0),
  ];

  it.each([
    [{ puts: true, deletes: true, text: "" }, [1, 2, 3]],
    [{ puts: true, deletes: false, text: "" }, [1, 3]],
    [{ puts: false, deletes: true, text: "" }, [2]],
    [{ puts: true, deletes: true, text: "alpha" }, [1, 2]],
    [{ puts: true, deletes: true, text: "ONE" }, [1]],
    [{ puts: false, deletes: false, text: "" }, []],
  ])("are filtered by %j", (filter, left) => {
    expect(rows.filter(createMatcher(filter)).map((row) => row.sequence)).toEqual(left);
  });
});
