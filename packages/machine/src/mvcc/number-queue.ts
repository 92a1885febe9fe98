/**
 * A first-in, first-out queue of numbers in chunks of typed array: no object per number, no pause when it grows. Numbers
 * that belong together are pushed and shifted together.
 */
import { assert } from "@quorate/std";

const CHUNK_NUMBERS = 4096;

export class NumberQueue {
  /** Chunks from the oldest on; numbers are appended to the last. */
  readonly #chunks: Float64Array[] = [];
  #first = 0;
  #readAt = 0;
  #writeAt = CHUNK_NUMBERS;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#writeAt === CHUNK_NUMBERS) {
      this.#chunks.push(new Float64Array(CHUNK_NUMBERS));
      this.#writeAt = 0;
    }
    (this.#chunks[this.#chunks.length - 1] as Float64Array)[this.#writeAt++] = value;
    this.#length += 1;
  }

  /** The oldest number; the queue must not be empty. */
  peek(): number {
    assert(this.#length > 0, "peek into an empty queue");
    return (this.#chunks[this.#first] as Float64Array)[this.#readAt] as number;
  }

  /** Removes and returns the oldest number; the queue must not be empty. */
  shift(): number {
    const value = this.peek();
    this.#length -= 1;
    this.#readAt += 1;
    if (this.#readAt === CHUNK_NUMBERS) this.#dropChunk();
    return value;
  }

  #dropChunk(): void {
    this.#readAt = 0;
    this.#first += 1;
    // Moving the array down on every chunk would be quadratic; doing it when half is spent is not.
    if (this.#first * 2 >= this.#chunks.length) {
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
      if (this.#chunks.length === 0) this.#writeAt = CHUNK_NUMBERS;
    } else {
      this.#chunks[this.#first - 1] = NO_NUMBERS;
    }
  }
}

const NO_NUMBERS: Float64Array = new Float64Array(0);
