/**
 * The watch hub: tells every watcher of every event that concerns it, in order, once, and a revision as a whole.
 *
 *     commit --> recent events --+--> live pass:     all watchers in step, together
 *                                |
 *     store's history -----------+--> catch-up pass: watchers behind, some at a time
 *                                                            |
 *                               responses <-- bodies built once per range, filters and beginning
 *
 * Watchers in step share one position; each that is behind has its own. A watcher whose stream takes no more is left where it is,
 * with nothing queued for it, and brought forward from the recent events or the store when it takes responses again.
 *
 * Work is done on turns of its own, in slices of `SLICE_MS`, so that watchers never hold up writes. One pass runs at a time; live
 * and catch-up passes take turns when both have work.
 * Source: kv-watch-lease 7. Limits: `limits.ts`. Not here: what responses look like around the events, and who may watch.
 */
import type { CommitListener, StoreDriver, StoreReads } from "../mvcc/store-api.js";
import { CatchUp } from "./catch-up.js";
import { RECENT_BYTES_MAX, SLICE_MS } from "./limits.js";
import { LivePosition } from "./live-position.js";
import { Pass } from "./pass.js";
import { RecentEvents } from "./recent-events.js";
import type { WatchSink } from "./watch-sink.js";
import { type StreamParts, WatchStream } from "./watch-stream.js";
import { type StreamRecord, WatcherRegistry } from "./watcher-registry.js";
import { NONE } from "./columns.js";

/** Watchers of a stream that has ended that are removed at once; the others go in slices. */
const REMOVALS_AT_ONCE_MAX = 64;

/** What the hub needs of the store. */
export type WatchedStore = StoreReads & Pick<StoreDriver, "history">;

export interface WatchHubOptions {
  readonly store: WatchedStore;
  /** Runs `task` once on a later turn, after input that waits has been read. */
  readonly scheduler: { soon(task: () => void): void };
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** History that cannot be read: the member should stop. */
  readonly onError: (error: unknown) => void;
  /** Any integer that clients do not know: keeps them from choosing keys with equal hashes. */
  readonly seed?: number;
  readonly recentBytesMax?: number;
}

export interface WatchHubStatistics {
  readonly streamCount: number;
  readonly watcherCount: number;
  /** Distinct keys and intervals. */
  readonly rangeCount: number;
  /** Watchers behind, which etcd calls slow. */
  readonly behindCount: number;
  /** Memory for recent events. */
  readonly recentBytes: number;
  /** The same without the block that is being filled, and what that may be at most. */
  readonly recentBytesBefore: number;
  readonly recentBytesMax: number;
  /** The revision that all watchers in step have been told of. */
  readonly toldRevision: number;
}

export class WatchHub {
  readonly #options: WatchHubOptions;
  readonly #registry: WatcherRegistry;
  readonly #recent: RecentEvents;
  readonly #live: LivePosition;
  readonly #catchUp: CatchUp;
  readonly #pass: Pass;
  /** Shared by all streams. */
  readonly #streamParts: StreamParts;
  /** Ended streams whose watchers are being removed. */
  readonly #ended: StreamRecord[] = [];
  /** Streams that asked for progress and wait for the live position. */
  #progressStreams: WatchStream[] = [];
  #store: WatchedStore;
  #streamCount = 0;
  #isScheduled = false;
  #isWaiting = false;
  #isLivesTurn = true;
  #isClosed = false;

