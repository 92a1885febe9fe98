/**
 * Brings watchers forward that are behind: some from each stream that takes responses, chosen in turn, as far as they want the
 * same stretch of revisions.
 *
 *     ready streams --> choose --> recent events hold the stretch ---------------> pass --> in step, or behind again
 *                          |                                                        ^
 *                          +-----> read it from the store (asynchronous) -----------+
 *
 * The first watcher chosen says where the stretch begins, so each gets its turn however far the others are behind.
 */
import { NONE, NumberList } from "./columns.js";
import { type History, type HistorySource, readHistory } from "./history-reader.js";
import {
  FRAGMENTED_BYTES_TARGET,
  HISTORY_BYTES_MAX,
  PASS_EVENTS_MAX,
  PASS_STREAM_WATCHERS_MAX,
  PASS_WATCHERS_MAX,
  RESPONSE_REVISIONS_MAX,
} from "./limits.js";
import type { Members, PassPlan } from "./pass.js";
import type { RecentEvents } from "./recent-events.js";
import { WATCHER_FLAG, WATCHER_STATE } from "./watcher-table.js";
import type { StreamRecord, WatcherRegistry } from "./watcher-registry.js";

export interface CatchUpParts {
  readonly registry: WatcherRegistry;
  readonly recent: RecentEvents;
  readonly store: () => HistorySource & { readonly revision: number };
  /** The first revision that watchers in step have not begun to be told of. */
  readonly liveRevision: () => number;
  /** Something can be gone on with. */
  readonly wake: () => void;
  readonly onError: (error: unknown) => void;
}

/** Watchers that were chosen. */
class Group implements Members {
  readonly number: number;
  readonly watchers: number[] = [];
  /** Where their stretch begins. */
  base = 0;
  wantsFragments = false;

  constructor(number: number) {
    this.number = number;
  }
}

type Step = "idle" | "reading" | "read" | "passing";

export class CatchUp {
  readonly #parts: CatchUpParts;
  readonly #found: NumberList = new NumberList();
  /** Streams that have been looked at for this group: they come last the next time. */
  readonly #later: StreamRecord[] = [];
  #firstReady: StreamRecord | undefined;
  #lastReady: StreamRecord | undefined;
  #passNumber = 0;
  #group: Group = new Group(0);
  #step: Step = "idle";
  #history: History | undefined;
  /** Grows when the store is replaced: what was read from the one before is of no use. */
  #epoch = 0;

  constructor(parts: CatchUpParts) {
    this.#parts = parts;
  }

  /** Whether there may be something to do now. */
  get isReady(): boolean {
    return this.#step === "read" || (this.#step === "idle" && this.#firstReady !== undefined);
  }

