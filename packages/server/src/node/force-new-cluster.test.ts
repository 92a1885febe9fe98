import {
  ConfChangeType,
  createEntry,
  decodeConfChange,
  encodeConfChange,
  EntryType,
  type Entry,
} from "@quorate/raft";
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

test("all entries stay, since one member can't know which of them were acknowledged; the others are removed behind them", () => {
  const forced = forceNewCluster(history, { appliedIndex: 11, memberId: 1n, memberIds: [1n, 2n, 3n] });
  expect(forced.history.hardState).toEqual({ term: 5, vote: 2n, commit: 17 });
  expect(forced.history.entries.map(({ index }) => index)).toEqual([11, 12, 13, 14, 15, 16, 17]);
  expect(forced.entries).toEqual(forced.history.entries.slice(5));
  for (const entry of forced.entries) {
    expect(entry).toMatchObject({ type: EntryType.EntryConfChange, term: 5 });
  }
  const removed = forced.entries.map((entry) => decodeConfChange(entry));
  expect(removed).toMatchObject([{ nodeId: 2n }, { nodeId: 3n }]);
});

test("a member alone needs no entries", () => {
  const forced = forceNewCluster(history, { appliedIndex: 14, memberId: 1n, memberIds: [1n] });
  expect(forced.history.hardState.commit).toBe(15);
  expect(forced.entries).toEqual([]);
});

test("members that came by an entry that is not applied yet are removed too", () => {
  const change = {
    id: 0n,
    type: ConfChangeType.ConfChangeAddNode,
    nodeId: 9n,
    context: new Uint8Array(0),
  };
  const added = createEntry(EntryType.EntryConfChange, 3, 16, encodeConfChange(change).data);
  const grown = { ...history, entries: [...history.entries, added] };
  const forced = forceNewCluster(grown, { appliedIndex: 14, memberId: 1n, memberIds: [1n, 2n] });
  const removed = forced.entries.map((entry) => decodeConfChange(entry));
  expect(removed).toMatchObject([{ nodeId: 2n }, { nodeId: 9n }]);
});
