/**
 * Ready: the output contract. What to persist, send and apply since the last one.
 *
 * The order to keep, in synchronous mode:
 * 1. persist `entries` (truncating from the first of them on), `hardState` and `snapshot`; sync if `mustSync`;
 * 2. only then send `messages`; a leader alone may send MsgApp and MsgHeartbeat while its own write is under way;
 * 3. apply `snapshot`, then `committedEntries`, calling `applyConfChange` for each conf change entry;
 * 4. call `advance`. Never take a second Ready before that.
 *
 * With asynchronous storage writes, `messages` also holds a MsgStorageAppend and a MsgStorageApply; they repeat the fields
 * above and carry the answers to deliver once done, and `advance` is never called.
 * Source: upstream node.go, doc.go.
 */
import type { Entry } from "./entry.js";
import type { Message } from "./message.js";
import type { HardState, Snapshot } from "./snapshot.js";

/** The names are those the goldens and etcd's status print. */
export const StateRole = {
  StateFollower: "StateFollower",
  StateCandidate: "StateCandidate",
  StateLeader: "StateLeader",
  StatePreCandidate: "StatePreCandidate",
} as const;
export type StateRole = (typeof StateRole)[keyof typeof StateRole];

/** Volatile, for information only: need not be persisted. */
export interface SoftState {
  /** Id of the leader, 0 when unknown. */
  readonly lead: bigint;
  readonly role: StateRole;
}

/** Answer to a read request: once applied >= `index`, reads begun before the request may be served. */
export interface ReadState {
  readonly index: number;
  /** The request's own context, by which the caller recognises it. */
  readonly requestContext: Uint8Array;
}

export interface Ready {
  /** Null when unchanged. */
  readonly softState: SoftState | null;
  /** To persist; null when unchanged. */
  readonly hardState: HardState | null;
  readonly readStates: readonly ReadState[];
  /** To persist, before any message is sent. Contiguous. */
  readonly entries: readonly Entry[];
  /** To persist and apply; null when there is none. */
  readonly snapshot: Snapshot | null;
  /** To apply, in order, without gaps. */
  readonly committedEntries: readonly Entry[];
  /** To send, in order, after persisting. */
  readonly messages: readonly Message[];
  /** False when nothing here needs to be on disk before the messages leave (a commit index alone does not). */
  readonly mustSync: boolean;
}
