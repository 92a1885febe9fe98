/**
 * The stream of watches where a page can't go on sending: one call carries all watches. When one is added or taken away, or progress is
 * asked for, a new call begins with all of them, each behind what has been told of it; answers that were on their way are given again.
 * So nothing is missed and nothing told twice, and a page needs one connection for its watches, of the six that browsers have for a server.
 * Several changes at once are one new call.
 *
 * A watch that hears nothing for long would go on from a revision that may be compacted by then. Our servers therefore tell the progress of
 * such calls by themselves (`PROGRESS_HEADER`); of others it is known when they tell it.
 */
import { create, etcdserverpb, GrpcStatus, type MessageInitShape } from "@quorate/proto";
import { createChannelError } from "../connection/channel-error.js";
import { onAbort } from "../session/on-abort.js";
import type { BidiStream } from "../transport.js";
import { Wake } from "./wake.js";

type WatchRequest = MessageInitShape<typeof etcdserverpb.WatchRequestSchema>;
type WatchCreate = MessageInitShape<typeof etcdserverpb.WatchCreateRequestSchema>;
type WatchResponse = etcdserverpb.WatchResponse;

interface CarriedRequest {
  readonly request: WatchCreate;
  readonly watchId: bigint;
  /** Where another call goes on; 0n until the server has said where "now" is. */
  nextRevision: bigint;
  /** The consumer knows that it was created. */
  isTold: boolean;
}

export interface WatchCallsParts {
  readonly encode: (message: WatchRequest) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => WatchResponse;
  readonly call: (
    messages: readonly Uint8Array[],
    signals: readonly AbortSignal[],
  ) => AsyncGenerator<Uint8Array>;
  /** Aborted when the stream is over, for whatever reason. */
  readonly ending: AbortController;
}

/** Progress of all watches comes under this id. */
const ALL_WATCHES = -1n;
/** Ids for watches that bring none, out of the way of those that do. */
const OWN_IDS_FROM = 1n << 40n;

export class WatchCalls implements BidiStream<WatchRequest, WatchResponse> {
  readonly #parts: WatchCallsParts;
  readonly #ending: AbortController;
  readonly #wake = new Wake();
  /** By their ids, in the order in which they were asked for. */
  readonly #watches = new Map<bigint, CarriedRequest>();
  /** Answers to cancellations, which are made here. */
  #cancelled: bigint[] = [];
  #nextOwnId = OWN_IDS_FROM;
  /** The latest. */
  #header: WatchResponse["header"];
  #wantsProgress = false;
  #isHalfClosed = false;
  /** The call under way no longer carries what it should. */
  #isStale = false;
  #current: AbortController | undefined;