  /** The stream's watchers behind may be brought forward. */
  enqueue(stream: StreamRecord): void {
    if (stream.isReady || stream.isBlocked || stream.isClosed || stream.behindFirst === NONE) return;
    stream.isReady = true;
    stream.nextReady = undefined;
    if (this.#lastReady === undefined) this.#firstReady = stream;
    else this.#lastReady.nextReady = stream;
    this.#lastReady = stream;
    this.#parts.wake();
  }

  #dequeue(): StreamRecord | undefined {
    const stream = this.#firstReady;
    if (stream === undefined) return undefined;
    this.#firstReady = stream.nextReady;
    if (this.#firstReady === undefined) this.#lastReady = undefined;
    stream.nextReady = undefined;
    stream.isReady = false;
    return stream;
  }

  onLeavingPass(place: number): void {
    this.#group.watchers[place] = NONE;
  }

  /** What is being read from the store before is forgotten. */
  storeReplaced(): void {
    this.#epoch += 1;
    if (this.#step !== "reading" && this.#step !== "read") return;
    this.#history = undefined;
    this.#settle(0);
  }

  /** The next pass, if one can be made without waiting. */
  plan(): PassPlan | undefined {
    if (this.#step === "read") return this.#planHistory();
    if (this.#step !== "idle" || !this.#choose()) return undefined;
    const { recent } = this.#parts;
    const { base } = this.#group;
    if (base >= recent.first) return this.#planRecent(base);
    this.#step = "reading";
    this.#read(Math.min(recent.first - 1, this.#parts.store().revision)).catch(this.#parts.onError);
    return undefined;
  }

  // Choosing

  /** @returns false when nobody is to be brought forward. */
  #choose(): boolean {
    this.#passNumber += 1;
    const group = new Group(this.#passNumber);
    this.#group = group;
    let looks = PASS_WATCHERS_MAX;
    while (looks > 0) {
      const stream = this.#dequeue();
      if (stream === undefined) break;
      if (stream.isClosed || stream.isBlocked) continue;
      const looksHere = Math.min(looks, PASS_STREAM_WATCHERS_MAX, stream.laggingCount);
      for (let i = 0; i < looksHere && stream.behindFirst !== NONE && !isBlocked(stream); i++)
        this.#look(group, stream, stream.behindFirst);
      looks -= Math.max(1, looksHere);
      this.#later.push(stream);
    }
    for (const stream of this.#later) this.enqueue(stream);
    this.#later.length = 0;
    return group.watchers.length > 0;
  }

  #look(group: Group, stream: StreamRecord, watcher: number): void {
    const { registry, recent, store, liveRevision } = this.#parts;
    const { watchers, ranges } = registry;
    const next = watchers.nextRevision.get(watcher);
    const flags = watchers.flags.get(watcher);
    const { compactRevision } = store();
    if (flags & WATCHER_FLAG.stale || (next < compactRevision && next < recent.first)) {
      registry.markCompacted(watcher);
      const { idLow, idHigh } = watchers;
      stream.isBlocked = !stream.sink.sendCompacted(idLow.get(watcher), idHigh.get(watcher), compactRevision);
      return;
    }
    if (next >= liveRevision()) {
      registry.joinStep(watcher);
      return;
    }
    if (group.watchers.length === 0) group.base = next;
    if (!fits(group.base, next, recent.first)) {
      registry.requeue(watcher);
      return;
    }
    registry.enterPass(watcher, group.watchers.length);
    group.watchers.push(watcher);
    ranges.pass.set(watchers.range.get(watcher), group.number);
    if (flags & WATCHER_FLAG.fragment) group.wantsFragments = true;
  }

  // Passes

  #planRecent(base: number): PassPlan {
    const { recent, store } = this.#parts;
    const block = recent.blockOf(base);
    const from = block.firstAtOrAbove(base);
    const to = Math.min(block.count, from + PASS_EVENTS_MAX);
    const end = to === block.count ? to : block.firstAtOrAbove((block.main[to] as number) + 1);
    this.#step = "passing";
    const endRevision = block.main[end - 1] as number;
    return { block, from, to: end, endRevision, headerRevision: store().revision, members: this.#group };
  }

  async #read(to: number): Promise<void> {
    const epoch = this.#epoch;
    const { base, number, wantsFragments } = this.#group;
    const { registry, store, wake } = this.#parts;
    const bytesMax = wantsFragments ? FRAGMENTED_BYTES_TARGET : HISTORY_BYTES_MAX;
    try {
      const history = await readHistory(store(), { from: base, to, bytesMax }, (bytes, start, end) => {
        this.#found.length = 0;
        registry.ranges.match(bytes, start, end, this.#found);
        for (let i = 0; i < this.#found.length; i++)
          if (registry.ranges.pass.get(this.#found.at(i)) === number) return true;
        return false;
      });
      if (epoch !== this.#epoch) return;
      this.#history = history;
      this.#step = "read";
      wake();
    } catch (error) {
      // A store that was replaced is closed sooner or later, whoever reads it.
      if (epoch === this.#epoch) throw error;
    }
  }

  #planHistory(): PassPlan {
    const { block, endRevision } = this.#history as History;
    this.#history = undefined;
    this.#step = "passing";
    const { revision: headerRevision } = this.#parts.store();
    return { block, from: 0, to: block.count, endRevision, headerRevision, members: this.#group };
  }

  /** The pass is done: its watchers have been told of everything up to `endRevision`. */
  finish(endRevision: number): void {
    this.#settle(endRevision);
  }

  /** Who took part and is still here goes on behind `endRevision`. */
  #settle(endRevision: number): void {
    const { registry, liveRevision } = this.#parts;
    const { watchers } = registry;
    const live = liveRevision();
    for (const watcher of [...this.#group.watchers]) {
      if (watcher === NONE || watchers.state.get(watcher) !== WATCHER_STATE.inPass) continue;
      const next = Math.max(watchers.nextRevision.get(watcher), endRevision + 1);
      if (next >= live) {
        watchers.nextRevision.set(watcher, next);
        registry.joinStep(watcher);
        continue;
      }
      registry.fallBehind(watcher, next);
      this.enqueue(registry.streamOf(watcher));
    }
    this.#group = new Group(0);
    this.#step = "idle";
  }
}

function isBlocked(stream: StreamRecord): boolean {
  return stream.isBlocked;
}

/** Whether a watcher that goes on with `next` joins those whose stretch begins at `base`. */
function fits(base: number, next: number, recentFirst: number): boolean {
  if (base >= recentFirst) return next >= base;
  return next >= base && next < base + RESPONSE_REVISIONS_MAX;
}
