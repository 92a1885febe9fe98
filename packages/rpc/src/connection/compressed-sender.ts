/**
 * Sends the messages of one call compressed, in order: one is in the thread pool, the others wait behind it.
 *
 * Small messages go uncompressed (gRPC marks each message by itself) but keep their place in the order.
 */
import type { CallStream } from "./call-stream.js";

/** Below this a message does not become worth the trip to the thread pool. */
const compressedBytesMin = 1024;

export class CompressedSender {
  readonly #stream: CallStream;
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #running = false;

  constructor(stream: CallStream) {
    this.#stream = stream;
  }

  /** Messages are not all handed on yet: trailers have to wait. */
  get busy(): boolean {
    return this.#running;
  }

  /** Bytes that wait here. */
  get bytes(): number {
    return this.#waitingBytes;
  }

  /** Takes the parts of one message, by reference. */
  send(parts: readonly Uint8Array[]): void {
    const message = parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
    if (!this.#running && message.length < compressedBytesMin) {
      this.#stream.queueMessage(0, [message]);
      return;
    }
    this.#waiting.push(message);
    this.#waitingBytes += message.length;
    this.#stream.host.outbound.addCompressing(message.length);
    if (!this.#running) this.#next();
  }

  discard(): void {
    // What the thread pool has stays counted until it gives it back.
    const inPool = this.#running ? (this.#waiting[0]?.length ?? 0) : 0;
    this.#stream.host.outbound.addCompressing(inPool - this.#waitingBytes);
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
  }

  #next(): void {
    const message = this.#waiting[0];
    this.#running = message !== undefined;
    if (message === undefined) {
      this.#stream.onCompressorIdle();
      return;
    }
    if (message.length < compressedBytesMin) {
      this.#done(0, message, message.length);
      return;
    }
    this.#stream.host.context.zlib.deflate(message, (result) => {
      if (result.kind === "done") this.#done(1, result.bytes, message.length);
      else this.#done(0, message, message.length);
      this.#stream.host.wantTurn();
    });
  }

  #done(flag: number, bytes: Uint8Array, countedBytes: number): void {
    this.#stream.host.outbound.addCompressing(-countedBytes);
    const message = this.#waiting.shift();
    // Nothing waits any more: the call was cut off meanwhile.
    if (message === undefined) {
      this.#running = false;
      return;
    }
    this.#waitingBytes -= message.length;
    this.#stream.queueMessage(flag, [bytes]);
    this.#next();
  }
}
