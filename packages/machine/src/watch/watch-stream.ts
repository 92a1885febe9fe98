/** One stream of watchers: what its client asks for, answered at once; what the watchers see goes to the stream's sink. */
import { compareBytes } from "../mvcc/byte-range.js";
import type { CatchUp } from "./catch-up.js";
import { NONE } from "./columns.js";
import type { LivePosition } from "./live-position.js";
import type { WatchedRange } from "./range-index.js";
import { NO_WATCH_ID, type WatchId } from "./watch-sink.js";
import { WATCHER_FLAG, WATCHER_STATE } from "./watcher-table.js";
import type { StreamRecord, WatcherRegistry } from "./watcher-registry.js";

const TWO_POW_32 = 0x1_0000_0000;

/** What a client asks to watch, in its own words. */
export interface WatchSpec {
  /** Empty for the key of one zero byte. Kept by nobody after the call, nor is `rangeEnd`. */
  readonly key: Uint8Array;
  /** Empty for one key, one zero byte for everything from `key` on, else the first key behind the interval. */
  readonly rangeEnd: Uint8Array;
  /** First revision of interest, at least 0; 0 for what comes. */
  readonly startRevision: number;
  /** 0 to be given one. */
  readonly id: WatchId;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly withPrevious: boolean;
  readonly fragment: boolean;
  readonly progress: boolean;
}

export type WatchRefusal = "empty-range" | "duplicate-id";

export type WatchCreated =
  { readonly id: WatchId; readonly revision: number } | { readonly refusal: WatchRefusal };

export interface StreamParts {
  readonly registry: WatcherRegistry;
  readonly live: LivePosition;
  readonly catchUp: CatchUp;
  readonly store: () => { readonly revision: number; readonly compactRevision: number };
  /** Calls `answerProgress` whenever the live position has moved, until it returns true. */
  readonly awaitProgress: (stream: WatchStream) => void;
  readonly onClosed: (record: StreamRecord) => void;
}

export class WatchStream {
  readonly #record: StreamRecord;
  readonly #parts: StreamParts;
  #nextId = 0;

  constructor(record: StreamRecord, parts: StreamParts) {
    this.#record = record;
    this.#parts = parts;
  }

  /** Registered watchers, those ended by a compaction included. */
  get watcherCount(): number {
    return this.#record.watcherCount;
  }

