/**
 * Port: the member as the API services see it. The driver in `member/` implements it; tests and the simulator do so too.
 *
 * Callbacks are objects with methods rather than closures or promises: one small object per request is all that the hot
 * path allocates. All callbacks run on the event loop, never inside the call that registered them, except where stated.
 */
import type { Alarm, ApplyOutcome, AuthStore, StoreReads } from "@quorate/machine";
import type { ErrorName } from "@quorate/proto";

/**
 * Why the member could not carry a request through. Either a code of the catalogue (`no-leader`, `timeout`,
 * `too-many-requests`, `stopped`, ...) or a text that upstream sends with code Unknown (`raft proposal dropped`).
 */
export type MemberFailure = ErrorName | { readonly unknown: string };

/** Committed entries not yet applied beyond which proposals are refused. Source: etcd `server/etcdserver/util.go`. */
export const APPLY_GAP_MAX = 5000;

/** Waits for one proposal; exactly one of the two methods is called, once, unless the proposal is abandoned first. */
export interface ProposalWaiter {
  /**
   * What a leader decides by what it alone knows: while it waits for raft and this member leads no more, it fails with leader-changed, and
   * the next leader, which may know better, does not get it.
   */
  readonly onlyAsLeader?: boolean;
  /** The entry has been applied here; `raftTerm`, `appliedIndex` and the store already show it. */
  onApplied(outcome: ApplyOutcome): void;
  /** Not applied as far as this member knows; a write that failed with a timeout may still be applied later. */
  onFailed(failure: MemberFailure): void;
}

/** Waits for a read index; exactly one of the two is called, once. May be called inside `awaitReadIndex`. */
export interface ReadWaiter {
  /** Everything acknowledged before the wait began is visible in the store, now. */
  onReady(): void;
  onFailed(failure: MemberFailure): void;
}

/** One row of the member list, ascending by id. */
export interface MemberRow {
  readonly id: bigint;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export interface HashKvAnswer {
  readonly hash: number;
  readonly compactRevision: number;
  readonly hashRevision: number;
}

/** The engine under the store, as maintenance sees it. */
export interface StoragePort {
  /** Physical bytes, above 0. */
  readonly sizeBytes: number;
  /** Logically used bytes, at most `sizeBytes`. */
  readonly sizeInUseBytes: number;
  /** Version of the stored schema as `3.7.0`, or empty. */
  readonly schemaVersion: string;
  /** Gives free space back to the file system while serving goes on. */
  defragment(): Promise<void>;
  /** Resolves once every compaction scheduled so far has freed its records and is durable. */
  compactionsDone(): Promise<void>;
  /** Hash of the key space at `revision` (0 for the newest), or why it cannot be computed. */
  hashKv(revision: number): Promise<HashKvAnswer | "compacted" | "future-revision">;
  /** What the last compactions left, oldest first. */
  readonly compactionHashes: readonly HashKvAnswer[];
  /** Hash of everything stored; members need not agree on it. */
  hash(): Promise<number>;
}

export interface MemberPort {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  /** Version of the server, as `3.7.0`. */
  readonly serverVersion: string;

  /** Term of the last applied entry. */
  readonly raftTerm: number;
  /** 0n when no leader is known. */
  readonly leaderId: bigint;
  readonly isLearner: boolean;
  readonly committedIndex: number;
  readonly appliedIndex: number;

  readonly store: StoreReads;
  /** Users, roles and what they permit, as of the last applied entry. The entries alone change it. */
  readonly auth: AuthStore;
  readonly storage: StoragePort;
  /** Effective --quota-backend-bytes: Infinity when there is none. */
  readonly quotaBytes: number;
  /** As `quotaBytes`, but without one the negative number that switched it off: what Status tells. */
  readonly statusQuotaBytes: number;
  readonly alarms: { list(): readonly Alarm[] };
  readonly downgrade: { readonly enabled: boolean; readonly targetVersion: string };
  members(): readonly MemberRow[];

  /**
   * The next 48-bit suffix of a request id (`suffix` of `raft-peers-formats 4.3`); the upper 16 bits are the low 16 of
   * `memberId`.
   */
  nextRequestSuffix(): number;
  /**
   * Proposes an encoded `InternalRaftRequest` whose header carries the request id; the member keeps `entry` by reference.
   * The member checks the commit/apply gap (`too-many-requests`) and bounds the wait by the request timeout.
   */
  propose(entry: Uint8Array, requestSuffix: number, waiter: ProposalWaiter): void;
  /** The caller has left: its waiter is dropped and will not be called. The entry may still be applied. */
  abandon(requestSuffix: number): void;
  /** Joins the next linearizable read round. A caller that leaves ignores the callback. */
  awaitReadIndex(waiter: ReadWaiter): void;
  /** Resolves on a later turn of the event loop, after pending input and timers had their chance. */
  yieldTurn(): Promise<void>;
}
