/**
 * One stream of the Watch service with the watches on it. Ids are chosen here, so that answers need no order. A stream that breaks, or of
 * which nothing is heard, hands its watches back; each begins anew elsewhere, behind what it was told.
 */
import { etcdserverpb, type MessageInitShape, type MessageShape, type mvccpb } from "@quorate/proto";
import type { BidiStream } from "../transport.js";
import type { Calls } from "../calls.js";
import { QuorateError } from "../errors/errors.js";
import { SILENCE_MS } from "./limits.js";
import type { CarriedWatch } from "./raw-watch.js";
import { watchRefusalText, watchTokenRefusal } from "./refusal.js";

export interface WatchStreamEvents {
  /** The stream is over. `watches` were on it; `error` says why, undefined when it was not needed any more. */
  onEnd(stream: WatchStream, watches: readonly CarriedWatch[], error: unknown): void;
  /** Begin this one again: the server has given it up. */
  onReturned(watch: CarriedWatch): void;
  /** The stream works. */
  onHeard(): void;
}

interface Place {
  readonly watch: CarriedWatch;
  /** The server has accepted it. */
  isCreated: boolean;
  /** Events of a revision of which more is to come. */
  pieces: readonly mvccpb.Event[];
}

/** Progress of a whole stream comes under this id. */
const ALL_WATCHES = -1n;

export class WatchStream {
  readonly #stream: ReturnType<typeof openStream>;
  readonly #events: WatchStreamEvents;
  readonly #places = new Map<bigint, Place>();
  readonly #ids = new Map<CarriedWatch, bigint>();
  /** Ids that were asked for, in the order in which the server answers; a refusal names no id. */
  readonly #asked: bigint[] = [];
  #nextId = 1n;
  #heardMs: number = performance.now();
  #isEnded = false;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(calls: Calls, events: WatchStreamEvents) {
    this.#events = events;
    this.#stream = openStream(calls);
    this.#timer = setInterval(() => this.#listen(), SILENCE_MS);
    // A process may end while it watches nothing but this.
    (this.#timer as { unref?: () => void }).unref?.();
    void this.#read();
  }

  get count(): number {
    return this.#places.size;
  }

  add(watch: CarriedWatch): void {
    const watchId = this.#nextId++;
    this.#places.set(watchId, { watch, isCreated: false, pieces: [] });
    this.#ids.set(watch, watchId);
    this.#asked.push(watchId);
    this.#send({ case: "createRequest", value: { ...watch.request(), watchId } });
  }

  has(watch: CarriedWatch): boolean {
    return this.#ids.has(watch);
  }

  remove(watch: CarriedWatch): void {
    const watchId = this.#forget(watch);
    if (watchId === undefined) return;
    if (this.#places.size === 0) this.#end(undefined);
    else this.#send({ case: "cancelRequest", value: { watchId } });
  }

  askProgress(): void {
    this.#send({ case: "progressRequest", value: {} });
  }

  /** Ends the stream and all watches on it with `error`. */
  close(error: unknown): void {
    const watches = [...this.#ids.keys()];
    this.#end(undefined);
    for (const watch of watches) watch.failed(error);
  }

  #forget(watch: CarriedWatch): bigint | undefined {
    const watchId = this.#ids.get(watch);
    if (watchId === undefined) return undefined;
    this.#ids.delete(watch);
    this.#places.delete(watchId);
    return watchId;
  }

  async #read(): Promise<void> {
    try {
      for await (const response of this.#stream) {
        this.#heardMs = performance.now();
        this.#events.onHeard();
        this.#hear(response);
      }
      this.#end(new QuorateError("the stream of watches ended", { code: 14, retry: "always" }));
    } catch (error) {
      this.#end(error);
    }
  }

  #hear(response: etcdserverpb.WatchResponse): void {
    const { header, events } = response;
    const revision = header?.revision ?? 0n;
    if (response.watchId === ALL_WATCHES && !response.created) {
      // One that is asked for may still be told what is older than this.
      for (const { watch, isCreated, pieces } of this.#places.values())
        if (isCreated && pieces.length === 0) watch.progressed(revision);
      return;
    }
    const watchId = response.created ? this.#asked.shift() : response.watchId;
    const place = watchId === undefined ? undefined : this.#places.get(watchId);
    // One that was cancelled here; what was under way is not for anybody.
    if (place === undefined) return;
    const { watch } = place;
    if (response.canceled) {
      this.#forget(watch);
      if (watch.canceled(watchRefusalText(response), response.compactRevision))
        this.#events.onReturned(watch);
      if (this.#places.size === 0) this.#end(undefined);
      return;
    }
    if (response.created) {
      place.isCreated = true;
      watch.created(revision);
      return;
    }
    if (events.length === 0 && !response.fragment && place.pieces.length === 0) {
      watch.progressed(revision);
      return;
    }
    const known = place.pieces.length === 0 ? events : [...place.pieces, ...events];
    // Of the last revision of a fragment more may come; all before it is whole.
    const wholes = response.fragment ? beginOfLastRevision(known) : known.length;
    place.pieces = known.slice(wholes);
    if (wholes > 0 && !watch.told(known.slice(0, wholes))) this.remove(watch);
  }

  #listen(): void {
    const silentMs = performance.now() - this.#heardMs;
    if (silentMs >= 2 * SILENCE_MS) {
      this.#end(new QuorateError("nothing was heard of the watches", { code: 14, retry: "always" }));
    } else if (silentMs >= SILENCE_MS) this.askProgress();
  }

  #send(requestUnion: Parameters<ReturnType<typeof openStream>["send"]>[0]["requestUnion"]): void {
    if (this.#isEnded || requestUnion === undefined) return;
    // The reader of the stream learns of its end.
    this.#stream.send({ requestUnion }).catch(() => undefined);
  }

  #end(error: unknown): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearInterval(this.#timer);
    this.#stream.cancel();
    const watches = [...this.#ids.keys()];
    this.#ids.clear();
    this.#places.clear();
    this.#events.onEnd(this, watches, error);
  }
}

function beginOfLastRevision(events: readonly mvccpb.Event[]): number {
  const last = events.at(-1)?.kv?.modRevision;
  let begin = events.length;
  while (begin > 0 && events[begin - 1]?.kv?.modRevision === last) begin -= 1;
  return begin;
}

function openStream(
  calls: Calls,
): BidiStream<
  MessageInitShape<typeof etcdserverpb.WatchRequestSchema>,
  MessageShape<typeof etcdserverpb.WatchResponseSchema>
> {
  return calls.bidi(etcdserverpb.Watch.method.watch, { requireLeader: true, refusalIn: watchTokenRefusal });
}