  constructor(parts: WatchCallsParts) {
    this.#parts = parts;
    this.#ending = parts.ending;
    onAbort(this.#ending.signal, () => this.#wake.call());
  }

  send({ requestUnion }: WatchRequest): Promise<void> {
    if (this.#ending.signal.aborted || this.#isHalfClosed)
      return Promise.reject(createChannelError(GrpcStatus.Canceled, "the stream has ended", true));
    if (requestUnion?.case === "createRequest") this.#create(requestUnion.value);
    else if (requestUnion?.case === "cancelRequest") {
      const watchId = requestUnion.value.watchId ?? 0n;
      if (this.#watches.delete(watchId)) this.#cancelled.push(watchId);
    } else this.#wantsProgress = true;
    this.#isStale = true;
    this.#current?.abort();
    this.#wake.call();
    return Promise.resolve();
  }

  end(): void {
    this.#isHalfClosed = true;
    this.#wake.call();
  }

  cancel(): void {
    this.#ending.abort(createChannelError(GrpcStatus.Canceled, "the stream was cancelled", true));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<WatchResponse> {
    const { signal } = this.#ending;
    try {
      for (;;) {
        signal.throwIfAborted();
        for (const watchId of this.#cancelled.splice(0)) yield this.#cancellationOf(watchId);
        if (this.#isStale && this.#watches.size > 0) {
          yield* this.#follow();
          // The server has ended it.
          if (!this.#isStale) return;
        } else if (this.#isHalfClosed) return;
        else await this.#wake.wait();
      }
    } finally {
      this.cancel();
    }
  }

  #create(request: WatchCreate): void {
    const given = request.watchId ?? 0n;
    const watchId = given === 0n ? this.#nextOwnId++ : given;
    const nextRevision = request.startRevision ?? 0n;
    this.#watches.set(watchId, { request, watchId, nextRevision, isTold: false });
  }

  /** One call with all watches, until it ends or is no longer the right one. */
  async *#follow(): AsyncGenerator<WatchResponse> {
    this.#isStale = false;
    const current = new AbortController();
    this.#current = current;
    // Created in this order, which is how the answers are told apart: one that was refused brings no id.
    const asked = [...this.#watches.values()];
    const messages = asked.map((watch) => this.#encodeCreate(watch));
    try {
      for await (const bytes of this.#parts.call(messages, [current.signal, this.#ending.signal])) {
        const response = this.#hear(this.#parts.decode(bytes), asked);
        if (response !== undefined) yield response;
        if (this.#isStale) return;
        if (asked.length === 0 && this.#wantsProgress) yield this.#progress();
      }
    } catch (error) {
      if (!current.signal.aborted) throw error;
    } finally {
      this.#current = undefined;
    }
  }

  /** @returns what the consumer is to know of it. */
  #hear(response: WatchResponse, asked: CarriedRequest[]): WatchResponse | undefined {
    const { header, created } = response;
    if (header !== undefined) this.#header = header;
    if (response.watchId === ALL_WATCHES && !created) {
      this.#wantsProgress = false;
      for (const watch of this.#watches.values()) if (watch.isTold) this.#advance(watch);
      return response;
    }
    const watch = created ? asked.shift() : this.#watches.get(response.watchId);
    if (watch === undefined || !this.#watches.has(watch.watchId)) return undefined;
    if (response.canceled) {
      this.#watches.delete(watch.watchId);
      // One that is known already, and is refused now, was not asked for a second time.
      return watch.isTold ? { ...response, created: false, watchId: watch.watchId } : response;
    }
    if (created) {
      const isKnown = watch.isTold;
      watch.isTold = true;
      if (watch.nextRevision === 0n) this.#advance(watch);
      return isKnown ? undefined : response;
    }
    return this.#told(watch, response);
  }

  #told(watch: CarriedRequest, response: WatchResponse): WatchResponse | undefined {
    if (response.events.length === 0) {
      this.#advance(watch);
      return response;
    }
    const events = response.events.filter((event) => (event.kv?.modRevision ?? 0n) >= watch.nextRevision);
    const last = events.at(-1)?.kv?.modRevision;
    if (last === undefined) return undefined;
    watch.nextRevision = last + 1n;
    return events.length === response.events.length ? response : { ...response, events };
  }

  /** Everything up to the last header has been told to it. */
  #advance(watch: CarriedRequest): void {
    const next = this.#revision + 1n;
    if (next > watch.nextRevision) watch.nextRevision = next;
  }

  get #revision(): bigint {
    return this.#header?.revision ?? 0n;
  }

  /**
   * Whole, since where another call goes on must not lie within a revision. It never begins in the future, since of such a watch a server
   * tells no progress: the last revision may come a second time, and is left out.
   */
  #encodeCreate({ request, watchId, nextRevision, isTold }: CarriedRequest): Uint8Array {
    const startRevision = isTold && nextRevision > this.#revision ? this.#revision : nextRevision;
    const value = { ...request, watchId, startRevision, fragment: false };
    return this.#parts.encode({ requestUnion: { case: "createRequest", value } });
  }

  /** What is certain of all watches, once the server has taken all of them: what was told before, or that nothing has happened since. */
  #progress(): WatchResponse {
    this.#wantsProgress = false;
    let revision = this.#revision;
    for (const { nextRevision } of this.#watches.values())
      if (nextRevision <= revision) revision = nextRevision - 1n;
    return create(etcdserverpb.WatchResponseSchema, { ...this.#headerAt(revision), watchId: ALL_WATCHES });
  }

  #cancellationOf(watchId: bigint): WatchResponse {
    const header = this.#headerAt(this.#revision);
    return create(etcdserverpb.WatchResponseSchema, { ...header, watchId, canceled: true });
  }

  #headerAt(revision: bigint): { header?: NonNullable<WatchResponse["header"]> } {
    return this.#header === undefined ? {} : { header: { ...this.#header, revision } };
  }
}
