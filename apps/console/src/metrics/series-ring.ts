/**
 * The last columns of a table whose rows are series: one time and one number per series in each column, in typed arrays of fixed length. A
 * series that is new or silent has NaN.
 */
export class SeriesRing {
  readonly #capacity: number;
  readonly #times: Float64Array;
  readonly #rows = new Map<string, Float64Array>();
  /** Columns ever written; the last is at `(count - 1) % capacity`. */
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#times = new Float64Array(capacity);
  }

  /** Bounds memory together with `seriesMax`; a row that would be one too many is not kept. */
  append(atMs: number, values: ReadonlyMap<string, number>, seriesMax: number): void {
    const column = this.#count % this.#capacity;
    this.#times[column] = atMs;
    for (const row of this.#rows.values()) row[column] = Number.NaN;
    for (const [id, value] of values) {
      let row = this.#rows.get(id);
      if (row === undefined) {
        if (this.#rows.size >= seriesMax && !this.#forgetSilent()) continue;
        row = new Float64Array(this.#capacity).fill(Number.NaN);
        this.#rows.set(id, row);
      }
      row[column] = value;
    }
    this.#count += 1;
  }

  /** Ascending times from `sinceMs` (inclusive) to before `untilMs`. */
  times(sinceMs: number, untilMs: number): number[] {
    return this.#columns(sinceMs, untilMs).map((column) => this.#times[column]!);
  }

  /** Values of `id` at those times. */
  values(id: string, sinceMs: number, untilMs: number): number[] {
    const row = this.#rows.get(id);
    return this.#columns(sinceMs, untilMs).map((column) => row?.[column] ?? Number.NaN);
  }

  get ids(): Iterable<string> {
    return this.#rows.keys();
  }

  /** Unix milliseconds of the oldest column; Infinity while there is none. */
  get oldestMs(): number {
    if (this.#count === 0) return Number.POSITIVE_INFINITY;
    return this.#times[this.#count <= this.#capacity ? 0 : this.#count % this.#capacity]!;
  }

  #columns(sinceMs: number, untilMs: number): number[] {
    const columns: number[] = [];
    for (let at = Math.max(0, this.#count - this.#capacity); at < this.#count; at += 1) {
      const column = at % this.#capacity;
      const time = this.#times[column]!;
      if (time >= sinceMs && time < untilMs) columns.push(column);
    }
    return columns;
  }

  /** Makes room by dropping a row of NaN alone: a member that left long ago. */
  #forgetSilent(): boolean {
    for (const [id, row] of this.#rows) {
      if (!row.every(Number.isNaN)) continue;
      this.#rows.delete(id);
      return true;
    }
    return false;
  }
}
