import { create, mvccpb } from "@quorate/proto";
import { expect, test } from "vitest";
import { encodeUtf8 } from "../../text/escape.js";
import { KeyTally, talliedRevisionsMax } from "./key-tally.js";

const key = encodeUtf8("k");
const created = (modRevision: bigint): mvccpb.Event =>
  create(mvccpb.EventSchema, { kv: { key, modRevision, createRevision: modRevision } });
const changed = (modRevision: bigint): mvccpb.Event =>
  create(mvccpb.EventSchema, { kv: { key, modRevision, createRevision: 1n } });
const deleted = (modRevision: bigint): mvccpb.Event =>
  create(mvccpb.EventSchema, { type: mvccpb.Event_EventType.DELETE, kv: { key, modRevision } });

test("what happened behind the count's revision is added to it, what came before is in it", () => {
  const tally = new KeyTally();
  expect(tally.take([created(4n), created(5n), created(6n), changed(6n), deleted(7n), created(8n)])).toBe(
    true,
  );
  expect(tally.total({ count: 10n, revision: 5n })).toBe(11n);
  expect(tally.total({ count: 11n, revision: 8n })).toBe(11n);
});

test("a key that is deleted and made again in one revision counts once", () => {
  const tally = new KeyTally();
  tally.take([deleted(4n), created(4n)]);
  expect(tally.total({ count: 10n, revision: 3n })).toBe(10n);
});

test("too many changes are forgotten, and only a count behind them is believed", () => {
  const tally = new KeyTally();
  const many = Array.from({ length: talliedRevisionsMax + 1 }, (_, at) => created(BigInt(at + 1)));
  expect(tally.take(many)).toBe(false);
  expect(tally.total({ count: 3n, revision: 1n })).toBeUndefined();
  expect(tally.total({ count: 9n, revision: BigInt(talliedRevisionsMax + 1) })).toBe(9n);
});
