/** What a node knows of itself and, leading, of the others. Source: upstream status.go. */
import type { Raft } from "./core/raft.js";
import type { ProgressView } from "./tracker/progress.js";
import type { ConfState } from "./types/conf-change.js";
import { payloadsBytes } from "./types/entry.js";
import type { SoftState } from "./types/ready.js";
import type { HardState } from "./types/snapshot.js";

export interface BasicStatus {
  readonly id: bigint;
  readonly hardState: HardState;
  readonly softState: SoftState;
  readonly applied: number;
  /** Target of a leadership transfer under way; 0 for none. */
  readonly leadTransferee: bigint;
}

export interface Status extends BasicStatus {
  /** The configuration in force. */
  readonly confState: ConfState;
  /** Only on the leader; empty elsewhere. Ascending ids. */
  readonly progress: ReadonlyMap<bigint, ProgressView>;
}

/**
 * How much a node holds that waits for others, for whoever watches its memory. A page or a message that finds room may go beyond a limit
 * with its last entry; where a field says "before", that one is left out, so that the limit holds without exception.
 */
export interface QueueStatus {
  /** Payload of the leader's own entries that are not applied. */
  readonly uncommittedBytes: number;
  /** Payload of entries that storage has not confirmed. */
  readonly unstableBytes: number;
  /** Encoded bytes of entries handed out to be applied and not acknowledged, before the last entry. */
  readonly applyingBytesBefore: number;
  /** Of the follower with the most: unacknowledged MsgApps, and their payload before the last one. */
  readonly inflightMessages: number;
  readonly inflightBytesBefore: number;
  /** Reads that wait for a quorum, and those that wait for the first commit of the term. */
  readonly readsWaiting: number;
  readonly readsParked: number;
}

export function queueStatusOf(raft: Raft): QueueStatus {
  const { unstable } = raft.log;
  let inflightMessages = 0;
  let inflightBytesBefore = 0;
  for (const { inflights } of raft.tracker.progress.values()) {
    inflightMessages = Math.max(inflightMessages, inflights.count);
    inflightBytesBefore = Math.max(inflightBytesBefore, inflights.bytesBeforeLast);
  }
  return {
    uncommittedBytes: raft.uncommittedBytes,
    unstableBytes: payloadsBytes(unstable.slice(unstable.first, unstable.next, Infinity)),
    applyingBytesBefore: raft.log.applyingBytesBeforeLast,
    inflightMessages,
    inflightBytesBefore,
    readsWaiting: raft.readOnly.waitingCount,
    readsParked: raft.parkedReads.length,
  };
}

export function basicStatusOf(raft: Raft): BasicStatus {
  return {
    id: raft.id,
    hardState: raft.hardState(),
    softState: { lead: raft.lead, role: raft.role },
    applied: raft.log.applied,
    leadTransferee: raft.leadTransferee,
  };
}

export function statusOf(raft: Raft): Status {
  const progress = new Map<bigint, ProgressView>();
  if (raft.isLeader) {
    for (const [id, own] of raft.tracker.progress) progress.set(id, own.view());
  }
  return { ...basicStatusOf(raft), confState: raft.tracker.config, progress };
}
