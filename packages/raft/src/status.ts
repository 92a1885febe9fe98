/** What a node knows of itself and, leading, of the others. Source: upstream status.go. */
import type { Raft } from "./core/raft.js";
import type { ProgressView } from "./tracker/progress.js";
import type { ConfState } from "./types/conf-change.js";
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
