/**
 * The streams of a connection: which are open, which are over, and which may still get frames that we no longer want.
 *
 * Invariants: a stream is open until both sides are closed or one has reset it; ids of new streams only grow, so that an
 * id at or below `lastStreamId` that is not open is closed.
 * Source: RFC 9113 section 5.1.
 */
import { ConnectionError, ErrorCode } from "../http2/frame.js";
import { TokenBucket } from "../http2/token-bucket.js";
import type { ServerContext } from "../server-context.js";
import type { CallStream } from "./call-stream.js";
import type { Outbound } from "./outbound.js";
import { RecentIds } from "../http2/recent-ids.js";

/** Streams that we have reset and whose frames may still be on their way. */
const recentResetsMax = 1_024;

export class StreamTable {
  /** The highest id that a request has come with. */
  lastStreamId = 0;
  readonly #outbound: Outbound;
  readonly #open = new Map<number, CallStream>();
  readonly #recentResets = new RecentIds(recentResetsMax);
  readonly #resetBudget: TokenBucket;
  /** Streams whose response is sent while the request is not: reset at the end of the turn unless it ends by then. */
  #lingering: CallStream[] = [];

  constructor(context: ServerContext, outbound: Outbound) {
    const { resetBurstMax, resetsPerSecond } = context.options.limits;
    this.#outbound = outbound;
    this.#resetBudget = new TokenBucket(resetBurstMax, resetsPerSecond, context.nowMs);
  }

  get size(): number {
    return this.#open.size;
  }

  get(streamId: number): CallStream | undefined {
    return this.#open.get(streamId);
  }

  values(): Iterable<CallStream> {
    return this.#open.values();
  }

  add(stream: CallStream): void {
    this.#open.set(stream.id, stream);
  }

  /** True for an id that no request has come with yet. */
  isIdle(streamId: number): boolean {
    return streamId > this.lastStreamId;
  }

  /** True for a closed stream whose late frames are our doing, not the peer's mistake. */
  wasReset(streamId: number): boolean {
    return this.#recentResets.has(streamId);
  }

  /** Our side is closed; the peer's may be. */
  onLocalClosed(stream: CallStream): void {
    if (stream.remoteClosed) this.#open.delete(stream.id);
    else this.#lingering.push(stream);
    this.#resetBudget.give(1);
  }

  /** The peer's side is closed; ours is, too. */
  remove(stream: CallStream): void {
    this.#open.delete(stream.id);
  }

  /**
   * The peer has reset the stream. @throws ConnectionError when it does so too often. A stream that has been answered costs nothing:
   * thousands of watches end that way when their client lets go of them, and to open them took a round trip.
   */
  onPeerReset(stream: CallStream): void {
    if (!stream.hasAnswered) this.#spendReset();
    this.#open.delete(stream.id);
    stream.remoteClosed = true;
    stream.localClosed = true;
    stream.abort("cancelled");
  }

  /** Resets an open stream; its call has ended already. */
  reset(stream: CallStream, code: number): void {
    if (this.#open.delete(stream.id)) this.refuse(stream.id, code);
  }

  /** Resets a stream that is not open. */
  refuse(streamId: number, code: number): void {
    this.#recentResets.add(streamId);
    this.#outbound.sendReset(streamId, code);
  }

  /**
   * The peer broke a rule that costs it this stream only, whether it is open or not.
   * @throws ConnectionError when that happens too often: resets provoked from us cost as much as the peer's own.
   */
  onError(streamId: number, code: number): void {
    this.#spendReset();
    const stream = this.#open.get(streamId);
    if (stream === undefined) {
      this.refuse(streamId, code);
      return;
    }
    stream.abort("cancelled");
    this.reset(stream, code);
  }

  /** RFC 9113 section 8.1: a response that does not need the rest of its request asks for it not to be sent. */
  resetLingering(): void {
    if (this.#lingering.length === 0) return;
    const lingering = this.#lingering;
    this.#lingering = [];
    for (const stream of lingering) if (!stream.remoteClosed) this.reset(stream, ErrorCode.noError);
  }

  /** The connection is lost, and every open call with it. */
  abortAll(): void {
    const streams = [...this.#open.values()];
    this.#open.clear();
    for (const stream of streams) {
      stream.remoteClosed = true;
      stream.localClosed = true;
      stream.abort("connection-lost");
    }
  }

  #spendReset(): void {
    if (!this.#resetBudget.take()) throw new ConnectionError(ErrorCode.enhanceYourCalm, "too many resets");
  }
}
