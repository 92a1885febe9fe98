/** How many intervals of positions cover each position: adding one, taking it back and asking cost O(log n) each. */
export class CoverCounts {
  // A Fenwick tree over the differences between neighbours: a prefix sum is the count at a position.
  readonly #sums: Int32Array;
  #intervalCount = 0;

  /** @param count positions are 0 to count - 1. */
  constructor(count: number) {
    this.#sums = new Int32Array(count + 2);
  }

  /** Adds `times` intervals [from, to); a negative number takes them back. */
  add(from: number, to: number, times: number): void {
    this.#intervalCount += times;
    this.#change(from, times);
    this.#change(to, -times);
  }

  covers(position: number): boolean {
    if (this.#intervalCount === 0) return false;
    const sums = this.#sums;
    let count = 0;
    for (let at = position + 1; at > 0; at &= at - 1) count += sums[at] as number;
    return count > 0;
  }

  #change(position: number, by: number): void {
    const sums = this.#sums;
    for (let at = position + 1; at < sums.length; at += at & -at) sums[at] = (sums[at] as number) + by;
  }
}
