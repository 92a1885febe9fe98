/**
 * The slow lane of received messages: those that come in pieces, compressed, or while the handler has paused.
 *
 *   DATA -> assembler -> [waiting, in order] -> inflate -> handler
 *
 * A call gets an inbox with the first message that needs one and keeps it, so that messages never overtake each other.
 * Limits: what is held counts against `inboxBytesMax` of the connection. A paused call holds at most its receive window,
 * because what is held is not given back to the peer.
 */
import { MessageAssembler, tooLarge } from "../grpc/message-assembler.js";
import type { MessageSink } from "../grpc/message-assembler.js";
import type { ZlibResult } from "../grpc/zlib-jobs.js";
import { GrpcStatus } from "../status.js";
import type { CallStream } from "./call-stream.js";

interface WaitingMessage {
  readonly bytes: Uint8Array;
  readonly compressed: boolean;
}

export class Inbox implements MessageSink {
  readonly #stream: CallStream;
  readonly #assembler: MessageAssembler;
  readonly #waiting: WaitingMessage[] = [];
  #waitingBytes = 0;
  #heldBytes = 0;
  #paused = false;
  #inflating = false;
  #ended = false;
  #endDelivered = false;
  #disposed = false;
  /** Bytes of DATA that the peer gets credit for when the handler has caught up. */
  #withheldBytes = 0;

  constructor(stream: CallStream) {
    this.#stream = stream;
    this.#assembler = new MessageAssembler(this, stream.host.context.options.maxReceiveMessageBytes);
  }

  /** @param creditBytes what the frame took from the stream's window. */
  push(bytes: Buffer, start: number, end: number, creditBytes: number): void {
    this.#assembler.push(bytes, start, end);
    this.#account();
    // A call that takes one message is not held back: the size of that message is the limit.
    if (this.#isBehind() && !this.#stream.takesOneMessage) this.#withheldBytes += creditBytes;
    else this.#stream.giveCredit(creditBytes);
  }

  /** The peer has half-closed. */
  end(): void {
    this.#ended = true;
    if (!this.#assembler.atBoundary) this.#stream.fail(GrpcStatus.internal, "unexpected EOF");
    else this.deliverWaiting();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  /** Hands on what waits until the handler pauses again; never called from inside a handler. */
  deliverWaiting(): void {
    while (!this.#isBusy() && this.#waiting.length > 0) {
      const message = this.#waiting.shift() as WaitingMessage;
      this.#waitingBytes -= message.bytes.length;
      if (message.compressed) this.#inflate(message.bytes);
      else this.#stream.deliver(message.bytes, 0, message.bytes.length);
    }
    this.#account();
    if (this.#isBehind()) return;
    this.#stream.giveCredit(this.#withheldBytes);
    this.#withheldBytes = 0;
    if (!this.#ended || this.#endDelivered) return;
    this.#endDelivered = true;
    this.#stream.deliverEnd();
  }

  /** The call is over: nothing is handed on any more and nothing is held. */
  dispose(): void {
    this.#disposed = true;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#stream.host.inboxBytes -= this.#heldBytes;
    this.#heldBytes = 0;
  }

  onMessage(bytes: Uint8Array, start: number, end: number, compressed: boolean, owned: boolean): void {
    if (this.#disposed) return;
    if (this.#stream.takesOneMessage && this.#waiting.length > 0) {
      this.#stream.fail(GrpcStatus.internal, "more than one message in a call that takes one");
    } else if (compressed && !this.#stream.head.gzip) {
      this.#stream.fail(GrpcStatus.internal, "grpc: compressed flag set with identity or empty encoding");
    } else if (this.#isBehind()) {
      const message = owned ? bytes.subarray(start, end) : copyOf(bytes, start, end);
      this.#waiting.push({ bytes: message, compressed });
      this.#waitingBytes += end - start;
    } else if (compressed) {
      this.#inflate(owned ? bytes.subarray(start, end) : copyOf(bytes, start, end));
    } else {
      this.#stream.deliver(bytes, start, end);
    }
  }

  onRefused(code: number, message: string): void {
    this.#stream.fail(code, message);
  }

  /** A single message is handed on when it is certain that it is the only one. */
  #isBusy(): boolean {
    const early = this.#stream.takesOneMessage && !this.#ended;
    return early || this.#paused || this.#inflating || this.#disposed;
  }

  #isBehind(): boolean {
    return this.#isBusy() || this.#waiting.length > 0;
  }

  #inflate(bytes: Uint8Array): void {
    const host = this.#stream.host;
    const { options, zlib } = host.context;
    this.#account();
    if (host.inboxBytes + bytes.length > options.limits.inboxBytesMax) {
      this.#refuse();
      return;
    }
    // Counted until the job is done even if the call ends before: the queue of jobs keeps the bytes till then.
    host.inboxBytes += bytes.length;
    this.#inflating = true;
    zlib.inflate(bytes, options.maxReceiveMessageBytes, (result) => {
      host.inboxBytes -= bytes.length;
      this.#inflating = false;
      if (this.#disposed) return;
      this.#onInflated(result, options.maxReceiveMessageBytes);
      this.#stream.host.wantTurn();
    });
  }

  #onInflated(result: ZlibResult, maxBytes: number): void {
    if (result.kind === "too-large") {
      this.#stream.fail(GrpcStatus.resourceExhausted, tooLarge(maxBytes + 1, maxBytes));
    } else if (result.kind === "corrupt") {
      this.#stream.fail(
        GrpcStatus.internal,
        `grpc: failed to decompress the received message: ${result.message}`,
      );
    } else {
      this.#stream.deliver(result.bytes, 0, result.bytes.length);
      this.deliverWaiting();
    }
  }

  /** Brings the connection's account of held bytes up to date and enforces its limit. */
  #account(): void {
    if (this.#disposed) return;
    const host = this.#stream.host;
    const held = this.#assembler.heldBytes + this.#waitingBytes;
    host.inboxBytes += held - this.#heldBytes;
    this.#heldBytes = held;
    if (held > 0 && host.inboxBytes > host.context.options.limits.inboxBytesMax) this.#refuse();
  }

  #refuse(): void {
    this.#stream.fail(
      GrpcStatus.resourceExhausted,
      "too many bytes of unfinished requests on this connection",
    );
  }
}

function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes, start, end);
}
