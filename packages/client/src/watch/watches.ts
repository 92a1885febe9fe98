/** All watches of a client: put on streams, and begun anew when a stream breaks. */
import type { Calls } from "../calls.js";
import { QuorateError } from "../errors/errors.js";
import { checkRevision } from "../kv/check-numbers.js";
import { wireRange, type Key, type KeyRange, type WireRange } from "../kv/key-range.js";
import { codecOrText } from "../codec/codec.js";
import type { Keyspace } from "../namespace/keyspace.js";
import { SILENT, type Logger } from "../logger.js";
import { WATCHES_PER_STREAM_MAX } from "./limits.js";
import { RawWatch, type CarriedWatch, type RawWatchOptions, type WatchCarrier } from "./raw-watch.js";
import { Watch } from "./watch.js";
import { WatchStream } from "./watch-stream.js";
import type { WatchOptions } from "./watch-types.js";

export class Watches {
  readonly #calls: Calls;
  readonly #logger: Logger;
  readonly #streams = new Set<WatchStream>();
  /** Watches that wait until the next stream is tried. */
  #returned = new Set<CarriedWatch>();
  #failures = 0;
  #isWaiting = false;
  readonly #carrier: WatchCarrier;
  readonly #close: () => void;

  constructor(calls: Calls, logger: Logger = SILENT) {
    this.#calls = calls;
    this.#logger = logger;
    this.#carrier = {
      begin: (watch) => this.#begin(watch),
      end: (watch) => this.#end(watch),
      askProgress: (watch) => this.#streamOf(watch)?.askProgress(),
    };
    this.#close = () => this.#closeAll(calls.closed.reason);
    calls.closed.addEventListener("abort", this.#close, { once: true });
  }

  /** Begins at once; see `Watch`. */
  watch<V>(keyspace: Keyspace, keys: Key | KeyRange, options: WatchOptions<V> = {}): Watch<V> {
    checkRevision("startRevision", options.startRevision);
    const raw = this.watchRaw({
      range: keyspace.rangeToWire(watchedRange(keys)),
      startRevision: options.startRevision ?? 0n,
      // Nothing but yes and no can be sent, and nobody would hear of anything else.
      previous: options.previous === true,
      puts: options.puts !== false,
      deletes: options.deletes !== false,
      progress: options.progress === true,
      signal: options.signal,
    });
    return new Watch(raw, { keyspace, codec: codecOrText(options.as) });
  }

  watchRaw(options: RawWatchOptions): RawWatch {
    return new RawWatch(this.#carrier, options);
  }

  #begin(watch: CarriedWatch): void {
    if (this.#calls.closed.aborted) {
      watch.failed(this.#calls.closed.reason);
      return;
    }
    // After a failure all wait together: a member that is gone is not asked by each of them.
    if (this.#isWaiting) {
      this.#returned.add(watch);
      return;
    }
    for (const stream of this.#streams) {
      if (stream.count >= WATCHES_PER_STREAM_MAX) continue;
      stream.add(watch);
      return;
    }
    const stream = new WatchStream(this.#calls, {
      onEnd: (ended, watches, error) => this.#onEnd(ended, watches, error),
      onReturned: (returned) => this.#retry([returned]),
      onHeard: () => (this.#failures = 0),
    });
    this.#streams.add(stream);
    stream.add(watch);
  }

  #end(watch: CarriedWatch): void {
    this.#returned.delete(watch);
    this.#streamOf(watch)?.remove(watch);
  }

  #onEnd(stream: WatchStream, watches: readonly CarriedWatch[], error: unknown): void {
    this.#streams.delete(stream);
    if (watches.length === 0) return;
    if (this.#calls.closed.aborted) for (const watch of watches) watch.failed(this.#calls.closed.reason);
    else if (
      error instanceof QuorateError &&
      error.retry === "none" &&
      error.reason !== "invalid-auth-token"
    ) {
      this.#logger.error("watches have ended", { watches: watches.length, reason: error.message });
      for (const watch of watches) watch.failed(error);
    } else {
      const reason = error instanceof Error ? error.message : String(error);
      this.#logger.info("watches go on with another stream", { watches: watches.length, reason });
      this.#retry(watches);
    }
  }

  #retry(watches: readonly CarriedWatch[]): void {
    for (const watch of watches) this.#returned.add(watch);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    this.#calls.backOff(this.#failures++).then(
      () => {
        this.#isWaiting = false;
        const returned = this.#returned;
        this.#returned = new Set();
        for (const watch of returned) this.#begin(watch);
      },
      (error: unknown) => this.#closeAll(error),
    );
  }

  #closeAll(error: unknown): void {
    this.#isWaiting = false;
    const returned = this.#returned;
    this.#returned = new Set();
    for (const watch of returned) watch.failed(error);
    for (const stream of [...this.#streams]) stream.close(error);
  }

  #streamOf(watch: CarriedWatch): WatchStream | undefined {
    for (const stream of this.#streams) if (stream.has(watch)) return stream;
    return undefined;
  }
}

/** @throws TypeError also for an empty key, which servers take for another one, and which nobody can have. */
function watchedRange(keys: Key | KeyRange): WireRange {
  const range = wireRange(keys);
  if (range.key.length === 0) throw new TypeError('a key has at least one byte; all keys are { prefix: "" }');
  return range;
}
