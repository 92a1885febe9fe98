/** Port: what locks and elections want of watches: the events of one key or of a prefix, in order, none left out. */

export interface WatchedEvent {
  readonly isDelete: boolean;
  /** The encoded `mvccpb.KeyValue`; of a delete, its key and the revision of the delete. Kept by nobody after the call. */
  readonly record: Uint8Array;
  /** Revision of the event. */
  readonly revision: number;
}

export interface WatchListener {
  /** Events in order, all those of a revision together. Never called inside `watch`. */
  onEvents(events: readonly WatchedEvent[]): void;
  /** No more events come; `reason` is a text such as that of a compaction, empty when the member stops. Called at most once. */
  onClosed(reason: string): void;
}

export interface WatchPort {
  /**
   * Watches keys in [from, to) (the one key `from` when `to` is undefined) from `startRevision` on, which may lie in the past.
   * @returns what cancels it; nothing is called afterwards.
   */
  watch(
    range: { readonly from: Uint8Array; readonly to: Uint8Array | undefined },
    startRevision: number,
    listener: WatchListener,
  ): () => void;
}
