/**
 * How far the watchers in step have been told, and what they are told next: from the recent events, or, when more has happened
 * at once than these hold or the store has been replaced, from the store's history, once for all of them.
 *
 *     told < [ begun: being told or read ] < next <= R + 1
 */
import { NONE, NumberList } from "./columns.js";
import { type History, type HistorySource, readHistory } from "./history-reader.js";
import { PASS_EVENTS_MAX } from "./limits.js";
import type { PassPlan } from "./pass.js";
import type { RecentEvents } from "./recent-events.js";
import { WATCHER_STATE } from "./watcher-table.js";
import type { StreamRecord, WatcherRegistry } from "./watcher-registry.js";

export interface LiveParts {
  readonly registry: WatcherRegistry;
  readonly recent: RecentEvents;
  readonly store: () => HistorySource & { readonly revision: number };
  readonly wake: () => void;
  /** Watchers of the stream have lost step. */
  readonly onBehind: (stream: StreamRecord) => void;
  readonly onError: (error: unknown) => void;
}

type Step = "idle" | "reading" | "read" | "passing" | "dropping";

export class LivePosition {
  readonly #parts: LiveParts;
  readonly #found: NumberList = new NumberList();
  #told: number;
  #step: Step = "idle";
  /** Everything up to here is being told or read. */
  #begun: number;
  #history: History | undefined;
  #epoch = 0;
  /** Streams whose watchers in step still have to be looked at, while their next revision is being given up. */
  #toDrop: StreamRecord[] = [];

  constructor(parts: LiveParts) {
    this.#parts = parts;
    this.#told = this.#begun = parts.store().revision;
  }

  /** Every watcher in step has been told of everything up to here that concerns it. */
  get told(): number {
    this.#skip();
    return this.#told;
  }

  /** The first revision that watchers in step have not begun to be told of: who wants this or a later one next is in step. */
  get next(): number {
    this.#skip();
    return Math.max(this.#told, this.#begun) + 1;
  }

  /** Nobody is in step: there is nothing to tell. */
  #skip(): void {
    if (this.#step === "idle" && this.#parts.registry.inStepCount === 0)
      this.#told = this.#begun = this.#parts.store().revision;
  }

  storeReplaced(): void {
    this.#epoch += 1;
    if (this.#step !== "reading" && this.#step !== "read") return;
    this.#history = undefined;
    // `begun` stays: watchers that came meanwhile are behind if they want something before it.
    this.#step = "idle";
  }

  /** Gives up what cannot be told any more. @returns false when it has not come to the end of that. */
  prepare(nowMs: () => number, deadlineMs: number): boolean {
    this.#skip();
    // The store may have been replaced again while watchers were dropped.
    while (this.#step === "dropping" || this.#isLost()) {
      if (this.#step !== "dropping") this.#startDropping();
      for (let stream = this.#toDrop.pop(); stream !== undefined; stream = this.#toDrop.pop()) {
        this.#drop(stream);
        if (nowMs() >= deadlineMs) return false;
      }
      this.#told = this.#begun;
      this.#step = "idle";
    }
    return true;
  }

  #isLost(): boolean {
    const { recent, store } = this.#parts;
    return this.#step === "idle" && this.#told + 1 < Math.min(recent.first, store().compactRevision);
  }

  #startDropping(): void {
    const { store, registry } = this.#parts;
    this.#step = "dropping";
    this.#begun = Math.max(this.#begun, store().compactRevision - 1);
    this.#toDrop = [...registry.streams()].filter((stream) => stream !== undefined);
  }

  /** Watchers in step that want what was compacted away fall behind, where they are told. */
  #drop(stream: StreamRecord): void {
    const { watchers } = this.#parts.registry;
    for (let watcher = stream.first; watcher !== NONE; watcher = watchers.streamLink.get(watcher)) {
      if (watchers.state.get(watcher) !== WATCHER_STATE.inStep) continue;
      const next = Math.max(watchers.nextRevision.get(watcher), this.#told + 1);
      if (next <= this.#begun) this.#parts.registry.fallBehind(watcher, next);
    }
    this.#parts.onBehind(stream);
  }

  /** The next pass, if there is something to tell and it is at hand. */
  plan(): PassPlan | undefined {
    const { recent, store } = this.#parts;
    if (this.#step === "read") return this.#planHistory();
    if (this.#step !== "idle" || this.#told >= store().revision) return undefined;
    if (this.#told + 1 >= recent.first) return this.#planRecent();
    this.#step = "reading";
    const to = Math.min(recent.first - 1, store().revision);
    this.#begun = Math.max(this.#begun, to);
    this.#read(this.#told + 1, to).catch(this.#parts.onError);
    return undefined;
  }

  #planRecent(): PassPlan {
    const block = this.#parts.recent.blockOf(this.#told + 1);
    const from = block.firstAtOrAbove(this.#told + 1);
    const to = Math.min(block.count, from + PASS_EVENTS_MAX);
    const end = to === block.count ? to : block.firstAtOrAbove((block.main[to] as number) + 1);
    return this.#begin({
      block,
      from,
      to: end,
      endRevision: block.main[end - 1] as number,
      headerRevision: 0,
    });
  }

  #begin(plan: Omit<PassPlan, "members">): PassPlan {
    this.#step = "passing";
    this.#begun = Math.max(this.#begun, plan.endRevision);
    return { ...plan, members: undefined };
  }

  async #read(from: number, to: number): Promise<void> {
    const epoch = this.#epoch;
    const { registry, store, wake } = this.#parts;
    try {
      const history = await readHistory(store(), { from, to }, (bytes, start, end) => {
        this.#found.length = 0;
        registry.ranges.match(bytes, start, end, this.#found);
        for (let i = 0; i < this.#found.length; i++)
          if (registry.ranges.first.get(this.#found.at(i)) !== NONE) return true;
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
    const headerRevision = this.#parts.store().revision;
    return this.#begin({ block, from: 0, to: block.count, endRevision, headerRevision });
  }

  /** The pass is done: everybody in step has been told of everything up to `endRevision`. */
  finish(endRevision: number): void {
    this.#told = endRevision;
    this.#step = "idle";
  }
}
