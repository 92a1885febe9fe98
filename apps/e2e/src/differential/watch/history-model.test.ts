import { describe, expect, it } from "vitest";
import { HistoryModel } from "./history-model.js";
import type { Change, Write } from "./history-model.js";

function put(key: string, value: string, lease = 0n): Change {
  return { kind: "put", key, value, lease };
}

function txn(...changes: Change[]): Write {
  return { kind: "txn", ifMissing: undefined, changes };
}

function describeEvents({ events }: HistoryModel): string[] {
  return events.map(({ main, isDelete, pair, previous }) => {
    const what = isDelete
      ? `del ${pair.key}`
      : `put ${pair.key}=${pair.value} c${pair.create} v${pair.version}`;
    return `${main} ${what}${previous === undefined ? "" : ` before ${previous.value}`}`;
  });
}

describe("the model of a history", () => {
  it("gives a transaction one revision, and pairs the ones of the revision before", () => {
    const history = new HistoryModel();
    history.apply(txn(put("a", "1")));
    history.apply(txn(put("a", "2"), put("b", "1")));
    history.apply(txn({ kind: "delete", key: "a", end: "\0" }, put("a", "3")));
    expect(describeEvents(history)).toEqual([
      "2 put a=1 c2 v1",
      "3 put a=2 c2 v2 before 1",
      "3 put b=1 c3 v1",
      "4 del a before 2",
      "4 del b before 1",
      "4 put a=3 c4 v1",
    ]);
    expect([...history.doubled]).toEqual([4]);
  });

  it("makes no revision of what changes nothing", () => {
    const history = new HistoryModel();
    history.apply({ kind: "txn", ifMissing: undefined, changes: [{ kind: "delete", key: "a", end: "" }] });
    history.apply({ kind: "grant", lease: 7n });
    history.apply({ kind: "revoke", lease: 7n });
    expect(history.revision).toBe(1);
    history.apply(txn(put("a", "1")));
    history.apply({ kind: "txn", ifMissing: "a", changes: [put("b", "1")] });
    expect(history.revision).toBe(2);
  });

  it("revokes a lease with the keys that it has now, in byte order", () => {
    const history = new HistoryModel();
    history.apply({ kind: "grant", lease: 7n });
    history.apply(txn(put("b", "1", 7n), put("\xff", "1", 7n), put("a", "1", 7n), put("c", "1", 7n)));
    history.apply(txn(put("c", "2")));
    history.apply({ kind: "revoke", lease: 7n });
    expect(history.events.slice(-3).map(({ main, pair }) => [main, pair.key])).toEqual([
      [4, "a"],
      [4, "b"],
      [4, "\xff"],
    ]);
  });
});
