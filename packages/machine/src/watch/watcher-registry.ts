/**
 * All watchers with the lists they are in. Every change of a watcher's state is made here, so that lists and counters agree:
 *
 *     range.first  -> watchers in step          (link, backLink)
 *     stream.behind -> watchers behind, oldest first (link, backLink)
 *     stream.first -> all watchers of the stream (streamLink, streamBackLink)
 */
import { assert } from "@quorate/std";
import { NONE } from "./columns.js";
import { HashTable, mixHash } from "./hash-table.js";
import { RangeIndex, type WatchedRange } from "./range-index.js";
import type { WatchSink } from "./watch-sink.js";
import { WATCHER_FLAG, WATCHER_STATE, WatcherTable } from "./watcher-table.js";

/** What the registry and the passes keep of a stream. */
export class StreamRecord {
  readonly index: number;
  readonly sink: WatchSink;
  /** First of all its watchers. */
  first: number = NONE;
  watcherCount = 0;
  /** Watchers that wait to be brought forward, oldest first. */
  behindFirst: number = NONE;
  behindLast: number = NONE;
  /** Watchers behind or in a pass. */
  laggingCount = 0;
  compactedCount = 0;
  /** The latest revision that one of its watchers began with and had not been told of then; and one of those, or NONE. */
  futureRevision = 0;
  futureWatcher: number = NONE;
  /** The sink takes no more for now. */
  isBlocked = false;
  isClosed = false;
  /** In the queue of streams that have watchers to bring forward; the queue is chained through `nextReady`. */
  isReady = false;
  nextReady: StreamRecord | undefined = undefined;
  /** Asked for progress: to be answered when everybody has been told of this revision; 0 when not asked. */
  progressRevision = 0;

  constructor(index: number, sink: WatchSink) {
    this.index = index;
    this.sink = sink;
  }
}

export interface NewWatcher {
  readonly range: WatchedRange;
  readonly idLow: number;
  readonly idHigh: number;
  readonly flags: number;
  readonly nextRevision: number;
}

/** Told when a watcher leaves a place where a pass may be looking for it. */
export interface RegistryObserver {
  /** The watcher is about to leave the list of its range. */
  onLeavingStep(watcher: number): void;
  /** The watcher at this place of the pass has left it. */
  onLeavingPass(place: number): void;
  /** The range is gone. */
  onRangeGone(range: number): void;
}

export class WatcherRegistry {
  readonly watchers: WatcherTable = new WatcherTable();
  readonly ranges: RangeIndex;
  readonly #observer: RegistryObserver;
  readonly #seed: number;
  readonly #streams: (StreamRecord | undefined)[] = [];
  readonly #freeStreams: number[] = [];
  readonly #ids: HashTable = new HashTable((watcher) => this.#idHash(watcher));
  #count = 0;
  #inStepCount = 0;
  #previousCount = 0;
  #laggingCount = 0;

  constructor(seed: number, observer: RegistryObserver) {
    this.#seed = seed;
    this.#observer = observer;
    this.ranges = new RangeIndex(seed);
  }

  get count(): number {
    return this.#count;
  }

  get inStepCount(): number {
    return this.#inStepCount;
  }

  /** Watchers behind or in a pass. */
  get laggingCount(): number {
    return this.#laggingCount;
  }

  /** Watchers that want the pair before each event. */
  get previousCount(): number {
    return this.#previousCount;
  }

  // Streams

  addStream(sink: WatchSink): StreamRecord {
    const index = this.#freeStreams.pop() ?? this.#streams.length;
    const stream = new StreamRecord(index, sink);
    this.#streams[index] = stream;
    return stream;
  }

  /** The stream has no watchers any more. */
  removeStream(stream: StreamRecord): void {
    assert(stream.watcherCount === 0, "stream removed with watchers");
    this.#streams[stream.index] = undefined;
    this.#freeStreams.push(stream.index);
  }

  streamOf(watcher: number): StreamRecord {
    return this.#streams[this.watchers.stream.get(watcher)] as StreamRecord;
  }

  streams(): IterableIterator<StreamRecord | undefined> {
    return this.#streams.values();
  }

  // Watchers

  /** The watcher with an id on a stream, or NONE. */
  find(stream: StreamRecord, idLow: number, idHigh: number): number {
    const { watchers } = this;
    const hash = this.#hashId(stream.index, idLow, idHigh);
    for (let step = 0; ; step++) {
      const watcher = this.#ids.probe(hash, step);
      if (watcher === NONE) return NONE;
      if (
        watchers.idLow.get(watcher) === idLow &&
        watchers.idHigh.get(watcher) === idHigh &&
        watchers.stream.get(watcher) === stream.index
      )
        return watcher;
    }
  }

