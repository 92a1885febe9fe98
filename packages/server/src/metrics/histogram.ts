/**
 * A histogram that costs a handful of comparisons per observation: counts and sum live in one preallocated typed array, and nothing is
 * added up before somebody reads it.
 */
export class Histogram {
  /** Upper bounds (inclusive) of the buckets, ascending; one more bucket, without a bound, follows. */
  readonly bounds: readonly number[];
  /** Observations by bucket; the last cell is the sum of all values. */
  readonly #cells: Float64Array;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#cells = new Float64Array(bounds.length + 2);
  }

  /** @param weight how many observations this one stands for, where only some are measured. */
  observe(value: number, weight = 1): void {
    const { bounds } = this;
    let at = 0;
    while (at < bounds.length && value > (bounds[at] as number)) at += 1;
    const cells = this.#cells;
    cells[at] = (cells[at] as number) + weight;
    const last = cells.length - 1;
    cells[last] = (cells[last] as number) + value * weight;
  }

  get sum(): number {
    return this.#cells[this.#cells.length - 1] as number;
  }

  get count(): number {
    return this.countUpTo(Infinity);
  }

  /** Observations at or below `bound`, which is one of the bounds, or Infinity. */
  countUpTo(bound: number): number {
    let count = 0;
    for (let i = 0; i <= this.bounds.length; i++) {
      if (i < this.bounds.length && (this.bounds[i] as number) > bound) break;
      if (i === this.bounds.length && bound !== Infinity) break;
      count += this.#cells[i] as number;
    }
    return count;
  }
}

/** `count` bounds, each `factor` times the one before. */
export function exponentialBounds(start: number, factor: number, count: number): readonly number[] {
  const bounds: number[] = [];
  for (let bound = start; bounds.length < count; bound *= factor) bounds.push(bound);
  return bounds;
}
