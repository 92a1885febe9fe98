/**
 * Configurations and requests to change them, as they travel in the log and in snapshots.
 * Source: upstream raftpb/raft.proto; Raft thesis chapter 4; joint consensus of the Raft paper, section 6.
 */

export const ConfChangeType = {
  ConfChangeAddNode: 0,
  ConfChangeRemoveNode: 1,
  ConfChangeUpdateNode: 2,
  ConfChangeAddLearnerNode: 3,
} as const;
export type ConfChangeType = (typeof ConfChangeType)[keyof typeof ConfChangeType];

/** How a V2 change moves to its target: by the shortest safe way, through a joint config left automatically, or by hand. */
export const ConfChangeTransition = {
  ConfChangeTransitionAuto: 0,
  ConfChangeTransitionJointImplicit: 1,
  ConfChangeTransitionJointExplicit: 2,
} as const;
export type ConfChangeTransition = (typeof ConfChangeTransition)[keyof typeof ConfChangeTransition];

export interface ConfChangeSingle {
  readonly type: ConfChangeType;
  /** 0 means "changed my mind": the change is ignored. */
  readonly nodeId: bigint;
}

/** The one-change form of old; equals a V2 with one change and automatic transition. */
export interface ConfChange extends ConfChangeSingle {
  /** The proposer's request id, opaque to raft. */
  readonly id: bigint;
  readonly context: Uint8Array;
}

/** Any number of changes at once; none with an automatic transition means "leave the joint configuration". */
export interface ConfChangeV2 {
  readonly transition: ConfChangeTransition;
  readonly changes: readonly ConfChangeSingle[];
  readonly context: Uint8Array;
}

/** A configuration as stored in snapshots. All lists are sorted ascending when raft built them. */
export interface ConfState {
  readonly voters: readonly bigint[];
  readonly learners: readonly bigint[];
  /** The outgoing half of a joint configuration; empty when not joint. */
  readonly votersOutgoing: readonly bigint[];
  /** Voters of the outgoing half that become learners when the joint configuration is left. */
  readonly learnersNext: readonly bigint[];
  readonly autoLeave: boolean;
}

export const emptyConfState: ConfState = {
  voters: [],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};
