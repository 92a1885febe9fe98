/**
 * Situations of a start that are easy to get wrong: the store and the log must meet. The list, with those that other tests cover,
 * is docs/reference/situations.md.
 */
import { ClusterRecord, MemoryEngine, Store } from "@quorate/machine";
import { createEntry, EntryType, RawNode } from "@quorate/raft";
import { describe, expect, test } from "vitest";
import { BootstrapError, restoreLogStorage, type LoggedHistory } from "./bootstrap.js";

const confState = { voters: [1n, 2n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };

/** A store that has applied `index`. */
async function storeAt(index: number): Promise<Store> {
  const store = await Store.open(new MemoryEngine(), { yieldTurn: () => Promise.resolve() });
  store.begin(index, 1);
  store.end();
  return store;
}

/** A log that begins at a snapshot, with as many entries behind it. */
function historyOf(snapshotIndex: number, entryCount: number, commit: number): LoggedHistory {
  return {
    hardState: { term: 1, vote: 2n, commit },
    snapshot: { index: snapshotIndex, term: 1, confState },
    entries: Array.from({ length: entryCount }, (_, i) =>
      createEntry(EntryType.EntryNormal, 1, snapshotIndex + 1 + i, Uint8Array.of(i)),
    ),
  };
}

/** Indexes of what raft would have applied next. */
async function committedAtStart(history: LoggedHistory, applied: number): Promise<number[]> {
  const storage = restoreLogStorage(history, await storeAt(applied), new ClusterRecord(1));
  const node = new RawNode({
    id: 1n,
    electionTick: 10,
    heartbeatTick: 1,
    storage,
    random: () => 0,
    maxSizePerMsg: 1024,
    maxInflightMsgs: 16,
    applied,
  });
  return node.ready().committedEntries.map(({ index }) => index);
}

describe("a store that is behind the beginning of the log", () => {
  test.each([4, 9])(
    "(index %d of 10) and no received database to make up for it ends the start",
    async (index) => {
      const store = await storeAt(index);
      const start = (): unknown => restoreLogStorage(historyOf(10, 3, 12), store, new ClusterRecord(1));
      expect(start).toThrow(BootstrapError);
      expect(start).toThrow(`the store ends at index ${index}, but the log begins at 11`);
    },
  );
});

describe("a store that is ahead", () => {
  test("of the snapshot: what it has applied is not applied again", async () => {
    expect(await committedAtStart(historyOf(10, 5, 15), 10)).toEqual([11, 12, 13, 14, 15]);
    expect(await committedAtStart(historyOf(10, 5, 15), 13)).toEqual([14, 15]);
  });

  test("of the commit index on disk: applied means committed, and nothing is handed out", async () => {
    const history = historyOf(10, 5, 11);
    expect(await committedAtStart(history, 14)).toEqual([]);
    const { commit, vote } = restoreLogStorage(
      history,
      await storeAt(14),
      new ClusterRecord(1),
    ).initialState().hardState;
    expect([commit, vote]).toEqual([14, 2n]);
  });

  test("of the end of the log ends the start", async () => {
    const store = await storeAt(16);
    expect(() => restoreLogStorage(historyOf(10, 5, 15), store, new ClusterRecord(1))).toThrow(
      "the store has applied index 16, but the log ends at 15: the log has lost its end",
    );
  });
});
