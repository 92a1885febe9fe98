/**
 * Calls and returns of the completed operations in the order of time, as a doubly linked list from which an operation is lifted
 * when it is ordered and put back when the search goes back (Wing and Gong 1993, as told by Lowe 2016).
 *
 * Operation i calls at entry 2i and returns at entry 2i + 1. What stands before the first return may be ordered next.
 */
import type { Timed } from "./model.js";

export class ReturnList {
  readonly count: number;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #head: number;
  /** Place of each entry in time, to tell which of two comes first. */
  readonly #place: Int32Array;

  /** @param operations completed ones, ordered by start. */
  constructor(operations: readonly Timed<unknown>[]) {
    this.count = operations.length;
    const entries = 2 * this.count;
    this.#head = entries;
    this.#next = new Int32Array(entries + 1);
    this.#previous = new Int32Array(entries + 1);
    this.#place = new Int32Array(entries + 1);
    const order = Array.from({ length: entries }, (_, entry) => entry);
    const timeOf = (entry: number): number => {
      const operation = operations[entry >> 1]!;
      return (entry & 1) === 0 ? operation.start : operation.end;
    };
    // At equal times calls come first: the two operations then count as concurrent.
    order.sort((a, b) => timeOf(a) - timeOf(b) || (a & 1) - (b & 1) || a - b);
    let last = this.#head;
    order.forEach((entry, place) => {
      this.#place[entry] = place;
      this.#next[last] = entry;
      this.#previous[entry] = last;
      last = entry;
    });
    this.#next[last] = this.#head;
    this.#previous[this.#head] = last;
  }

  /** The first entry left, or `end`. */
  get first(): number {
    return this.#next[this.#head]!;
  }

  get end(): number {
    return this.#head;
  }

  next(entry: number): number {
    return this.#next[entry]!;
  }

  placeOf(entry: number): number {
    return this.#place[entry]!;
  }

  lift(operation: number): void {
    this.#unlink(2 * operation);
    this.#unlink(2 * operation + 1);
  }

  /** Undoes the last `lift` that was not undone yet. */
  putBack(operation: number): void {
    this.#relink(2 * operation + 1);
    this.#relink(2 * operation);
  }

  #unlink(entry: number): void {
    const next = this.#next[entry]!;
    const previous = this.#previous[entry]!;
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  #relink(entry: number): void {
    this.#next[this.#previous[entry]!] = entry;
    this.#previous[this.#next[entry]!] = entry;
  }
}
