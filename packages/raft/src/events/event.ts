/**
 * Port: raft tells what happens inside as typed events. Shells turn them into logs and metrics, tests into goldens; the
 * wording lives in describe-event.ts alone.
 */
import type { RaftLogView } from "../log/raft-log.js";
import type { ProgressView } from "../tracker/progress.js";
import type { ConfChangeV2, ConfState } from "../types/conf-change.js";
import type { MessageType } from "../types/message.js";
import type { StateRole } from "../types/ready.js";

/** A (term, index) pair of a last log entry, and who got our vote. */
interface Standing {
  readonly lastTerm: number;
  readonly lastIndex: number;
  readonly vote: bigint;
  readonly term: number;
}

/** Somebody's request for our vote. */
interface VoteRequest {
  readonly type: MessageType;
  readonly from: bigint;
  readonly candidateTerm: number;
  readonly candidateIndex: number;
}

/** How a transfer of leadership went on. */
export type TransferMove =
  | "already-pending"
  | "aborted-previous"
  | "to-learner"
  | "to-self"
  | "started"
  | "timeout-now-at-once"
  | "timeout-now-after-append";

/** What could not be passed on because there is no leader. */
export type LeaderlessRequest = "proposal" | "transfer" | "read";

export type RaftEvent =
  // Life of a node
  | {
      readonly kind: "started";
      readonly voters: readonly bigint[];
      readonly term: number;
      readonly commit: number;
      readonly applied: number;
      readonly lastIndex: number;
      readonly lastTerm: number;
    }
  | { readonly kind: "role-changed"; readonly role: StateRole; readonly term: number }
  | { readonly kind: "config-switched"; readonly config: ConfState }
  // Terms and votes
  | {
      readonly kind: "higher-term";
      readonly type: MessageType;
      readonly from: bigint;
      readonly ownTerm: number;
      readonly term: number;
    }
  | {
      readonly kind: "stale-message";
      readonly type: MessageType;
      readonly from: bigint;
      readonly ownTerm: number;
      readonly term: number;
    }
  | { readonly kind: "stale-storage-append"; readonly ownTerm: number; readonly term: number }
  | ({ readonly kind: "vote-ignored-in-lease"; readonly remainingTicks: number } & Standing & VoteRequest)
  | ({ readonly kind: "vote-cast" } & Standing & VoteRequest)
  | ({ readonly kind: "vote-rejected" } & Standing & VoteRequest)
  | {
      readonly kind: "vote-requested";
      readonly type: MessageType;
      readonly to: bigint;
      readonly lastTerm: number;
      readonly lastIndex: number;
      readonly term: number;
    }
  | {
      readonly kind: "vote-received";
      readonly type: MessageType;
      readonly from: bigint;
      readonly granted: boolean;
      readonly term: number;
    }
  | {
      readonly kind: "vote-tally";
      readonly type: MessageType;
      readonly granted: number;
      readonly rejected: number;
    }
  | { readonly kind: "election-started"; readonly term: number }
  | {
      readonly kind: "election-refused";
      readonly reason: "already-leader" | "unpromotable" | "pending-conf-change";
      readonly term: number;
    }
  | { readonly kind: "quorum-inactive" }
  | {
      readonly kind: "timeout-now";
      readonly from: bigint;
      readonly term: number;
      readonly role: StateRole;
      readonly followed: boolean;
    }
  | { readonly kind: "transfer"; readonly move: TransferMove; readonly target: bigint; readonly term: number }
  | { readonly kind: "leader-forgotten"; readonly lead: bigint; readonly term: number }
  | { readonly kind: "leader-kept-for-lease" }
  // Proposals and reads
  | { readonly kind: "leaderless"; readonly request: LeaderlessRequest; readonly term: number }
  | { readonly kind: "proposal-not-forwarded"; readonly lead: bigint; readonly term: number }
  | { readonly kind: "proposal-dropped-in-transfer"; readonly target: bigint; readonly term: number }
  | { readonly kind: "proposal-dropped-for-quota" }
  | {
      readonly kind: "conf-change-ignored";
      readonly change: ConfChangeV2;
      readonly config: ConfState;
      readonly reason: ConfChangeDoubt;
    }
  | { readonly kind: "auto-leave"; readonly config: ConfState; readonly proposed: boolean }
  | { readonly kind: "read-dropped"; readonly waiting: number }
  | { readonly kind: "read-answer-malformed"; readonly from: bigint; readonly entryCount: number }
  // Replication
  | { readonly kind: "no-progress"; readonly from: bigint }
  | {
      readonly kind: "append-rejected-by-us";
      readonly from: bigint;
      readonly index: number;
      readonly logTerm: number;
      readonly ownTerm: number;
    }
  | {
      readonly kind: "append-rejected";
      readonly from: bigint;
      readonly index: number;
      readonly hintIndex: number;
      readonly hintTerm: number;
    }
  | { readonly kind: "progress-decreased"; readonly to: bigint; readonly progress: ProgressView }
  | { readonly kind: "unreachable"; readonly to: bigint; readonly progress: ProgressView }
  | { readonly kind: "log-conflict"; readonly index: number; readonly ownTerm: number; readonly term: number }
  | { readonly kind: "unstable-replaced"; readonly index: number }
  | { readonly kind: "unstable-truncated"; readonly index: number }
  | { readonly kind: "stable-entry-missing"; readonly index: number }
  | { readonly kind: "stable-entry-in-snapshot"; readonly index: number }
  | {
      readonly kind: "stable-entry-mismatch";
      readonly index: number;
      readonly term: number;
      readonly ownTerm: number;
    }
  // Snapshots
  | { readonly kind: "snapshot-not-sent"; readonly to: bigint; readonly reason: "inactive" | "unavailable" }
  | {
      readonly kind: "snapshot-sent";
      readonly to: bigint;
      readonly firstIndex: number;
      readonly commit: number;
      readonly index: number;
      readonly term: number;
      readonly progress: ProgressView;
    }
  | { readonly kind: "append-paused"; readonly to: bigint; readonly progress: ProgressView }
  | {
      readonly kind: "snapshot-reported";
      readonly to: bigint;
      readonly ok: boolean;
      readonly progress: ProgressView;
    }
  | { readonly kind: "snapshot-no-longer-needed"; readonly to: bigint; readonly progress: ProgressView }
  | { readonly kind: "log-restore"; readonly index: number; readonly term: number; readonly log: RaftLogView }
  | {
      readonly kind: "snapshot-restored";
      readonly commit: number;
      readonly lastIndex: number;
      readonly lastTerm: number;
      readonly index: number;
      readonly term: number;
    }
  | {
      readonly kind: "snapshot-fast-forwarded";
      readonly commit: number;
      readonly lastIndex: number;
      readonly lastTerm: number;
      readonly index: number;
      readonly term: number;
    }
  | {
      readonly kind: "snapshot-handled";
      readonly restored: boolean;
      readonly commit: number;
      readonly index: number;
      readonly term: number;
    }
  | { readonly kind: "snapshot-before-conf-change"; readonly applied: number; readonly applying: number }
  | { readonly kind: "snapshot-not-for-us"; readonly confState: ConfState };

/** Why a proposed conf change was replaced by an empty entry. */
export type ConfChangeDoubt =
  | { readonly kind: "pending"; readonly index: number; readonly applied: number }
  | { readonly kind: "joint" }
  | { readonly kind: "not-joint" };

export interface EventSink {
  /** Called synchronously, in order of happening; must not call back into the node. */
  emit(event: RaftEvent): void;
}
