import { createEntry, decodeConfChange, EntryType, type Entry } from "@quorate/raft";
import { expect, test } from "vitest";
import type { LoggedHistory } from "./bootstrap.js";
import { forceNewCluster } from "./force-new-cluster.js";

function entries(from: number, to: number): Entry[] {
  const list: Entry[] = [];
  for (let index = from; index <= to; index++)
    list.push(createEntry(EntryType.EntryNormal, 3, index, Uint8Array.of(index)));
  return list;
}

const history: LoggedHistory = {
  hardState: { term: 5, vote: 2n, commit: 12 },
  snapshot: { index: 10, term: 3, confState: undefined },
  entries: entries(11, 15),
};

test("what was committed stays, what was not goes, and the others are removed behind it", () => {
  const forced = forceNewCluster(history, { appliedIndex: 11, memberId: 1n, memberIds: [1n, 2n, 3n] });
  expect(forced.history.hardState).toEqual({ term: 5, vote: 2n, commit: 14 });
  expect(forced.history.entries.map(({ index }) => index)).toEqual([11, 12, 13, 14]);
  expect(forced.entries).toEqual(forced.history.entries.slice(2));
  for (const entry of forced.entries) {
    expect(entry).toMatchObject({ type: EntryType.EntryConfChange, term: 5 });
  }
  const removed = forced.entries.map((entry) => decodeConfChange(entry));
  expect(removed).toMatchObject([{ nodeId: 2n }, { nodeId: 3n }]);
});

test("what the store has applied was committed, whatever the log says", () => {
  const forced = forceNewCluster(history, { appliedIndex: 14, memberId: 1n, memberIds: [1n] });
  expect(forced.history.hardState.commit).toBe(14);
  expect(forced.history.entries.map(({ index }) => index)).toEqual([11, 12, 13, 14]);
  expect(forced.entries).toEqual([]);
});
