/**
 * Numbers keys by their order: equal keys get the same number. The keys lie in one buffer and are sorted byte by byte, so that
 * the time is bounded by their bytes whatever they are: a client chooses them.
 */

/** Fewer keys than this are sorted by comparing them. */
const BUCKET_SORT_COUNT_MIN = 24;
/** A key that has ended, then the values of a byte. */
const BUCKET_COUNT = 257;

export class KeyOrder {
  readonly #buffer: Uint8Array;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  constructor(buffer: Uint8Array) {
    this.#buffer = buffer;
  }

  /** Adds the key [start, end) of the buffer. @returns its position in the result of `rank`. */
  add(start: number, end: number): number {
    this.#ends.push(end);
    return this.#starts.push(start) - 1;
  }

  /** The rank of each key, from 0, in the order in which they were added. */
  rank(): Int32Array {
    const order = this.#sort();
    const ranks = new Int32Array(order.length);
    let rank = 0;
    for (let i = 1; i < order.length; i++) {
      if (this.#compare(order[i - 1] as number, order[i] as number, 0) !== 0) rank += 1;
      ranks[order[i] as number] = rank;
    }
    return ranks;
  }

  #sort(): Uint32Array {
    const order = new Uint32Array(this.#starts.length);
    for (let i = 0; i < order.length; i++) order[i] = i;
    // Stretches of `order` whose keys agree in their first `depth` bytes: start, end and depth of each.
    const pending = [0, order.length, 0];
    const isLong = order.length >= BUCKET_SORT_COUNT_MIN;
    const counts = new Uint32Array(isLong ? BUCKET_COUNT : 0);
    const scratch = new Uint32Array(isLong ? order.length : 0);
    while (pending.length > 0) {
      const depth = pending.pop() as number;
      const end = pending.pop() as number;
      const start = pending.pop() as number;
      if (end - start < BUCKET_SORT_COUNT_MIN) this.#sortFew(order, start, end, depth);
      else {
        this.#distribute(order.subarray(start, end), { depth, counts, scratch });
        pushBuckets(pending, counts, { start, depth: depth + 1 });
      }
    }
    return order;
  }

  #sortFew(order: Uint32Array, start: number, end: number, depth: number): void {
    for (let i = start + 1; i < end; i++) {
      const key = order[i] as number;
      let at = i;
      while (at > start && this.#compare(order[at - 1] as number, key, depth) > 0) {
        order[at] = order[at - 1] as number;
        at -= 1;
      }
      order[at] = key;
    }
  }

  /** Orders keys by their byte at `depth`; `counts[b]` then tells where bucket b ends. */
  #distribute(
    order: Uint32Array,
    { depth, counts, scratch }: { depth: number; counts: Uint32Array; scratch: Uint32Array },
  ): void {
    counts.fill(0);
    for (let i = 0; i < order.length; i++) {
      const bucket = this.#bucketOf(order[i] as number, depth);
      counts[bucket] = (counts[bucket] as number) + 1;
    }
    let next = 0;
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      const count = counts[bucket] as number;
      counts[bucket] = next;
      next += count;
    }
    for (let i = 0; i < order.length; i++) {
      const key = order[i] as number;
      const bucket = this.#bucketOf(key, depth);
      const at = counts[bucket] as number;
      scratch[at] = key;
      counts[bucket] = at + 1;
    }
    order.set(scratch.subarray(0, order.length));
  }

  #bucketOf(key: number, depth: number): number {
    const at = (this.#starts[key] as number) + depth;
    return at < (this.#ends[key] as number) ? (this.#buffer[at] as number) + 1 : 0;
  }

  /** Compares two keys from byte `depth` on. */
  #compare(a: number, b: number, depth: number): number {
    const buffer = this.#buffer;
    const aEnd = this.#ends[a] as number;
    const bEnd = this.#ends[b] as number;
    let aAt = (this.#starts[a] as number) + depth;
    let bAt = (this.#starts[b] as number) + depth;
    while (aAt < aEnd && bAt < bEnd) {
      const difference = (buffer[aAt++] as number) - (buffer[bAt++] as number);
      if (difference !== 0) return difference;
    }
    return aEnd - aAt - (bEnd - bAt);
  }
}

/** Adds the buckets that are to be sorted further. Keys that have ended, those of bucket 0, are equal. */
function pushBuckets(
  pending: number[],
  ends: Uint32Array,
  { start, depth }: { readonly start: number; readonly depth: number },
): void {
  for (let bucket = 1; bucket < BUCKET_COUNT; bucket++) {
    const from = ends[bucket - 1] as number;
    const to = ends[bucket] as number;
    if (to - from > 1) pending.push(start + from, start + to, depth);
  }
}
