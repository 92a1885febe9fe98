/**
 * The window of MsgApps sent to one follower and not yet acknowledged, bounded by count and by bytes.
 *
 * A ring of (last index, bytes) pairs in two typed arrays that grow on demand up to `countMax`:
 *
 *     | . . 7 9 12 . . |      #start = 2, #count = 3; an acknowledgement of 9 or 10 frees two
 *
 * The byte bound is soft: one message may take the sum from below the bound to beyond it.
 * Source: upstream tracker/inflights.go.
 */
import { assert } from "@quorate/std";

const CAPACITY_MIN = 8;

export class Inflights {
  readonly #countMax: number;
  readonly #bytesMax: number;
  #indexes: Float64Array = new Float64Array(0);
  #sizes: Float64Array = new Float64Array(0);
  #start = 0;
  #count = 0;
  #bytes = 0;

  /** @param bytesMax `Infinity` for no byte bound. */
  constructor(countMax: number, bytesMax: number) {
    this.#countMax = countMax;
    this.#bytesMax = bytesMax;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Without the newest message, which alone may go beyond the bound. */
  get bytesBeforeLast(): number {
    if (this.#count === 0) return 0;
    const capacity = this.#indexes.length;
    const slot = this.#start + this.#count - 1;
    return this.#bytes - (this.#sizes[slot < capacity ? slot : slot - capacity] as number);
  }

  /** True when no further message may be sent. */
  get full(): boolean {
    return this.#count >= this.#countMax || this.#bytes >= this.#bytesMax;
  }

  /** Records a message that ends at `index`. Asserts room; indexes never go down from call to call. */
  add(index: number, bytes: number): void {
    assert(!this.full, () => `inflights full: ${this.#count} messages, ${this.#bytes} bytes`);
    if (this.#count === this.#indexes.length) this.#grow();
    const capacity = this.#indexes.length;
    let slot = this.#start + this.#count;
    if (slot >= capacity) slot -= capacity;
    this.#indexes[slot] = index;
    this.#sizes[slot] = bytes;
    this.#count++;
    this.#bytes += bytes;
  }

  /** Frees every message that ends at or before `index`; an acknowledgement left of the window frees nothing. */
  freeUpTo(index: number): void {
    while (this.#count > 0 && (this.#indexes[this.#start] as number) <= index) {
      this.#bytes -= this.#sizes[this.#start] as number;
      this.#count--;
      if (++this.#start === this.#indexes.length) this.#start = 0;
    }
  }

  /** Frees everything. */
  reset(): void {
    this.#start = 0;
    this.#count = 0;
    this.#bytes = 0;
  }

  #grow(): void {
    const old = this.#indexes.length;
    const capacity = Math.min(this.#countMax, Math.max(CAPACITY_MIN, old * 2));
    const indexes = new Float64Array(capacity);
    const sizes = new Float64Array(capacity);
    for (let i = 0; i < this.#count; i++) {
      const slot = (this.#start + i) % old;
      indexes[i] = this.#indexes[slot] as number;
      sizes[i] = this.#sizes[slot] as number;
    }
    this.#indexes = indexes;
    this.#sizes = sizes;
    this.#start = 0;
  }
}
