/** The application reports what it has applied. Source: upstream raft.go, appliedTo and appliedSnap. */
import { type Entry, payloadsBytes } from "../types/entry.js";
import type { Snapshot } from "../types/snapshot.js";
import { releaseUncommitted } from "./append.js";
import { proposeAutoLeave } from "./proposal.js";
import type { Raft } from "./raft.js";

/** `entries`, not empty, have been applied. */
export function appliedEntries(raft: Raft, entries: readonly Entry[]): void {
  const last = entries[entries.length - 1] as Entry;
  appliedTo(raft, last.index, raft.log.applyingBytesOf(entries));
  releaseUncommitted(raft, payloadsBytes(entries));
}

/** The incoming snapshot is durable and applied. */
export function appliedSnapshot(raft: Raft, snapshot: Snapshot): void {
  raft.log.unstable.stableSnapshotTo(snapshot.metadata.index);
  appliedTo(raft, snapshot.metadata.index, 0);
}

function appliedTo(raft: Raft, index: number, bytes: number): void {
  const applied = Math.max(index, raft.log.applied);
  raft.log.appliedTo(applied, bytes);
  if (raft.tracker.config.autoLeave && applied >= raft.pendingConfIndex && raft.isLeader)
    proposeAutoLeave(raft);
}
