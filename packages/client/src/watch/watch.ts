/** One watch, as its user holds it. */
import { mvccpb } from "@quorate/proto";
import { utf8 } from "../codec/codec.js";
import { toKeyValue, type PairView } from "../kv/key-value.js";
import type { RawWatch } from "./raw-watch.js";
import type { WatchBatch, WatchEvent } from "./watch-types.js";

/**
 * Told of every change of its keys, in order, once, from `startRevision` on, whatever happens to connections and members. Iterate over
 * it for events, or over `batches()` for whole transactions; leaving the loop ends it. One consumer only: a second
 * loop throws TypeError.
 *
 * The loop throws `CompactedError` when what comes next has been compacted, a refusal when the user may not watch the keys, `ClosedError`
 * when the client closes, what the codec throws, and the signal's reason when it aborts.
 */
export class Watch<V = string> implements AsyncIterable<WatchEvent<V>>, AsyncDisposable {
  readonly #raw: RawWatch;
  readonly #view: PairView<V>;

  /** @private Made by `client.watch`. */
  constructor(raw: RawWatch, view: PairView<V>) {
    this.#raw = raw;
    this.#view = view;
  }

  /**
   * Resolves once the server has accepted the watch, to the revision of the store then: nothing that happens afterwards is missed.
   * Rejects when it is refused, with ClosedError when it is closed before. Without a server it stays as it is: a `signal` of the watch
   * bounds it.
   */
  get ready(): Promise<bigint> {
    return this.#raw.ready;
  }

  /** The loop has been told everything up to here. 0n before anything is known. */
  get revision(): bigint {
    return this.#raw.revision;
  }

  /** Asks the server how far it has told everything; `revision` shows the answer once the loop goes on. */
  requestProgress(): void {
    this.#raw.requestProgress();
  }

  /** Event by event. */
  async *[Symbol.asyncIterator](): AsyncGenerator<WatchEvent<V>> {
    for await (const { events } of this.batches()) yield* events;
  }

  /** Whole transactions, each with its revision. */
  async *batches(): AsyncGenerator<WatchBatch<V>> {
    for await (const { revision, events } of this.#raw.batches()) {
      if (events.length === 0) continue;
      yield { revision, events: events.map((event) => toWatchEvent(event, this.#view)) };
    }
  }

  /** Ends the watch; its loop ends when it has taken what waits. */
  close(): void {
    this.#raw.close();
  }

  /** Closes the watch. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }
}

function toWatchEvent<V>({ type, kv, prevKv }: mvccpb.Event, view: PairView<V>): WatchEvent<V> {
  if (kv === undefined) throw new Error("the server told an event without a key");
  const previous = prevKv === undefined ? undefined : toKeyValue(prevKv, view);
  if (type === mvccpb.Event_EventType.PUT)
    return { type: "put", kv: toKeyValue(kv, view), isNew: kv.version === 1n, previous };
  const keyBytes = view.keyspace.fromWire(kv.key);
  return {
    type: "delete",
    kv: { key: utf8.decode(keyBytes), keyBytes, modRevision: kv.modRevision },
    previous,
  };
}