  /**
   * Registers a watcher. Its events follow on later turns, so that the answer can be sent first.
   * @returns its id and R, from which it begins unless it asked for another revision.
   */
  create(spec: WatchSpec): WatchCreated {
    const range = rangeOf(spec);
    if (range === undefined) return { refusal: "empty-range" };
    const isChosen = spec.id.low !== 0 || spec.id.high !== 0;
    if (isChosen && this.#find(spec.id) !== NONE) return { refusal: "duplicate-id" };
    const id = isChosen ? spec.id : this.#chooseId();
    const { registry, live, catchUp, store } = this.#parts;
    const { revision, compactRevision } = store();
    const { startRevision } = spec;
    const isPast = startRevision > 0 && startRevision <= revision;
    const isStale = isPast && startRevision < compactRevision;
    const isBehind = isPast && (isStale || startRevision < live.next);
    const flags =
      flagsOf(spec) |
      (startRevision > 0 && !isBehind ? WATCHER_FLAG.future : 0) |
      (isStale ? WATCHER_FLAG.stale : 0);
    const nextRevision = startRevision === 0 ? revision + 1 : startRevision;
    registry.add(this.#record, { range, idLow: id.low, idHigh: id.high, flags, nextRevision }, isBehind);
    if (isBehind) catchUp.enqueue(this.#record);
    return { id, revision };
  }

  /** Ids in use are passed over, and none is given twice. */
  #chooseId(): WatchId {
    for (;;) {
      const id = { low: this.#nextId | 0, high: Math.floor(this.#nextId / TWO_POW_32) };
      this.#nextId += 1;
      if (this.#find(id) === NONE) return id;
    }
  }

  #find({ low, high }: WatchId): number {
    return this.#parts.registry.find(this.#record, low, high);
  }

  /** Removes a watcher; nothing more is sent to it. @returns R, or undefined when there is no such watcher. */
  cancel(id: WatchId): number | undefined {
    const watcher = this.#find(id);
    if (watcher === NONE) return undefined;
    this.#parts.registry.remove(watcher);
    return this.#parts.store().revision;
  }

  /**
   * The client wants to know how far all of its watchers have been told. It learns it soon, when all are in step and none lies
   * in the future; otherwise never, and must ask again.
   */
  requestProgress(): void {
    if (!this.#mayTellProgress()) return;
    const isWaiting = this.#record.progressRevision > 0;
    // What was written before the request must be covered by the answer.
    this.#record.progressRevision = this.#parts.store().revision;
    if (!isWaiting) this.#parts.awaitProgress(this);
  }

  #mayTellProgress(): boolean {
    const { watcherCount, laggingCount, compactedCount, isBlocked, isClosed } = this.#record;
    return watcherCount > 0 && laggingCount === 0 && compactedCount === 0 && !isBlocked && !isClosed;
  }

  /** @returns false when the watchers in step have not been told enough yet. */
  answerProgress(): boolean {
    const record = this.#record;
    const { told } = this.#parts.live;
    if (this.#mayTellProgress()) {
      if (told < record.progressRevision) return false;
      const { low, high } = NO_WATCH_ID;
      if (!this.#hasFuture(told)) record.isBlocked = !record.sink.sendProgress(low, high, told);
    }
    record.progressRevision = 0;
    return true;
  }

  /** Whether a watcher begins behind `revision`. Looks at all of them only when the one it found the last time is not it any more. */
  #hasFuture(revision: number): boolean {
    const record = this.#record;
    if (record.futureRevision <= revision) return false;
    if (record.futureWatcher !== NONE && this.#isFuture(record.futureWatcher, revision)) return true;
    const { streamLink } = this.#parts.registry.watchers;
    let watcher = record.first;
    while (watcher !== NONE && !this.#isFuture(watcher, revision)) watcher = streamLink.get(watcher);
    record.futureWatcher = watcher;
    if (watcher === NONE) record.futureRevision = 0;
    return watcher !== NONE;
  }

  #isFuture(watcher: number, revision: number): boolean {
    const { watchers } = this.#parts.registry;
    return (
      watchers.stream.get(watcher) === this.#record.index &&
      (watchers.flags.get(watcher) & WATCHER_FLAG.future) !== 0 &&
      watchers.nextRevision.get(watcher) > revision
    );
  }

  /**
   * A round of progress notifications: each watcher that wants them, is in step and was sent nothing since the last round is
   * told how far it is.
   */
  tellProgress(): void {
    const record = this.#record;
    const { registry, live } = this.#parts;
    const { watchers } = registry;
    const { told } = live;
    for (let watcher = record.first; watcher !== NONE; watcher = watchers.streamLink.get(watcher)) {
      const flags = watchers.flags.get(watcher);
      if ((flags & WATCHER_FLAG.progress) === 0) continue;
      if (flags & WATCHER_FLAG.sent) {
        watchers.flags.set(watcher, flags & ~WATCHER_FLAG.sent);
        continue;
      }
      if (record.isBlocked || watchers.state.get(watcher) !== WATCHER_STATE.inStep) continue;
      const next = watchers.nextRevision.get(watcher);
      if (flags & WATCHER_FLAG.future && next > told) continue;
      // A watcher begins behind what was told when it came: nothing below concerns it.
      const revision = Math.max(told, next - 1);
      const isOpen = record.sink.sendProgress(
        watchers.idLow.get(watcher),
        watchers.idHigh.get(watcher),
        revision,
      );
      record.isBlocked = !isOpen;
    }
  }

  /** The sink takes no more until `drained`, because of something that the hub did not send. */
  holdBack(): void {
    this.#record.isBlocked = true;
  }

  /** The sink takes responses again. */
  drained(): void {
    if (this.#record.isClosed) return;
    this.#record.isBlocked = false;
    this.#parts.catchUp.enqueue(this.#record);
  }

  /** The stream has ended: nothing is sent any more, and its watchers go. */
  close(): void {
    if (this.#record.isClosed) return;
    this.#record.isClosed = true;
    this.#parts.onClosed(this.#record);
  }
}

function flagsOf(spec: WatchSpec): number {
  return (
    (spec.noPut ? WATCHER_FLAG.noPut : 0) |
    (spec.noDelete ? WATCHER_FLAG.noDelete : 0) |
    (spec.withPrevious ? WATCHER_FLAG.previous : 0) |
    (spec.fragment ? WATCHER_FLAG.fragment : 0) |
    (spec.progress ? WATCHER_FLAG.progress : 0)
  );
}

/** @returns undefined when no key can lie in it. */
function rangeOf({ key, rangeEnd }: WatchSpec): WatchedRange | undefined {
  const from = key.length === 0 ? new Uint8Array(1) : key;
  if (rangeEnd.length === 0) return { kind: "key", key: from };
  if (rangeEnd.length === 1 && rangeEnd[0] === 0) return { kind: "interval", from, to: undefined };
  return compareBytes(from, rangeEnd) < 0 ? { kind: "interval", from, to: rangeEnd } : undefined;
}
