/** Port: where the responses of one watch stream go. */

/** Id of a watcher on its stream: a signed 64-bit number in two words. */
export interface WatchId {
  readonly low: number;
  readonly high: number;
}

/** Id of what concerns all watchers of a stream, or none. */
export const NO_WATCH_ID: WatchId = { low: -1, high: -1 };

/**
 * The events of one response as they go over the wire: field 11 of a WatchResponse, once per event. One body serves all watchers
 * that are to be told the same.
 */
export class WatchBody {
  buffer: Uint8Array = new Uint8Array(0);
  /** The body is buffer[start, end). */
  start = 0;
  end = 0;
  /**
   * False: the body is good for the length of the call, and the `HEADROOM_BYTES` before it may be written to. True: it never
   * changes, and nothing of the buffer may be written to.
   */
  isShared = false;
  eventCount = 0;
  /** The revision that the response's header shows. */
  headerRevision = 0;
  /** Revisions of the first and the last event. */
  firstRevision = 0;
  lastRevision = 0;
  /** The watcher takes long responses in pieces. */
  mayFragment = false;
}

/** Each method returns false when the stream has taken this but takes no more until `WatchStream.drained`. */
export interface WatchSink {
  /** Every event of a revision that concerns the watcher is in one body. May close the stream; cancels no watcher. */
  sendEvents(idLow: number, idHigh: number, body: WatchBody): boolean;
  /** The watcher has ended: what it wants next was compacted away. It stays registered until it is cancelled. */
  sendCompacted(idLow: number, idHigh: number, compactRevision: number): boolean;
  /** Everything up to `revision` has been sent, to the watcher or, with `NO_WATCH_ID`, to all of the stream. */
  sendProgress(idLow: number, idHigh: number, revision: number): boolean;
}
