/**
 * One call of a client: the HTTP/2 stream, the entry of the timer wheel and what its caller holds are one object.
 *
 *   waiting --> open --> head --> messages --> trailers --> ended
 *      |          |        |         |
 *      +----------+--------+---------+--> cancel, deadline, reset, lost --> ended
 *
 * Invariants: `onEnd` is told exactly once and last. A waiting call is on no connection and nothing of it was sent.
 * Source: gRPC over HTTP/2. Not here: which connection, and when (channel.ts).
 */
import { isGrpcContentType } from "../grpc/field-rules.js";
import { isWholeMessage, MessageAssembler, messagePrefix } from "../grpc/message-assembler.js";
import type { MessageSink } from "../grpc/message-assembler.js";
import { ErrorCode } from "../http2/frame.js";
import type { ReceivingStream } from "../http2/frame-receiver.js";
import type { ReceiveWindow } from "../http2/receive-window.js";
import { SendQueue } from "../http2/send-queue.js";
import type { Metadata } from "../metadata.js";
import { GrpcStatus, statusCount } from "../status.js";
import type { TimerWheel } from "../timer-wheel.js";
import { WheelEntry } from "../timer-wheel.js";
import { FieldMetadata } from "../grpc/field-metadata.js";
import type { ResolvedChannelOptions } from "./options.js";
import type { RequestMetadata } from "./request-blocks.js";
import type { RequestSender } from "./request-sender.js";
import type { CallEnd, ResponseFields } from "./response-fields.js";
import { codeOfHttpStatus, codeOfReset, nameOfErrorCode } from "./status-mapping.js";

/** What is asked. */
export interface CallRequest {
  /** `/package.Service/Method`. */
  readonly path: string;
  /** Sent with the head; the object is compared by identity to remember the encoded form, so reuse one and never change it. */
  readonly metadata?: RequestMetadata | undefined;
  /** Milliseconds from now until the call ends with DEADLINE_EXCEEDED; announced to the server, a little rounded up. */
  readonly timeoutMs?: number | undefined;
  /** The one message of a call that sends one; without it `send` and `end` are the caller's. Must not change until the call has ended. */
  readonly message?: Uint8Array | undefined;
}

/** What the caller is told; nothing is told from within `startCall`. */
export interface CallEvents {
  /** The head of the response has come. */
  onHead(metadata: Metadata): void;
  /** One message; the bytes are the receiver's. */
  onMessage(message: Uint8Array): void;
  /** After `send` returned false: half of what waited has gone. */
  onDrain(): void;
  /** The call has ended, whatever the reason. */
  onEnd(end: CallEnd): void;
}

/** The connection that a call is on. */
export interface CallHost {
  readonly sender: RequestSender;
  /** Something was written: flush it at the end of this turn. */
  wantTurn(): void;
  giveCredit(call: ClientCall, bytes: number): void;
  /** Forgets a call that has ended by itself. */
  remove(call: ClientCall): void;
  /** Resets a call and forgets it. */
  reset(call: ClientCall, errorCode: number): void;
}

/** The channel that a call was made on. */
export interface CallOwner {
  readonly options: ResolvedChannelOptions;
  readonly wheel: TimerWheel;
  /** A call that waits no longer wants to. */
  forget(call: ClientCall): void;
}

const noMetadata: Metadata = new FieldMetadata([], []);
/** `send` copies messages below this and keeps larger ones by reference. */
const copiedBytesMax = 4096;

export class ClientCall extends WheelEntry implements ReceivingStream<ClientCall>, MessageSink {
  /** Of the stream; 0 while the call waits. */
  id = 0;
  readonly request: CallRequest;
  /** On the clock of the wheel; below 0 without. */
  readonly deadlineMs: number;
  ended = false;

  /** Kept by the connection's sending and receiving sides. */
  sendWindow = 0;
  queue: SendQueue | undefined = undefined;
  ready = false;
  readyNext: ClientCall | undefined = undefined;
  receiveWindow: ReceiveWindow | undefined = undefined;

  /** Links of the calls that wait; nobody else touches them. */
  isWaiting = false;
  waitNext: ClientCall | undefined = undefined;
  waitPrevious: ClientCall | undefined = undefined;

  readonly #owner: CallOwner;
  readonly #events: CallEvents;
  #host: CallHost | undefined = undefined;
  #hasHead = false;
  #informational = 0;
  #isEndWanted: boolean;
  #isLocalClosed = false;
  #isDrainWanted = false;
  #isPaused = false;
  /** Bytes of DATA that the server gets credit for when the caller goes on. */
  #withheldBytes = 0;
  #assembler: MessageAssembler | undefined = undefined;

  constructor(owner: CallOwner, request: CallRequest, events: CallEvents) {
    super();
    this.request = request;
    this.#owner = owner;
    this.#events = events;
    this.#isEndWanted = request.message !== undefined;
    const { timeoutMs } = request;
    this.deadlineMs = -1;
    if (timeoutMs === undefined) return;
    this.deadlineMs = owner.options.nowMs() + timeoutMs;
    owner.wheel.startAt(this, this.deadlineMs);
  }

