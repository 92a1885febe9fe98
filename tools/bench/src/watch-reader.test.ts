import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { expect, test } from "vitest";
import { frame } from "./messages.js";
import { WatchReader } from "./watch-reader.js";

function read(pieces: readonly Uint8Array[]): readonly string[] {
  const seen: string[] = [];
  const reader = new WatchReader({
    onCreated: () => seen.push("created"),
    onEvent: (value) => seen.push(`event ${Buffer.from(value).toString()}`),
    onCanceled: (reason) => seen.push(`canceled ${reason}`),
  });
  for (const piece of pieces) reader.read(piece);
  return seen;
}

const created = frame(new BinaryWriter().tag(2, 0).int64(7).tag(3, 0).bool(true).finish());
const canceled = frame(new BinaryWriter().tag(4, 0).bool(true).tag(6, 2).string("compacted").finish());
const kv = new BinaryWriter().tag(1, 2).string("k").tag(3, 0).int64(9).tag(5, 2).string("v").finish();
const event = new BinaryWriter().tag(2, 2).bytes(kv).finish();
const events = frame(new BinaryWriter().tag(11, 2).bytes(event).tag(11, 2).bytes(event).finish());

test("responses are read from any pieces", () => {
  const all = Buffer.concat([created, events, canceled]);
  const expected = ["created", "event v", "event v", "canceled compacted"];
  expect(read([all])).toEqual(expected);
  expect(read([...all].map((byte) => Uint8Array.of(byte)))).toEqual(expected);
});

test("an event without a value has an empty one", () => {
  const empty = frame(new BinaryWriter().tag(11, 2).bytes(new Uint8Array()).finish());
  expect(read([empty])).toEqual(["event "]);
});
