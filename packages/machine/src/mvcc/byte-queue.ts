/** A first-in, first-out queue of byte strings, packed into chunks: no object per string. */
import { assert } from "@quorate/std";
import { copyRange } from "./byte-range.js";
import { NumberQueue } from "./number-queue.js";

const CHUNK_BYTES: number = 64 * 1024;

export class ByteQueue {
  readonly #sizes: NumberQueue = new NumberQueue();
  /** Chunks from the oldest on, and how much of each is used. */
  #chunks: { readonly bytes: Uint8Array; used: number }[] = [];
  #readAt = 0;

  get length(): number {
    return this.#sizes.length;
  }

  push(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    let last = this.#chunks.at(-1);
    if (last === undefined || last.used + size > last.bytes.length) {
      last = { bytes: new Uint8Array(Math.max(CHUNK_BYTES, size)), used: 0 };
      this.#chunks.push(last);
    }
    copyRange(bytes, start, end, last.bytes, last.used);
    last.used += size;
    this.#sizes.push(size);
  }

  /** Removes the oldest string and returns a view of it that stays intact. */
  shift(): Uint8Array {
    const size = this.#sizes.shift();
    let chunk = this.#chunks[0];
    if (chunk !== undefined && this.#readAt + size > chunk.used) {
      this.#chunks.shift();
      this.#readAt = 0;
      chunk = this.#chunks[0];
    }
    assert(chunk !== undefined, "byte queue lost a chunk");
    const view = chunk.bytes.subarray(this.#readAt, this.#readAt + size);
    this.#readAt += size;
    return view;
  }
}