  get bufferedBytes(): number {
    return this.queue === undefined ? 0 : this.queue.bytes;
  }

  // --- what callers do ---

  /** Sends one message. @returns false when it should be the last one until `onDrain`. */
  send(message: Uint8Array): boolean {
    if (this.ended || this.#isEndWanted || this.#refuseLargeMessage(message.length)) return true;
    const host = this.#host;
    if (host !== undefined && host.sender.trySend(this, message)) {
      host.wantTurn();
      return true;
    }
    this.#enqueue(message.length < copiedBytesMax ? Uint8Array.prototype.slice.call(message) : message);
    if (this.bufferedBytes < this.#owner.options.limits.streamBufferBytes) return true;
    this.#isDrainWanted = true;
    return false;
  }

  /** Half-closes: no message follows. */
  end(): void {
    if (this.ended || this.#isEndWanted) return;
    this.#isEndWanted = true;
    if (this.#host === undefined || this.bufferedBytes > 0) return;
    this.#sendEnd(this.#host);
  }

  /** Ends the call with CANCELLED, at both ends. */
  cancel(): void {
    this.abort(GrpcStatus.cancelled, "the call was cancelled");
  }

  /** The server gets no more credit: what is on its way still comes, which is a window's worth at most. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    const bytes = this.#withheldBytes;
    if (bytes === 0 || this.ended) return;
    this.#withheldBytes = 0;
    this.#host?.giveCredit(this, bytes);
    this.#host?.wantTurn();
  }

  // --- what the connection does ---

  /** The call gets its stream; `block` is its head. */
  open(host: CallHost, id: number, block: Uint8Array): void {
    this.#host = host;
    this.id = id;
    const { sender } = host;
    this.sendWindow = sender.initialStreamWindow;
    const { message } = this.request;
    if (message !== undefined && sender.tryRequest(this, block, message)) {
      this.#isLocalClosed = true;
      return;
    }
    sender.sendHeaders(id, block, false);
    if (message !== undefined) this.#enqueue(message);
    else if (this.queue !== undefined && this.queue.bytes > 0) {
      sender.adopt(this);
      sender.pump();
    } else if (this.#isEndWanted) this.#sendEnd(host);
  }

  /** A header block of the response. */
  onFields(fields: ResponseFields, endStream: boolean): void {
    if (this.#hasHead) {
      if (!endStream || fields.httpStatus !== 0) this.#protocolError("a second head");
      else this.#onTrailers(fields);
      return;
    }
    if (fields.httpStatus >= 100 && fields.httpStatus < 200) {
      this.#informational++;
      if (endStream || this.#informational > this.#owner.options.limits.informationalMax)
        this.#protocolError("informational responses only");
      return;
    }
    this.#hasHead = true;
    if (fields.httpStatus === 0) this.#protocolError("a response without status");
    else if (endStream) this.#onTrailers(fields);
    else if (!this.#refuseHead(fields)) this.#events.onHead(fields.metadata);
  }

  /** The payload bytes[start, end) of a DATA frame. @param frameBytes what it took from the stream's window. */
  onData(bytes: Buffer, start: number, end: number, frameBytes: number): void {
    if (!this.#hasHead) {
      this.#protocolError("DATA before the head");
      return;
    }
    const { maxReceiveMessageBytes } = this.#owner.options;
    let assembler = this.#assembler;
    if (
      (assembler === undefined || assembler.atBoundary) &&
      isWholeMessage(bytes, start, end, maxReceiveMessageBytes)
    ) {
      this.#events.onMessage(copyOf(bytes, start + 5, end));
    } else {
      assembler ??= this.#assembler = new MessageAssembler(this, maxReceiveMessageBytes);
      assembler.push(bytes, start, end);
    }
    if (this.ended) return;
    if (this.#isPaused) this.#withheldBytes += frameBytes;
    else this.#host?.giveCredit(this, frameBytes);
  }

  /** The server has ended the stream with its last DATA frame. */
  onEndWithoutTrailers(): void {
    this.#host?.remove(this);
    this.finish(GrpcStatus.internal, "the server ended the call without a status", true);
  }

  /** The server has reset the stream, and the connection has forgotten it. */
  onReset(errorCode: number): void {
    // Nothing was done for a call that was refused before its response began.
    const sent = errorCode !== ErrorCode.refusedStream || this.#hasHead;
    const code = codeOfReset(errorCode);
    this.finish(code, `the server reset the call (${nameOfErrorCode(errorCode)})`, sent);
  }

  onMessage(bytes: Uint8Array, start: number, end: number, compressed: boolean, owned: boolean): void {
    if (this.ended) return;
    if (compressed) {
      this.abort(GrpcStatus.internal, "a compressed message, which nobody has asked for");
      return;
    }
    this.#events.onMessage(
      owned ? new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start) : copyOf(bytes, start, end),
    );
  }

  onRefused(code: number, message: string): void {
    this.abort(code, message);
  }

  onQueueMoved(left: number): void {
    if (left === 0 && this.#isEndWanted) {
      if (this.#host !== undefined) this.#sendEnd(this.#host);
    } else if (this.#isDrainWanted && left * 2 <= this.#owner.options.limits.streamBufferBytes) {
      this.#isDrainWanted = false;
      // Whoever sends more must not do so while frames are being written.
      process.nextTick(() => {
        if (!this.ended) this.#events.onDrain();
      });
    }
  }

  override onExpire(): void {
    this.abort(GrpcStatus.deadlineExceeded, "the deadline has passed");
  }

  /** Ends the call from this side, wherever it is. */
  abort(code: number, message: string): void {
    if (this.ended) return;
    const host = this.#host;
    if (host === undefined) this.#owner.forget(this);
    else host.reset(this, ErrorCode.cancel);
    this.finish(code, message, host !== undefined);
  }

  /** Tells the caller; the connection and the channel have forgotten the call. */
  finish(code: number, message: string, sent: boolean): void {
    this.#finishAs({ code, message, metadata: noMetadata, sent });
  }

  // --- details ---

  #onTrailers(fields: ResponseFields): void {
    const host = this.#host;
    if (host === undefined) return;
    if (fields.tooLarge || fields.malformed !== undefined) {
      host.remove(this);
      const what = fields.tooLarge ? "trailers too large" : `malformed trailers: ${fields.malformed}`;
      this.finish(fields.tooLarge ? GrpcStatus.resourceExhausted : GrpcStatus.internal, what, true);
      return;
    }
    // The rest of the request is of no use to anybody.
    if (this.#isLocalClosed) host.remove(this);
    else host.reset(this, ErrorCode.noError);
    const { code, message, metadata, httpStatus } = fields;
    if (code === GrpcStatus.ok && this.#assembler?.atBoundary === false) {
      this.finish(GrpcStatus.internal, "the server ended the call within a message", true);
    } else if (code >= 0 && code < statusCount) {
      this.#finishAs(fields);
    } else if (code >= 0) {
      this.#finishAs({ code: GrpcStatus.unknown, message, metadata, sent: true });
    } else if (httpStatus !== 0 && httpStatus !== 200) {
      this.finish(codeOfHttpStatus(httpStatus), `HTTP status ${httpStatus}`, true);
    } else {
      this.finish(GrpcStatus.unknown, "the server ended the call without a status", true);
    }
  }

  /** @returns true when what begins here is no response of gRPC's. */
  #refuseHead(fields: ResponseFields): boolean {
    const { httpStatus, contentType, tooLarge, malformed } = fields;
    if (tooLarge) this.abort(GrpcStatus.resourceExhausted, "head of the response too large");
    else if (malformed !== undefined) this.#protocolError(malformed);
    else if (httpStatus !== 200) this.abort(codeOfHttpStatus(httpStatus), `HTTP status ${httpStatus}`);
    else if (!isGrpcContentType(contentType))
      this.abort(GrpcStatus.unknown, `a response of type "${contentType}"`);
    else return false;
    return true;
  }

  #protocolError(what: string): void {
    if (this.ended) return;
    this.#host?.reset(this, ErrorCode.protocolError);
    this.finish(GrpcStatus.internal, `the server broke the protocol: ${what}`, true);
  }

  #finishAs(end: CallEnd): void {
    if (this.ended) return;
    this.ended = true;
    if (this.wheelTick >= 0) this.#owner.wheel.stop(this);
    if (this.queue !== undefined) {
      if (this.#host === undefined) this.queue.clear();
      else this.#host.sender.discard(this);
    }
    this.#assembler = undefined;
    this.#host = undefined;
    this.#events.onEnd(end);
  }

  #enqueue(message: Uint8Array): void {
    const parts = [messagePrefix(0, message.length), message];
    const host = this.#host;
    if (host === undefined) {
      this.queue ??= new SendQueue();
      for (const part of parts) this.queue.push(part);
      return;
    }
    host.sender.enqueue(this, parts);
    host.sender.pump();
    host.wantTurn();
  }

  #sendEnd(host: CallHost): void {
    if (this.#isLocalClosed) return;
    this.#isLocalClosed = true;
    host.sender.sendEnd(this.id);
    host.wantTurn();
  }

  #refuseLargeMessage(length: number): boolean {
    const max = this.#owner.options.maxSendMessageBytes;
    if (length <= max) return false;
    this.abort(
      GrpcStatus.resourceExhausted,
      `trying to send a message larger than max (${length} vs. ${max})`,
    );
    return true;
  }
}

/** As a plain array of its own: chunks are shared by many messages, and are Node's own kind. */
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  if (copy.length <= 64) for (let at = 0; at < copy.length; at++) copy[at] = bytes[start + at]!;
  else copy.set(bytes.subarray(start, end));
  return copy;
}
