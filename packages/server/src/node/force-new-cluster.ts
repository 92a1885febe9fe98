/**
 * --force-new-cluster: makes one member with all data out of a cluster that has lost its quorum for good.
 *
 * Everything in the log counts as committed, and removals of all other members follow it. Which entries a lost quorum had committed,
 * one member can't know: its own commit index lags behind, and to drop what lies beyond would lose writes that were acknowledged; to
 * keep what was not acknowledged loses nothing. It is what an
 * operator asks for when nobody else is left; other members must never come back with this cluster's id.
 * Source: operations 2.5; etcd `server/etcdserver/raft.go` (createConfChangeEnts).
 */
import { formatMember } from "@quorate/machine";
import {
  ConfChangeType,
  createEntry,
  decodeConfChange,
  encodeConfChange,
  EntryType,
  type Entry,
} from "@quorate/raft";
import type { Wal } from "@quorate/storage";
import type { LoggedHistory } from "./bootstrap.js";

/** Of a member whose own entry is lost; an operator can update it. */
const LOST_PEER_URL = "http://localhost:2380";

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
  const kept = history.entries;
  const commit = kept.at(-1)?.index ?? snapshot.index;
  const ids = membersAfter(kept, facts);
  const changes: { type: ConfChangeType; nodeId: bigint; context: string }[] = [];
  const { memberId } = facts;
  if (!ids.has(memberId)) {
    const member = { id: memberId, peerUrls: [LOST_PEER_URL], name: "", clientUrls: [], isLearner: false };
    changes.push({
      type: ConfChangeType.ConfChangeAddNode,
      nodeId: memberId,
      context: formatMember(member),
    });
  }
  for (const nodeId of ids) {
    if (nodeId !== memberId) changes.push({ type: ConfChangeType.ConfChangeRemoveNode, nodeId, context: "" });
  }
  const entries = changes.map(({ type, nodeId, context }, i) => {
    const change = { id: 0n, type, nodeId, context: Buffer.from(context) };
    return createEntry(
      EntryType.EntryConfChange,
      hardState.term,
      commit + 1 + i,
      encodeConfChange(change).data,
    );
  });
  return {
    entries,
    history: {
      hardState: { ...hardState, commit: commit + entries.length },
      snapshot,
      entries: [...kept, ...entries],
    },
  };
}

/** The members when all that is committed has been applied, ascending. */
function membersAfter(
  kept: readonly Entry[],
  { appliedIndex, memberIds }: { readonly appliedIndex: number; readonly memberIds: readonly bigint[] },
): Set<bigint> {
  const ids = new Set(memberIds);
  for (const entry of kept) {
    if (entry.index <= appliedIndex || entry.type !== EntryType.EntryConfChange) continue;
    const change = decodeConfChange(entry);
    if (change === null || !("nodeId" in change)) continue;
    if (change.type === ConfChangeType.ConfChangeRemoveNode) ids.delete(change.nodeId);
    else if (change.type !== ConfChangeType.ConfChangeUpdateNode) ids.add(change.nodeId);
  }
  return new Set([...ids].sort((a, b) => (a < b ? -1 : 1)));
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
