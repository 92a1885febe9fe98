/**
 * A binary heap of moments, one per row, kept in typed arrays: a row is a small integer that its owner gives out. Setting,
 * moving and removing a row's moment take a logarithmic number of steps, whatever the garbage collector does.
 *
 *     heap[place] = row      place[row] = place, or NOWHERE      times[row] = moment (any unit, ascending)
 */
const NOWHERE = -1;
const ROWS_COUNT = 64;

export class TimeHeap {
  #heap: Int32Array = new Int32Array(ROWS_COUNT);
  #place: Int32Array = new Int32Array(ROWS_COUNT).fill(NOWHERE);
  #times: Float64Array = new Float64Array(ROWS_COUNT);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The row whose moment comes first, or -1. */
  get first(): number {
    return this.#size === 0 ? NOWHERE : (this.#heap[0] as number);
  }

  /** The first moment; Infinity when there is none. */
  get firstTime(): number {
    return this.#size === 0 ? Infinity : (this.#times[this.#heap[0] as number] as number);
  }

  /** Gives `row` a moment, or another one. */
  set(row: number, time: number): void {
    this.#reserve(row);
    let place = this.#place[row] as number;
    if (place === NOWHERE) place = this.#size++;
    this.#times[row] = time;
    this.#put(place, row);
    this.#sift(place);
  }

  /** Takes the moment of `row` away; does nothing when it has none. */
  remove(row: number): void {
    const place = row < this.#place.length ? (this.#place[row] as number) : NOWHERE;
    if (place === NOWHERE) return;
    this.#place[row] = NOWHERE;
    this.#size -= 1;
    if (place === this.#size) return;
    this.#put(place, this.#heap[this.#size] as number);
    this.#sift(place);
  }

  clear(): void {
    this.#place.fill(NOWHERE);
    this.#size = 0;
  }

  #reserve(row: number): void {
    if (row < this.#heap.length) return;
    const length = Math.max(row + 1, this.#heap.length * 2);
    const heap = new Int32Array(length);
    const place = new Int32Array(length).fill(NOWHERE);
    const times = new Float64Array(length);
    heap.set(this.#heap);
    place.set(this.#place);
    times.set(this.#times);
    this.#heap = heap;
    this.#place = place;
    this.#times = times;
  }

  #put(place: number, row: number): void {
    this.#heap[place] = row;
    this.#place[row] = place;
  }

  #sift(start: number): void {
    const heap = this.#heap;
    const times = this.#times;
    const row = heap[start] as number;
    const time = times[row] as number;
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent] as number;
      if ((times[above] as number) <= time) break;
      this.#put(place, above);
      place = parent;
    }
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#size) break;
      const right = child + 1;
      if (right < this.#size && this.#timeAt(right) < this.#timeAt(child)) child = right;
      if (this.#timeAt(child) >= time) break;
      this.#put(place, heap[child] as number);
      place = child;
    }
    this.#put(place, row);
  }

  #timeAt(place: number): number {
    return this.#times[this.#heap[place] as number] as number;
  }
}