  #idHash(watcher: number): number {
    const { stream, idLow, idHigh } = this.watchers;
    return this.#hashId(stream.get(watcher), idLow.get(watcher), idHigh.get(watcher));
  }

  #hashId(stream: number, idLow: number, idHigh: number): number {
    return mixHash(Math.imul(mixHash(this.#seed ^ stream), 0x9e37_79b9) ^ idLow ^ Math.imul(idHigh, 31));
  }

  /** Adds a watcher that is in step or, when `isBehind`, waits behind all others of its stream. Its id must be free. */
  add(stream: StreamRecord, spec: NewWatcher, isBehind: boolean): number {
    const { watchers, ranges } = this;
    const watcher = watchers.allocate();
    const range = ranges.acquire(spec.range);
    watchers.range.set(watcher, range);
    watchers.stream.set(watcher, stream.index);
    watchers.idLow.set(watcher, spec.idLow);
    watchers.idHigh.set(watcher, spec.idHigh);
    watchers.flags.set(watcher, spec.flags);
    watchers.nextRevision.set(watcher, spec.nextRevision);
    this.#ids.add(this.#idHash(watcher), watcher);
    if (spec.flags & WATCHER_FLAG.previous) this.#countPrevious(range, 1);
    if (spec.flags & WATCHER_FLAG.future)
      stream.futureRevision = Math.max(stream.futureRevision, spec.nextRevision);
    watchers.streamBackLink.set(watcher, NONE);
    watchers.streamLink.set(watcher, stream.first);
    if (stream.first !== NONE) watchers.streamBackLink.set(stream.first, watcher);
    stream.first = watcher;
    stream.watcherCount += 1;
    this.#count += 1;
    if (isBehind) this.#pushBehind(stream, watcher, 1);
    else this.#enterStep(watcher);
    return watcher;
  }

  /** The watcher is gone, whatever it was doing. */
  remove(watcher: number): void {
    const { watchers } = this;
    const stream = this.streamOf(watcher);
    const range = watchers.range.get(watcher);
    const flags = watchers.flags.get(watcher);
    this.#leaveState(stream, watcher);
    if (flags & WATCHER_FLAG.previous) this.#countPrevious(range, -1);
    this.#ids.remove(this.#idHash(watcher), watcher);
    const next = watchers.streamLink.get(watcher);
    const before = watchers.streamBackLink.get(watcher);
    if (before === NONE) stream.first = next;
    else watchers.streamLink.set(before, next);
    if (next !== NONE) watchers.streamBackLink.set(next, before);
    stream.watcherCount -= 1;
    this.#count -= 1;
    if (this.ranges.release(range)) this.#observer.onRangeGone(range);
    watchers.flags.set(watcher, 0);
    watchers.free(watcher);
  }

  #countPrevious(range: number, change: number): void {
    this.#previousCount += change;
    this.ranges.previousCount.set(range, this.ranges.previousCount.get(range) + change);
  }

  // States

  /** Behind or in a pass -> in step. */
  joinStep(watcher: number): void {
    this.#leaveState(this.streamOf(watcher), watcher);
    this.#enterStep(watcher);
  }

  /** In step or in a pass -> behind, to go on with `nextRevision`. */
  fallBehind(watcher: number, nextRevision: number): void {
    const stream = this.streamOf(watcher);
    this.#leaveState(stream, watcher);
    this.watchers.nextRevision.set(watcher, nextRevision);
    this.#pushBehind(stream, watcher, 1);
  }

  /** Behind -> at `place` in a pass. */
  enterPass(watcher: number, place: number): void {
    const { watchers } = this;
    this.#unlinkBehind(this.streamOf(watcher), watcher);
    watchers.state.set(watcher, WATCHER_STATE.inPass);
    watchers.link.set(watcher, place);
  }

  /** Behind -> behind all others of its stream. */
  requeue(watcher: number): void {
    const stream = this.streamOf(watcher);
    this.#unlinkBehind(stream, watcher);
    this.#pushBehind(stream, watcher, 0);
  }

  /** Behind -> compacted. */
  markCompacted(watcher: number): void {
    const stream = this.streamOf(watcher);
    this.#leaveState(stream, watcher);
    this.watchers.state.set(watcher, WATCHER_STATE.compacted);
    stream.compactedCount += 1;
  }

  #enterStep(watcher: number): void {
    const { watchers, ranges } = this;
    const range = watchers.range.get(watcher);
    const first = ranges.first.get(range);
    watchers.state.set(watcher, WATCHER_STATE.inStep);
    watchers.backLink.set(watcher, NONE);
    watchers.link.set(watcher, first);
    if (first !== NONE) watchers.backLink.set(first, watcher);
    ranges.first.set(range, watcher);
    this.#inStepCount += 1;
  }

  #leaveState(stream: StreamRecord, watcher: number): void {
    const { watchers } = this;
    switch (watchers.state.get(watcher)) {
      case WATCHER_STATE.inStep:
        this.#leaveStep(watcher);
        return;
      case WATCHER_STATE.behind:
        this.#unlinkBehind(stream, watcher);
        this.#countLagging(stream, -1);
        return;
      case WATCHER_STATE.inPass:
        this.#observer.onLeavingPass(watchers.link.get(watcher));
        this.#countLagging(stream, -1);
        return;
      default:
        stream.compactedCount -= 1;
    }
  }

  #leaveStep(watcher: number): void {
    const { watchers, ranges } = this;
    this.#observer.onLeavingStep(watcher);
    const next = watchers.link.get(watcher);
    const before = watchers.backLink.get(watcher);
    if (before === NONE) ranges.first.set(watchers.range.get(watcher), next);
    else watchers.link.set(before, next);
    if (next !== NONE) watchers.backLink.set(next, before);
    this.#inStepCount -= 1;
  }

  #pushBehind(stream: StreamRecord, watcher: number, count: 0 | 1): void {
    const { watchers } = this;
    watchers.state.set(watcher, WATCHER_STATE.behind);
    watchers.link.set(watcher, NONE);
    watchers.backLink.set(watcher, stream.behindLast);
    if (stream.behindLast === NONE) stream.behindFirst = watcher;
    else watchers.link.set(stream.behindLast, watcher);
    stream.behindLast = watcher;
    this.#countLagging(stream, count);
  }

  #unlinkBehind(stream: StreamRecord, watcher: number): void {
    const { watchers } = this;
    const next = watchers.link.get(watcher);
    const before = watchers.backLink.get(watcher);
    if (before === NONE) stream.behindFirst = next;
    else watchers.link.set(before, next);
    if (next === NONE) stream.behindLast = before;
    else watchers.backLink.set(next, before);
  }

  #countLagging(stream: StreamRecord, change: number): void {
    stream.laggingCount += change;
    this.#laggingCount += change;
  }
}
