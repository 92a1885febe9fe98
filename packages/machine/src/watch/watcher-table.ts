/**
 * The watchers, one row each: 41 bytes and no object, because there may be a million that wait for nothing in particular.
 *
 *                       +------------ catches up -----------+
 *                       v                                   |
 *     created --> inStep --(its stream takes no more)--> behind <--> inPass
 *                    |                                      |
 *                    +---------> cancelled, gone <----------+---> compacted (until the client cancels it)
 */
import { Float64Column, Int32Column, NONE, RowAllocator, Uint8Column } from "./columns.js";

export const WATCHER_STATE = {
  /** Told of every event as it comes: in the list of its range. */
  inStep: 0,
  /** Waits to be brought forward: in the list of its stream. */
  behind: 1,
  /** Being brought forward. */
  inPass: 2,
  /** What it wanted next has been compacted away, and it has been told so. */
  compacted: 3,
} as const;

/** What a watcher wants, and a few things to remember; the four lowest bits decide what its responses look like. */
export const WATCHER_FLAG = {
  noPut: 1,
  noDelete: 2,
  previous: 4,
  fragment: 8,
  progress: 16,
  /** Was sent something since the last round of progress notifications. */
  sent: 32,
  /** Starts at a revision that nobody had been told of when it was created. */
  future: 64,
  /** Asked for revisions that were compacted before: they may still be at hand, but it is refused. */
  stale: 128,
} as const;

export const RESPONSE_FLAGS = 15;

export class WatcherTable {
  readonly range: Int32Column = new Int32Column();
  readonly stream: Int32Column = new Int32Column();
  readonly idLow: Int32Column = new Int32Column();
  readonly idHigh: Int32Column = new Int32Column();
  readonly state: Uint8Column = new Uint8Column();
  readonly flags: Uint8Column = new Uint8Column();
  /** In step: events below it are not for this watcher. Otherwise: the revision to go on with. */
  readonly nextRevision: Float64Column = new Float64Column();
  /** Neighbours in the list of the range (in step) or of the stream's watchers behind. In a pass: `link` is the place in it. */
  readonly link: Int32Column = new Int32Column();
  readonly backLink: Int32Column = new Int32Column();
  /** Neighbours in the list of all watchers of the stream. */
  readonly streamLink: Int32Column = new Int32Column();
  readonly streamBackLink: Int32Column = new Int32Column();
  readonly #rows: RowAllocator = new RowAllocator(this.streamLink);

  allocate(): number {
    const watcher = this.#rows.allocate();
    this.link.set(watcher, NONE);
    this.backLink.set(watcher, NONE);
    return watcher;
  }

  free(watcher: number): void {
    this.#rows.free(watcher);
  }
}
