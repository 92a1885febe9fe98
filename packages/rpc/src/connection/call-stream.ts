/**
 * One call: the HTTP/2 stream and the object that the handler sees are the same, because a call costs an allocation.
 *
 *   HEADERS --> [dispatched] --> reply/end/fail --> [ended] --> queue empty --> trailers --> gone
 *                    |                                 ^
 *                    +--- RST, deadline, connection ---+   (onCancel)
 *
 * `ended` is the handler's view: nothing it says counts any more. The stream lives on until its bytes are sent.
 * Invariant: exactly one of reply, end, fail, cancellation ends a call, and its status is counted once.
 */
import { assert } from "@quorate/std";
import type {
  BidiCall,
  CancelListener,
  ClientStreamCall,
  Method,
  ServerStreamCall,
  UnaryCall,
} from "../grpc-call.js";
import type { RegisteredMethod } from "../grpc/method-registry.js";
import { isWholeMessage, messagePrefix } from "../grpc/message-assembler.js";
import type { RequestHead } from "../grpc/request-head.js";
import type { HeaderPair } from "../grpc/response-blocks.js";
import { headerPair } from "../grpc/response-blocks.js";
import { ErrorCode } from "../http2/frame.js";
import type { ReceiveWindow } from "../http2/receive-window.js";
import type { Metadata } from "../metadata.js";
import type { ServerContext } from "../server-context.js";
import { GrpcStatus, statusCount } from "../status.js";
import { WheelEntry } from "../timer-wheel.js";
import { CompressedSender } from "./compressed-sender.js";
import { Inbox } from "./inbox.js";
import type { Outbound } from "./outbound.js";
import type { SendQueue } from "../http2/send-queue.js";

/** What a call needs of its connection. */
export interface CallHost {
  readonly context: ServerContext;
  readonly outbound: Outbound;
  readonly peer: string;
  readonly peerCommonName: string | undefined;
  /** Bytes held for handlers by all calls of the connection. */
  inboxBytes: number;
  /** Something was written or became due: flush at the end of this turn. */
  wantTurn(): void;
  /** Calls `onTurn` of the stream at the end of this turn, outside of any handler. */
  defer(stream: CallStream): void;
  /** Our side of the stream is closed. */
  onLocalClosed(stream: CallStream): void;
  /** Resets the stream and forgets it. */
  reset(stream: CallStream, code: number): void;
  /** The handler has taken `bytes` of the stream's window. */
  giveCredit(stream: CallStream, bytes: number): void;
}

