/**
 * Puts gRPC messages together from pieces that may be cut anywhere.
 *
 *   +------------+----------------+======================+
 *   | compressed | length (32)    | message (length)     |   repeated
 *   | flag (8)   | big-endian     |                      |
 *   +------------+----------------+======================+
 *
 * A message that lies whole in one piece is handed on where it lies. Otherwise the buffer grows with what has arrived,
 * never with what was announced: five bytes must not buy megabytes.
 * Source: gRPC over HTTP/2, "Length-Prefixed-Message".
 */
import { GrpcStatus } from "../status.js";

export interface MessageSink {
  /**
   * One whole message, bytes[start, end); valid until the method returns, or for good when `owned`: the bytes were put
   * together for this message and nobody else has them.
   */
  onMessage(bytes: Uint8Array, start: number, end: number, compressed: boolean, owned: boolean): void;
  /** The messages cannot be read on; nothing follows. */
  onRefused(code: number, message: string): void;
}

const prefixBytes = 5;
/** Smallest buffer for a message that comes in pieces. */
const bufferBytesMin = 512;

export class MessageAssembler {
  readonly #sink: MessageSink;
  readonly #maxBytes: number;
  readonly #prefix = new Uint8Array(prefixBytes);
  #prefixFilled = 0;
  #length = 0;
  #buffer: Buffer | undefined;
  #filled = 0;
  #refused = false;

  constructor(sink: MessageSink, maxBytes: number) {
    this.#sink = sink;
    this.#maxBytes = maxBytes;
  }

  /** Memory held for a message that is not complete, in bytes. */
  get heldBytes(): number {
    return this.#buffer === undefined ? 0 : this.#buffer.length;
  }

  /** True between messages: the stream may end here. */
  get atBoundary(): boolean {
    return this.#prefixFilled === 0;
  }

  push(bytes: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end && !this.#refused) {
      at =
        this.#prefixFilled < prefixBytes ? this.#readPrefix(bytes, at, end) : this.#readBody(bytes, at, end);
    }
  }

  #readPrefix(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end && this.#prefixFilled < prefixBytes) this.#prefix[this.#prefixFilled++] = bytes[at++]!;
    if (this.#prefixFilled < prefixBytes) return at;
    const [flag = 0, a = 0, b = 0, c = 0, d = 0] = this.#prefix;
    this.#length = a * 0x100_0000 + ((b << 16) | (c << 8) | d);
    if (flag > 1) {
      this.#refuse(GrpcStatus.internal, `grpc: received unexpected payload format ${flag}`);
    } else if (this.#length > this.#maxBytes) {
      this.#refuse(GrpcStatus.resourceExhausted, tooLarge(this.#length, this.#maxBytes));
    } else if (this.#length === 0) {
      this.#complete(bytes, at, at, false);
    }
    return at;
  }

  #readBody(bytes: Buffer, start: number, end: number): number {
    const missing = this.#length - this.#filled;
    if (this.#filled === 0 && end - start >= missing) {
      this.#complete(bytes, start, start + missing, false);
      return start + missing;
    }
    const taken = Math.min(missing, end - start);
    const buffer = this.#grow(taken);
    bytes.copy(buffer, this.#filled, start, start + taken);
    this.#filled += taken;
    if (this.#filled === this.#length) {
      this.#buffer = undefined;
      this.#filled = 0;
      this.#complete(buffer, 0, this.#length, true);
    }
    return start + taken;
  }

  /** Makes room for `bytes` more, doubling. */
  #grow(bytes: number): Buffer {
    const needed = this.#filled + bytes;
    if (this.#buffer !== undefined && this.#buffer.length >= needed) return this.#buffer;
    const size = Math.min(this.#length, Math.max(needed * 2, bufferBytesMin));
    const grown = Buffer.allocUnsafe(size);
    this.#buffer?.copy(grown, 0, 0, this.#filled);
    return (this.#buffer = grown);
  }

  #complete(bytes: Uint8Array, start: number, end: number, owned: boolean): void {
    this.#prefixFilled = 0;
    this.#sink.onMessage(bytes, start, end, this.#prefix[0] === 1, owned);
  }

  #refuse(code: number, message: string): void {
    this.#refused = true;
    this.#sink.onRefused(code, message);
  }
}

/** True when bytes[start, end) are exactly one message, prefix included, uncompressed and of at most `maxBytes`: the common case. */
export function isWholeMessage(bytes: Uint8Array, start: number, end: number, maxBytes: number): boolean {
  const length = end - start - prefixBytes;
  return (
    length >= 0 &&
    length <= maxBytes &&
    bytes[start] === 0 &&
    bytes[start + 1] === 0 &&
    ((bytes[start + 2]! << 16) | (bytes[start + 3]! << 8) | bytes[start + 4]!) === length
  );
}

/** What stands in front of a message of `length` bytes. @param flag 1 for a compressed one. */
export function messagePrefix(flag: number, length: number): Uint8Array {
  const prefix = new Uint8Array(prefixBytes);
  prefix[0] = flag;
  new DataView(prefix.buffer).setUint32(1, length);
  return prefix;
}

/** The text that gRPC clients and tools know. */
export function tooLarge(bytes: number, maxBytes: number): string {
  return `grpc: received message larger than max (${bytes} vs. ${maxBytes})`;
}
