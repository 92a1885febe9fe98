/**
 * Builds a long message as a list of parts: small pieces are gathered in chunks, long records are quoted by reference, and
 * nothing is ever copied into one giant buffer.
 */
import { WireWriter } from "./wire-writer.js";

const FIRST_CHUNK_BYTES = 512;
const CHUNK_BYTES = 64 * 1024;
/** Below this a copy is cheaper than one more part for the socket. */
const QUOTE_BYTES_MIN = 4096;

export class PartsWriter {
  /** Where fields are written; ask again after each `record`. */
  chunk: WireWriter;
  /** Bytes in finished parts. */
  #finishedBytes = 0;
  readonly #parts: Uint8Array[] = [];

  /** @param sizeHint bytes of the whole message, where they are known. */
  constructor(sizeHint: number = FIRST_CHUNK_BYTES) {
    this.chunk = new WireWriter(Math.min(sizeHint, CHUNK_BYTES + QUOTE_BYTES_MIN));
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#finishedBytes + this.chunk.length;
  }

  /** Appends a length-delimited field; `bytes` must not change afterwards. */
  record(tag: number, bytes: Uint8Array): void {
    this.chunk.varint(tag);
    this.chunk.varint(bytes.length);
    this.quote(bytes);
  }

  /**
   * Appends a length-delimited field of `size` bytes that `copy` writes to the place it is given; false, and nothing
   * appended, when it has nothing to write or the field is long enough to be quoted instead.
   */
  copied(tag: number, size: number, copy: (target: Uint8Array, at: number) => boolean): boolean {
    if (size >= QUOTE_BYTES_MIN) return false;
    const { chunk } = this;
    const rewind = chunk.length;
    chunk.varint(tag);
    chunk.varint(size);
    chunk.reserve(size);
    if (!copy(chunk.buffer, chunk.length)) {
      chunk.length = rewind;
      return false;
    }
    chunk.length += size;
    if (chunk.length >= CHUNK_BYTES) this.#finishChunk(CHUNK_BYTES + QUOTE_BYTES_MIN);
    return true;
  }

  /** Appends bytes as they are. */
  quote(bytes: Uint8Array): void {
    if (bytes.length < QUOTE_BYTES_MIN) {
      this.chunk.raw(bytes, 0, bytes.length);
      if (this.chunk.length >= CHUNK_BYTES) this.#finishChunk(CHUNK_BYTES + QUOTE_BYTES_MIN);
      return;
    }
    this.#finishChunk(FIRST_CHUNK_BYTES);
    this.#push(bytes);
  }

  /** The parts in order. Nothing may be written afterwards. */
  finish(): Uint8Array[] {
    this.#finishChunk(0);
    return this.#parts;
  }

  #finishChunk(nextCapacityBytes: number): void {
    const { chunk } = this;
    if (chunk.length === 0) return;
    this.#push(chunk.buffer.subarray(0, chunk.length));
    this.chunk = new WireWriter(nextCapacityBytes);
  }

  #push(part: Uint8Array): void {
    this.#parts.push(part);
    this.#finishedBytes += part.length;
  }
}
