/**
 * What a member holds at most of what waits in it. A process has `QUEUE_LIMITS`; the simulator gives its members small ones, so that
 * queues are full now and then, and compares what they hold with what they may.
 */
const KIB = 1024;
const MIB: number = 1024 * KIB;

/** Entries and bytes handed to raft in one message. */
export interface BatchLimits {
  readonly countMax: number;
  readonly bytesMax: number;
}

export interface QueueLimits {
  /** Proposals that may wait for a leader or for the store; more are refused with too-many-requests. */
  readonly queuedCountMax: number;
  /** Bytes that may wait likewise. */
  readonly queuedBytesMax: number;
  /** Clients that wait for the outcome of their proposals, handed to raft or not; more are refused with too-many-requests. */
  readonly proposersWaitingMax: number;
  readonly ownBatch: BatchLimits;
  /** On their way to the leader they share a connection with votes and answers to heartbeats, which must not wait long. */
  readonly forwardedBatch: BatchLimits;
  /** Readers that wait for the next read-index round; more are refused with too-many-requests. */
  readonly readersWaitingMax: number;
  /** Changes of the configuration under way at a time; raft takes one after the other. */
  readonly confChangesWaitingMax: number;
  /** Encoded bytes of committed entries that may wait for apply. */
  readonly committedBytesPerReadyMax: number;
  readonly appendMessageBytesMax: number;
  readonly inflightMessagesMax: number;
  /** Payload bytes on their way to one follower: what a slow one may hold in the leader's memory. */
  readonly inflightBytesMax: number;
  /** Payload bytes that wait to be committed; more stay queued here, where they are counted and time out. */
  readonly uncommittedBytesMax: number;
  /** Payload of entries that came from a leader and are not applied, beyond which a store that can't keep up lets no more in. */
  readonly unappliedBytesMax: number;
  /** Bytes of applied changes that the engine does not have yet: beyond them nothing is proposed or applied until it has them. */
  readonly unwrittenBytesMax: number;
  /** Encoded events of recent revisions that the watch hub keeps for everybody. */
  readonly recentEventBytesMax: number;
}

export const QUEUE_LIMITS: QueueLimits = {
  queuedCountMax: 100_000,
  queuedBytesMax: 256 * MIB,
  proposersWaitingMax: 1_000_000,
  ownBatch: { countMax: 10_000, bytesMax: 8 * MIB },
  forwardedBatch: { countMax: 2000, bytesMax: 512 * KIB },
  readersWaitingMax: 1_000_000,
  confChangesWaitingMax: 64,
  committedBytesPerReadyMax: 8 * MIB,
  appendMessageBytesMax: MIB,
  inflightMessagesMax: 512,
  inflightBytesMax: 32 * MIB,
  uncommittedBytesMax: 64 * MIB,
  unappliedBytesMax: 64 * MIB,
  unwrittenBytesMax: 64 * MIB,
  recentEventBytesMax: 32 * MIB,
};

/** How full a queue is at one moment. */
export interface QueueLevel {
  /** Of the limit, as the source calls it. */
  readonly name: string;
  readonly held: number;
  /** Never exceeded. */
  readonly limit: number;
}
