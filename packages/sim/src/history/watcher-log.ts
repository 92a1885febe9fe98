/** What one watcher was told, in the order it was told. */
import type { StoredKey } from "./operation.js";

/** One change of one key. For a delete, `value` is empty and `createRevision` and `version` are 0. */
export interface StoreEvent extends StoredKey {
  readonly kind: "put" | "delete";
  /** The key before the change: `null` if the event names none, absent if it was not asked for. */
  readonly previous?: StoredKey | null;
}

export type WatchRecord =
  /** Asked for, on a new stream. `startRevision` 0 means from now on. */
  | { readonly kind: "opened"; readonly startRevision: number }
  | { readonly kind: "created"; readonly revision: number }
  /** One response; `isFragment` when more of the same revisions follow in the next one. */
  | {
      readonly kind: "events";
      readonly revision: number;
      readonly events: readonly StoreEvent[];
      readonly isFragment: boolean;
    }
  /** A bookmark: everything up to and including `revision` has been sent. */
  | { readonly kind: "progress"; readonly revision: number }
  | { readonly kind: "canceled"; readonly compactRevision: number; readonly reason: string }
  /** The stream ended without a word from the server. */
  | { readonly kind: "broken"; readonly error: string };

export interface WatcherLog {
  readonly name: string;
  readonly endpoint: number;
  /** Watches the keys that begin with it. */
  readonly prefix: string;
  readonly wantsPrevious: boolean;
  readonly records: readonly WatchRecord[];
  /**
   * Up to where it must have been told everything when the history ended; 0 where nothing can be asked of it, because its
   * member was gone.
   */
  readonly mustReachRevision: number;
}
