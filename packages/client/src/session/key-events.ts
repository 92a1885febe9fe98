/** Port: what recipes need of watches. */
import type { mvccpb } from "@quorate/proto";

export interface KeyRange {
  readonly key: Uint8Array;
  /** Exclusive; without it the range is one key. */
  readonly end?: Uint8Array;
}

export interface KeyEventsOptions {
  /** Inclusive. */
  readonly startRevision: bigint;
  /** Its abortion ends the iteration with the signal's reason. */
  readonly signal: AbortSignal;
  /** Whether puts are left out. Default false. */
  readonly deletesOnly?: boolean;
}

/** Events of one or more whole revisions, in order; none for a mere notice of progress. */
export interface KeyEventBatch {
  readonly events: readonly mvccpb.Event[];
  /** Everything up to this revision has been delivered. */
  readonly revision: bigint;
}

export interface KeyEvents {
  /**
   * Events without gap or duplicate, over broken streams too. Leaving the loop ends it. Throws an error that `isRefusal` knows as
   * `compacted` when `startRevision` is not there any more.
   */
  watch(range: KeyRange, options: KeyEventsOptions): AsyncIterable<KeyEventBatch>;
}