export class CallStream
  extends WheelEntry
  implements UnaryCall, ServerStreamCall, ClientStreamCall, BidiCall
{
  readonly id: number;
  readonly host: CallHost;
  readonly head: RequestHead;
  readonly registered: RegisteredMethod;
  ended = false;

  /** Kept by the connection and its sending side. */
  remoteClosed = false;
  localClosed = false;
  sendWindow: number;
  queue: SendQueue | undefined = undefined;
  ready = false;
  readyNext: CallStream | undefined = undefined;
  receiveWindow: ReceiveWindow | undefined = undefined;
  receivedBytes = 0;
  deferred = false;

  #deadlineMs = -1;
  /** When a timed call began, in `ticksPerMs`; 0 for the calls that are not timed. */
  #startTicks = 0;
  readonly #startPulse: number;
  #dispatched = false;
  #headersSent = false;
  #drainWanted = false;
  #endCode = -1;
  #endMessage = "";
  #inbox: Inbox | undefined = undefined;
  #compressor: CompressedSender | undefined = undefined;
  #cancelListener: CancelListener | undefined = undefined;
  #drainListener: (() => void) | undefined = undefined;
  #messageListener: ((message: Uint8Array) => void) | undefined = undefined;
  #endListener: (() => void) | undefined = undefined;
  #responseHeaders: HeaderPair[] | undefined = undefined;
  #responseTrailers: HeaderPair[] | undefined = undefined;

  constructor(id: number, host: CallHost, head: RequestHead, registered: RegisteredMethod) {
    super();
    this.id = id;
    this.host = host;
    this.head = head;
    this.registered = registered;
    this.sendWindow = host.outbound.initialStreamWindow;
    this.#startPulse = host.context.slowCalls.pulse;
  }

  /** Its answer has begun, be there more to come or not. */
  get hasAnswered(): boolean {
    return this.#headersSent;
  }

  get path(): string {
    return this.head.path;
  }

  get authority(): string {
    return this.head.authority;
  }

  get metadata(): Metadata {
    return this.head.metadata;
  }

  get deadlineMs(): number | undefined {
    return this.#deadlineMs < 0 ? undefined : this.#deadlineMs;
  }

  get peer(): string {
    return this.host.peer;
  }

  get peerCommonName(): string | undefined {
    return this.host.peerCommonName;
  }

  /** True for unary and server-streaming calls, whose handler starts with the message. */
  get takesOneMessage(): boolean {
    const { kind } = this.registered.method;
    return kind === "unary" || kind === "server-stream";
  }

  get bufferedBytes(): number {
    return (this.queue === undefined ? 0 : this.queue.bytes) + (this.#compressor?.bytes ?? 0);
  }

  /** Starts the deadline, and the handler when it does not wait for a message. */
  start(): void {
    const { timeoutMs, acceptsGzip } = this.head;
    const { context } = this.host;
    if (acceptsGzip && context.options.compressResponses) {
      this.#compressor = new CompressedSender(this);
      this.#responseHeaders = [["grpc-encoding", "gzip"]];
    }
    if (timeoutMs > 0) {
      this.#deadlineMs = Math.ceil(context.nowMs() + timeoutMs);
      context.wheel.startAt(this, this.#deadlineMs);
    }
    const { method, counters } = this.registered;
    const { timing } = counters;
    if (timing !== undefined && counters.started % timing.every === 0)
      this.#startTicks = (context.nowMs() * ticksPerMs(method)) | 0 || 1;
    counters.started++;
    if (timeoutMs === 0) this.#end(GrpcStatus.deadlineExceeded, "context deadline exceeded");
    else if (method.kind === "client-stream" || method.kind === "bidi") {
      this.#dispatched = true;
      method.handler(this);
    }
  }

  // --- what handlers call ---

  get congested(): boolean {
    return this.host.outbound.congested;
  }

  onCancel(listener: CancelListener): void {
    this.#cancelListener = listener;
  }

  onDrain(listener: () => void): void {
    this.#drainListener = listener;
  }

  onMessage(listener: (message: Uint8Array) => void): void {
    this.#messageListener = listener;
  }

  onEnd(listener: () => void): void {
    this.#endListener = listener;
  }

  setHeader(name: string, value: string | Uint8Array): void {
    if (this.ended) return;
    assert(!this.#headersSent, "response headers are set before the first message");
    (this.#responseHeaders ??= []).push(headerPair(name, value));
  }

  setTrailer(name: string, value: string | Uint8Array): void {
    if (!this.ended) (this.#responseTrailers ??= []).push(headerPair(name, value));
  }

  reply(message: Uint8Array, start = 0, end: number = message.length): void {
    if (this.ended || this.#refuseLargeMessage(end - start)) return;
    if (
      this.#headersSent ||
      this.#responseHeaders !== undefined ||
      this.#responseTrailers !== undefined ||
      !this.host.outbound.tryReply(this, message, start, end)
    ) {
      if (this.#refuseCrowding(end - start)) return;
      this.#sendParts([Uint8Array.prototype.slice.call(message, start, end)]);
      this.#end(GrpcStatus.ok, "");
      return;
    }
    this.#countSent(end - start);
    this.#markEnded(GrpcStatus.ok);
    this.localClosed = true;
    this.host.onLocalClosed(this);
  }

  replyParts(parts: readonly Uint8Array[]): void {
    const length = sumOfLengths(parts);
    if (this.ended || this.#refuseLargeMessage(length) || this.#refuseCrowding(length)) return;
    this.#sendParts(parts);
    this.#end(GrpcStatus.ok, "");
  }

  send(message: Uint8Array): boolean {
    if (this.ended || this.#refuseLargeMessage(message.length)) return true;
    if (this.#compressor === undefined) {
      this.#sendHeaders();
      if (this.host.outbound.trySend(this, message)) {
        this.#countSent(message.length);
        this.host.wantTurn();
        return true;
      }
    }
    const small = message.length < copiedBytesMax;
    this.#sendParts([small ? Uint8Array.prototype.slice.call(message) : message]);
    return this.#hasRoom();
  }

  sendParts(parts: readonly Uint8Array[]): boolean {
    if (this.ended || this.#refuseLargeMessage(sumOfLengths(parts))) return true;
    this.#sendParts(parts);
    return this.#hasRoom();
  }

  end(): void {
    if (!this.ended) this.#end(GrpcStatus.ok, "");
  }

  fail(code: number, message: string): void {
    if (!this.ended) this.#end(code >= 0 && code < statusCount ? code : GrpcStatus.unknown, message);
  }

  pause(): void {
    if (this.ended) return;
    this.#inbox ??= new Inbox(this);
    this.#inbox.pause();
  }

  resume(): void {
    if (this.#inbox === undefined) return;
    this.#inbox.resume();
    this.host.defer(this);
  }

  // --- what the connection calls ---

  /**
   * The payload bytes[start, end) of a DATA frame, or its last one.
   * @param creditBytes what the frame took from the stream's window.
   */
  receive(bytes: Buffer, start: number, end: number, creditBytes: number): void {
    if (this.ended) return;
    const whenItComes = this.remoteClosed || !this.takesOneMessage;
    const { maxReceiveMessageBytes } = this.host.context.options;
    if (
      whenItComes &&
      this.#inbox === undefined &&
      isWholeMessage(bytes, start, end, maxReceiveMessageBytes)
    ) {
      this.deliver(bytes, start + 5, end);
      this.giveCredit(creditBytes);
      return;
    }
    this.#inbox ??= new Inbox(this);
    this.#inbox.push(bytes, start, end, creditBytes);
  }

  /** The peer has half-closed; `remoteClosed` is set. */
  receiveEnd(): void {
    if (this.ended) return;
    if (this.#inbox === undefined) this.deliverEnd();
    else this.#inbox.end();
  }

  /** Hands one message to the handler. */
  deliver(bytes: Uint8Array, start: number, end: number): void {
    if (this.ended) return;
    const { method, counters } = this.registered;
    counters.messagesReceived++;
    counters.messageBytesReceived += end - start;
    const message = bytes.subarray(start, end);
    if (method.kind === "unary" || method.kind === "server-stream") {
      this.#dispatched = true;
      method.handler(this, message);
    } else {
      this.#messageListener?.(message);
    }
  }

  /** No message follows and all have been handed on. */
  deliverEnd(): void {
    if (this.ended) return;
    if (!this.#dispatched) this.fail(GrpcStatus.internal, "no message in a call that takes one");
    else this.#endListener?.();
  }

  giveCredit(bytes: number): void {
    if (bytes > 0 && !this.remoteClosed && !this.ended) this.host.giveCredit(this, bytes);
  }

  /** The call ends without a response of ours: the peer has reset it or is gone. */
  abort(reason: "cancelled" | "connection-lost"): void {
    this.host.outbound.discard(this);
    this.#compressor?.discard();
    if (this.ended) return;
    this.#markEnded(GrpcStatus.cancelled);
    this.#cancelListener?.(reason);
  }

  /** The deadline has passed. */
  override onExpire(): void {
    if (this.ended) return;
    if (this.bufferedBytes > 0 || this.#compressor?.busy) {
      // Half a message may be out: there is no place for trailers, and the client has given up by its own clock.
      this.#markEnded(GrpcStatus.deadlineExceeded);
      this.host.outbound.discard(this);
      this.#compressor?.discard();
      this.host.reset(this, ErrorCode.cancel);
    } else {
      this.#end(GrpcStatus.deadlineExceeded, "context deadline exceeded");
    }
    this.#cancelListener?.("deadline-exceeded");
  }

  /** Bytes of the queue have been sent; `left` remain. */
  onQueueMoved(left: number): void {
    if (left === 0 && this.#endCode >= 0) {
      if (!this.#compressor?.busy) this.#sendTrailers();
    } else if (this.#drainWanted && left * 2 <= this.host.context.options.limits.streamBufferBytes) {
      this.host.defer(this);
    }
  }

  /** All compressed messages are queued. */
  onCompressorIdle(): void {
    if (this.#endCode >= 0) this.#finishSending();
    else if (this.#drainWanted) this.host.defer(this);
  }

  /** What was put off until no handler runs. */
  onTurn(): void {
    this.#inbox?.deliverWaiting();
    if (!this.#drainWanted || this.ended) return;
    if (this.bufferedBytes * 2 > this.host.context.options.limits.streamBufferBytes) return;
    this.#drainWanted = false;
    this.#drainListener?.();
  }

  /** Queues one framed message; headers have been sent. */
  queueMessage(flag: number, parts: readonly Uint8Array[]): void {
    this.host.outbound.enqueue(this, [messagePrefix(flag, sumOfLengths(parts)), ...parts]);
    this.host.outbound.pump();
    this.host.wantTurn();
  }

  // --- details ---

  #refuseLargeMessage(length: number): boolean {
    const max = this.host.context.options.maxSendMessageBytes;
    if (length <= max) return false;
    this.fail(
      GrpcStatus.resourceExhausted,
      `grpc: trying to send message larger than max (${length} vs. ${max})`,
    );
    return true;
  }

  /** A whole response that would have to wait behind too much that the peer has not taken. */
  #refuseCrowding(length: number): boolean {
    const { outbound } = this.host;
    if (outbound.admits(length)) return false;
    this.fail(
      GrpcStatus.resourceExhausted,
      `response of ${length} bytes dropped: ${outbound.unsentBytes} bytes of responses are unread by this client`,
    );
    return true;
  }

  #hasRoom(): boolean {
    if (this.bufferedBytes < this.host.context.options.limits.streamBufferBytes) return true;
    this.#drainWanted = true;
    return false;
  }

  #sendParts(parts: readonly Uint8Array[]): void {
    this.#countSent(sumOfLengths(parts));
    this.#sendHeaders();
    if (this.#compressor === undefined) this.queueMessage(0, parts);
    else this.#compressor.send(parts);
  }

  #sendHeaders(): void {
    if (this.#headersSent) return;
    this.#headersSent = true;
    const { outbound } = this.host;
    outbound.sendHeaders(this.id, outbound.blocks.headers(this.#responseHeaders), false);
  }

  #end(code: number, message: string): void {
    this.#markEnded(code);
    this.#endCode = code;
    this.#endMessage = message;
    if (!this.#compressor?.busy) this.#finishSending();
  }

  #finishSending(): void {
    if (this.bufferedBytes === 0) this.#sendTrailers();
  }

  #sendTrailers(): void {
    if (this.localClosed) return;
    this.localClosed = true;
    const { outbound } = this.host;
    const { blocks } = outbound;
    const extra = this.#responseTrailers;
    let block: Uint8Array;
    if (this.#headersSent) block = blocks.trailers(this.#endCode, this.#endMessage, extra);
    else if (this.#endCode === GrpcStatus.ok) {
      this.#sendHeaders();
      block = blocks.trailers(GrpcStatus.ok, "", extra);
    } else block = blocks.trailersOnly(this.#endCode, this.#endMessage, joined(this.#responseHeaders, extra));
    outbound.sendHeaders(this.id, block, true);
    this.host.onLocalClosed(this);
  }

  #countSent(bytes: number): void {
    const { counters } = this.registered;
    counters.messagesSent++;
    counters.messageBytesSent += bytes;
  }

  #countEnd(code: number): void {
    const { counters, method } = this.registered;
    const { slowCalls, options, nowMs } = this.host.context;
    counters.handledByStatus[code]!++;
    if (method.kind === "unary") slowCalls.ended(this, this.#startPulse, code);
    options.onCallEnded?.(this, code);
    if (this.#startTicks === 0) return;
    const scale = ticksPerMs(method);
    counters.timing?.observe(code, ((((nowMs() * scale) | 0) - this.#startTicks) | 0) / scale, counters);
  }

  #markEnded(code: number): void {
    this.ended = true;
    const { counters, wheel } = this.host.context;
    if (this.wheelTick >= 0) wheel.stop(this);
    counters.callsOpen--;
    counters.callsByStatus[code]!++;
    this.#countEnd(code);
    this.#inbox?.dispose();
  }
}

/**
 * Starts of calls are 32-bit integers, which cost no allocation as fractions do: microseconds for calls that end within half an hour,
 * milliseconds for streams. Differences are right as long as they fit, also when the clock has wrapped around.
 */
function ticksPerMs({ kind }: Method): number {
  return kind === "unary" ? 1000 : 1;
}

/** `send` copies messages below this and keeps larger ones by reference. */
const copiedBytesMax = 4096;

function sumOfLengths(parts: readonly Uint8Array[]): number {
  let sum = 0;
  for (const part of parts) sum += part.length;
  return sum;
}

function joined(
  headers: readonly HeaderPair[] | undefined,
  trailers: readonly HeaderPair[] | undefined,
): readonly HeaderPair[] | undefined {
  return headers === undefined ? trailers : [...headers, ...(trailers ?? [])];
}
