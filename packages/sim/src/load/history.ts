/** What a load leaves behind: everything that is needed to judge the servers, without them. */
import type { KvOperation } from "../history/operation.js";
import type { StoreEvent, WatcherLog } from "../history/watcher-log.js";

/** HashKV of one member at `History.finalRevision`, or why there is none. */
export type MemberHash =
  | { readonly endpoint: string; readonly hash: number; readonly compactRevision: number }
  | { readonly endpoint: string; readonly error: string };

/** A moment somebody wants to find again, on the clock of the operations. */
export interface Mark {
  readonly label: string;
  readonly atMs: number;
}

export interface History {
  readonly seed: number;
  readonly endpoints: readonly string[];
  /** Every key of the load begins with it. */
  readonly prefix: string;
  /** The store's revision before the load's first write; none of its keys existed then. */
  readonly baseRevision: number;
  /** The revision of the load's last write: `events` holds everything of the prefix up to it. */
  readonly finalRevision: number;
  /** Up to where the store was compacted at the end; absent when it never was. */
  readonly compactedRevision?: number;
  /** In the order they ended. Failed reads are left out: they say nothing. */
  readonly operations: readonly KvOperation[];
  readonly watchers: readonly WatcherLog[];
  /**
   * What the store says happened to the load's keys, read at the end from one member; undefined when compaction has
   * taken some of it away, so that watchers and results have to say it.
   */
  readonly events: readonly StoreEvent[] | undefined;
  readonly hashes: readonly MemberHash[];
  readonly marks: readonly Mark[];
  /** Times at which a write was acknowledged, ascending. */
  readonly successMs: readonly number[];
  readonly tally: Tally;
}

/** How the operations ended. */
export interface Tally {
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
  /** Count of each error text of those that were not ok. */
  readonly errors: Readonly<Record<string, number>>;
}
