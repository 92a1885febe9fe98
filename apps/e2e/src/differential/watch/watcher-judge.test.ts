import { create, mvccpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { HistoryModel } from "./history-model.js";
import { WatcherJudge } from "./watcher-judge.js";
import type { WatcherSpec } from "./watcher-judge.js";

const EVERYTHING: WatcherSpec = {
  key: "",
  end: "\0",
  start: 2,
  noPut: false,
  noDelete: false,
  withPrevious: false,
  fragment: false,
  progress: false,
};

/** a=1 at 2, a=2 and b=1 at 3, a deleted at 4. */
function prepare(spec: Partial<WatcherSpec> = {}): { history: HistoryModel; judge: WatcherJudge } {
  const history = new HistoryModel();
  const put = (key: string, value: string) => ({ kind: "put", key, value, lease: 0n }) as const;
  history.apply({ kind: "txn", ifMissing: undefined, changes: [put("a", "1")] });
  history.apply({ kind: "txn", ifMissing: undefined, changes: [put("a", "2"), put("b", "1")] });
  history.apply({ kind: "txn", ifMissing: undefined, changes: [{ kind: "delete", key: "a", end: "" }] });
  const setting = { createdRevision: history.revision, dropsTombstones: false };
  return { history, judge: new WatcherJudge(history, { ...EVERYTHING, ...spec }, setting) };
}

function pair(text: string): mvccpb.KeyValue {
  const [key = "", value = "", mod, made, version] = text.split(/[=@/]/);
  return create(mvccpb.KeyValueSchema, {
    key: Buffer.from(key),
    value: Buffer.from(value),
    modRevision: BigInt(mod ?? 0),
    createRevision: BigInt(made ?? 0),
    version: BigInt(version ?? 0),
  });
}

function event(text: string, type: mvccpb.Event_EventType, before?: string): mvccpb.Event {
  const prevKv = before === undefined ? {} : { prevKv: pair(before) };
  return create(mvccpb.EventSchema, { type, kv: pair(text), ...prevKv });
}

const [FIRST, SECOND, OTHER, LAST] = [
  event("a=1@2/2/1", 0),
  event("a=2@3/2/2", 0),
  event("b=1@3/3/1", 0),
  event("a=@4/0/0", 1),
];

describe("the judge of a watcher", () => {
  it("takes a whole history, however it is batched", () => {
    for (const batches of [[[FIRST, SECOND, OTHER, LAST]], [[FIRST], [SECOND, OTHER], [LAST]]]) {
      const { judge } = prepare();
      expect(judge.missing()).toContain('"a"="1"');
      for (const batch of batches) expect(judge.onEvents(4, batch)).toBeUndefined();
      expect(judge.missing()).toBeUndefined();
      expect(judge.onProgress(4)).toBeUndefined();
      expect(judge.resumeRevision).toBe(5);
    }
  });

  it("sees what is left out, comes twice, in another order, or in two parts", () => {
    expect(prepare().judge.onEvents(4, [SECOND, OTHER])).toContain("instead of");
    expect(prepare().judge.onEvents(4, [FIRST, OTHER, SECOND])).toContain("instead of");
    expect(prepare().judge.onEvents(4, [FIRST, FIRST])).toContain("instead of");
    expect(prepare().judge.onEvents(4, [FIRST, SECOND])).toBe("revision 3 was split");
    const { judge } = prepare();
    judge.onEvents(4, [FIRST, SECOND, OTHER, LAST]);
    expect(judge.onEvents(4, [LAST])).toContain("nothing is left to tell");
  });

  it("sees headers and progress that promise too much", () => {
    expect(prepare().judge.onEvents(5, [FIRST])).toBe("its header shows 5, its last event 2");
    expect(prepare().judge.onEvents(1, [FIRST])).toBe("its header shows 1, its last event 2");
    expect(prepare().judge.onProgress(2)).toContain("was not told of");
    expect(prepare({ start: 9 }).judge.onProgress(4)).toContain("before its start");
    expect(prepare().judge.onProgress(9)).toContain("which is to come");
  });

  it("sees pairs before that are wrong, missing or unasked for, and lets compacted ones be missing", () => {
    const told = (spec: Partial<WatcherSpec>, before?: string): string | undefined =>
      prepare({ start: 4, ...spec }).judge.onEvents(4, [event("a=@4/0/0", 1, before)]);
    expect(told({ withPrevious: true }, "a=2@3/2/2")).toBeUndefined();
    expect(told({ withPrevious: true }, "a=1@2/2/1")).toContain("the pair before is");
    expect(told({ withPrevious: true })).toContain("not shown");
    expect(told({}, "a=2@3/2/2")).toContain("unasked");
    const { history, judge } = prepare({ start: 4, withPrevious: true });
    history.apply({ kind: "compact", revision: 4 });
    expect(judge.onEvents(4, [LAST])).toBeUndefined();
  });

  it("lets a compaction end those that it took something from, and nobody else", () => {
    const { history, judge } = prepare();
    history.apply({ kind: "compact", revision: 3 });
    expect(judge.onCompacted(2)).toBe("no compaction was at 2");
    expect(prepare().judge.onCompacted(3)).toBe("no compaction was at 3");
    const late = prepare();
    late.history.apply({ kind: "compact", revision: 3 });
    expect(late.judge.onCompacted(3)).toBeUndefined();
    expect(late.judge.onEvents(4, [FIRST])).toBe("events after it was compacted");
    const ahead = prepare();
    ahead.judge.onEvents(4, [FIRST]);
    ahead.history.apply({ kind: "compact", revision: 3 });
    expect(ahead.judge.onCompacted(3)).toContain("but it goes on with 3");
  });

  it("filters as it was asked to", () => {
    const { judge } = prepare({ noPut: true });
    expect(judge.onEvents(4, [LAST])).toBeUndefined();
    expect(prepare({ noDelete: true }).judge.onEvents(4, [FIRST, SECOND, OTHER])).toBeUndefined();
  });
});
