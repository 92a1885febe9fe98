/** Snapshots and the hard state: what survives a crash besides the entries. Source: upstream raftpb/raft.proto. */
import { type ConfState, emptyConfState } from "./conf-change.js";
import { emptyBytes } from "./entry.js";

export interface SnapshotMetadata {
  /** The configuration as of `index`. */
  readonly confState: ConfState;
  /** Last log index the snapshot contains; 0 means "no snapshot". */
  readonly index: number;
  /** Term of the entry at `index`. */
  readonly term: number;
}

export interface Snapshot {
  /** Opaque to raft. */
  readonly data: Uint8Array;
  readonly metadata: SnapshotMetadata;
}

export const emptySnapshot: Snapshot = {
  data: emptyBytes,
  metadata: { confState: emptyConfState, index: 0, term: 0 },
};

/** Must be durable before answers that rely on it leave the node. */
export interface HardState {
  readonly term: number;
  /** Who got our vote in `term`; 0 for nobody. */
  readonly vote: bigint;
  /** Highest index known committed; losing it costs only time. */
  readonly commit: number;
}

export const emptyHardState: HardState = { term: 0, vote: 0n, commit: 0 };

export function isEmptyHardState(state: HardState): boolean {
  return state.term === 0 && state.vote === 0n && state.commit === 0;
}

export function hardStatesEqual(a: HardState, b: HardState): boolean {
  return a.term === b.term && a.vote === b.vote && a.commit === b.commit;
}
