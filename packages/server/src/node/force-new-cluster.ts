/**
 * --force-new-cluster: makes one member with all data out of a cluster that has lost its quorum for good.
 *
 * What was committed stays, later entries go, and the log gets removals of all other members, committed at once. It is what an
 * operator asks for when nobody else is left; other members must never come back with this cluster's id.
 * Source: operations 2.5; etcd `server/etcdserver/raft.go` (createConfChangeEnts).
 */
import { EntryType, encodeConfChange, ConfChangeType, createEntry, type Entry } from "@quorate/raft";
import type { Wal } from "@quorate/storage";
import type { LoggedHistory } from "./bootstrap.js";

export interface ForcedHistory {
  readonly history: LoggedHistory;
  /** To be written to the log: the removals, and the state that commits them. */
  readonly entries: readonly Entry[];
}

export function forceNewCluster(
  history: LoggedHistory,
  facts: { readonly appliedIndex: number; readonly memberId: bigint; readonly memberIds: readonly bigint[] },
): ForcedHistory {
  const { hardState, snapshot } = history;
  const commit = Math.max(hardState.commit, facts.appliedIndex);
  const kept = history.entries.filter(({ index }) => index <= commit);
  const others = facts.memberIds.filter((id) => id !== facts.memberId);
  const removals = others.map((nodeId, i) => {
    const change = { id: 0n, type: ConfChangeType.ConfChangeRemoveNode, nodeId, context: new Uint8Array(0) };
    return createEntry(
      EntryType.EntryConfChange,
      hardState.term,
      commit + 1 + i,
      encodeConfChange(change).data,
    );
  });
  return {
    entries: removals,
    history: {
      hardState: { ...hardState, commit: commit + removals.length },
      snapshot,
      entries: [...kept, ...removals],
    },
  };
}

/** Durable when it resolves. */
export function writeForcedHistory(wal: Wal, { history, entries }: ForcedHistory): Promise<void> {
  return new Promise((resolve, reject) => {
    const taken = wal.append({ entries, hardState: history.hardState }, (error) =>
      error === undefined ? resolve() : reject(error),
    );
    if (!taken) reject(new Error("the log takes no entries"));
  });
}