  constructor(options: WatchHubOptions) {
    this.#options = options;
    this.#store = options.store;
    const { revision } = options.store;
    this.#registry = new WatcherRegistry(options.seed ?? 0, {
      onLeavingStep: (watcher) => {
        this.#pass.onLeavingStep(watcher);
      },
      onLeavingPass: (place) => {
        this.#catchUp.onLeavingPass(place);
      },
      onRangeGone: (range) => {
        this.#pass.onRangeGone(range);
      },
    });
    this.#recent = new RecentEvents(options.recentBytesMax ?? RECENT_BYTES_MAX, revision);
    this.#pass = new Pass(this.#registry, options.nowMs);
    const shared = {
      registry: this.#registry,
      recent: this.#recent,
      store: () => this.#store,
      wake: () => {
        this.#wake();
      },
      onError: (error: unknown) => {
        if (!this.#isClosed) options.onError(error);
      },
    };
    this.#catchUp = new CatchUp({ ...shared, liveRevision: () => this.#live.next });
    this.#live = new LivePosition({
      ...shared,
      onBehind: (stream) => {
        this.#catchUp.enqueue(stream);
      },
    });
    this.#streamParts = {
      ...shared,
      live: this.#live,
      catchUp: this.#catchUp,
      awaitProgress: (stream) => {
        this.#progressStreams.push(stream);
        this.#wake();
      },
      onClosed: (stream) => {
        this.#endStream(stream);
      },
    };
  }

  /** To be called by the store, at the end of each transaction that changed a key. */
  readonly onCommit: CommitListener = (revision, slots, count) => {
    if (this.#registry.count === 0) {
      this.#recent.reset(revision);
      return;
    }
    this.#recent.append(this.#store, revision, slots, count, this.#registry.previousCount > 0);
    this.#wake();
  };

  /** Another store, further on in the same history, has taken the place of the one before. */
  storeReplaced(store: WatchedStore): void {
    this.#store = store;
    this.#recent.reset(store.revision);
    this.#live.storeReplaced();
    this.#catchUp.storeReplaced();
    this.#wake();
  }

  /** A new stream; its watchers' responses go to `sink`, never inside a call of the stream. */
  openStream(sink: WatchSink): WatchStream {
    const record = this.#registry.addStream(sink);
    this.#streamCount += 1;
    return new WatchStream(record, this.#streamParts);
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#isClosed = true;
  }

  get statistics(): WatchHubStatistics {
    return {
      streamCount: this.#streamCount,
      watcherCount: this.#registry.count,
      rangeCount: this.#registry.ranges.count,
      behindCount: this.#registry.laggingCount,
      recentBytes: this.#recent.bytesHeld,
      recentBytesBefore: this.#recent.bytesHeldBeforeLast,
      recentBytesMax: this.#recent.bytesMax,
      toldRevision: this.#live.told,
    };
  }

  // Turns

  #wake(): void {
    if (this.#isScheduled || this.#isWaiting || this.#isClosed) return;
    this.#isScheduled = true;
    this.#options.scheduler.soon(this.#turn);
  }

  readonly #turn = (): void => {
    this.#isScheduled = false;
    if (this.#isClosed || this.#isWaiting) return;
    const { nowMs } = this.#options;
    const deadlineMs = nowMs() + SLICE_MS;
    while (this.#work(deadlineMs)) {
      if (nowMs() < deadlineMs) continue;
      this.#wake();
      return;
    }
  };

  /** One piece of work. @returns whether there may be more to do now. */
  #work(deadlineMs: number): boolean {
    if (this.#pass.plan !== undefined || this.#startPass(deadlineMs)) return this.#runPass(deadlineMs);
    this.#answerProgress();
    return this.#removeEnded() || this.#catchUp.isReady;
  }

  #startPass(deadlineMs: number): boolean {
    const { nowMs } = this.#options;
    if (!this.#live.prepare(nowMs, deadlineMs)) {
      this.#wake();
      return false;
    }
    const plan = this.#isLivesTurn
      ? (this.#live.plan() ?? this.#catchUp.plan())
      : (this.#catchUp.plan() ?? this.#live.plan());
    if (plan === undefined) return false;
    this.#isLivesTurn = plan.members !== undefined;
    this.#pass.start(plan);
    return true;
  }

  #runPass(deadlineMs: number): boolean {
    const plan = this.#pass.plan;
    const store = this.#store;
    const progress = this.#pass.run(store, deadlineMs);
    if (progress === "sliced") return true;
    if (progress !== "done") {
      this.#isWaiting = true;
      const goOn = (): void => {
        this.#isWaiting = false;
        this.#wake();
      };
      progress.then(goOn, (error: unknown) => {
        // A store that was replaced may be closed while we read it; the new one has the same pairs.
        if (store === this.#store && !this.#isClosed) this.#options.onError(error);
        else goOn();
      });
      return false;
    }
    const { endRevision } = this.#pass;
    if (plan?.members === undefined) this.#live.finish(endRevision);
    else this.#catchUp.finish(endRevision);
    this.#answerProgress();
    return true;
  }

  #answerProgress(): void {
    if (this.#progressStreams.length === 0) return;
    const waiting = this.#progressStreams;
    this.#progressStreams = [];
    for (const stream of waiting) if (!stream.answerProgress()) this.#progressStreams.push(stream);
  }

  #endStream(stream: StreamRecord): void {
    this.#streamCount -= 1;
    for (let i = 0; i < REMOVALS_AT_ONCE_MAX && stream.first !== NONE; i++)
      this.#registry.remove(stream.first);
    if (stream.first === NONE) {
      this.#registry.removeStream(stream);
      return;
    }
    this.#ended.push(stream);
    this.#wake();
  }

  /** @returns whether there is more. */
  #removeEnded(): boolean {
    const stream = this.#ended.at(-1);
    if (stream === undefined) return false;
    for (let i = 0; i < REMOVALS_AT_ONCE_MAX && stream.first !== NONE; i++)
      this.#registry.remove(stream.first);
    if (stream.first === NONE) {
      this.#ended.pop();
      this.#registry.removeStream(stream);
    }
    return this.#ended.length > 0;
  }
}
