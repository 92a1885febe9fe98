/** What the rules about membership and versions ask of the member driver. */
import type { MembershipRefusal } from "@quorate/machine";
import type { ErrorName } from "@quorate/proto";
import type { MemberFailure, MemberRow, ReadWaiter } from "../api/member-port.js";

export type ConfChangeKind = "add-node" | "add-learner" | "remove-node" | "update-node";

export interface ConfChangeWish {
  readonly kind: ConfChangeKind;
  readonly nodeId: bigint;
  /** Member JSON as in raft-peers-formats 4.4; empty for a removal. */
  readonly context: string;
}

/** How the driver puts a change into the log. */
export interface ConfChangePort {
  /**
   * Proposes the change and resolves once it is applied here and raft has moved past it, so that the next change is not
   * refused. @returns why nothing was changed, or undefined.
   */
  proposeConfChange(wish: ConfChangeWish): Promise<MemberFailure | MembershipRefusal | undefined>;
  /** Highest log index known to be on each member; undefined when this member is not the leader. */
  matchIndexes(): ReadonlyMap<bigint, number> | undefined;
}

/** Who leads, and giving leadership away. The driver implements it. */
export interface LeadershipPort {
  readonly isLeader: boolean;
  /** 0n when no leader is known. */
  readonly leader: bigint;
  readonly stopped: boolean;
  /** Begins to hand leadership to `target`, which shows in `leader`; nothing happens when this member does not lead. */
  transferLeader(target: bigint): void;
}

/** What is replicated about the cluster, as it is here and now. */
export interface ClusterFacts {
  readonly memberId: bigint;
  /** Ascending by id. */
  members(): readonly MemberRow[];
  /** As `3.7.0`; undefined before it is decided. */
  clusterVersion(): string | undefined;
  readonly downgrade: { readonly enabled: boolean; readonly targetVersion: string };
  readonly committedIndex: number;
  readonly appliedIndex: number;
  awaitReadIndex(waiter: ReadWaiter): void;
}

/** Requests that the cluster makes of itself. Field names as in `InternalRaftRequest`. */
export type ClusterRequest =
  | { readonly clusterVersionSet: { readonly ver: string } }
  | { readonly downgradeInfoSet: { readonly enabled: boolean; readonly ver: string } }
  | {
      readonly clusterMemberAttrSet: {
        readonly memberID: bigint;
        readonly memberAttributes: { readonly name: string; readonly clientUrls: string[] };
      };
    };

/**
 * Puts a request into the log. @returns why it was not applied here within the request timeout, as far as is known, or undefined.
 * Never rejects.
 */
export type ProposePort = (request: ClusterRequest) => Promise<MemberFailure | undefined>;

/** Asks the leader to promote a learner: its members afterwards, or why not; a `reason` stands for a failure that may pass. */
export type ForwardPromotePort = (
  leaderUrls: readonly string[],
  wish: { readonly id: bigint; readonly token?: string | undefined },
  timeoutMs: number,
) => Promise<readonly MemberRow[] | ErrorName | { readonly reason: string }>;
