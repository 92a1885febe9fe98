/**
 * Columns of numbers that grow without copying: a chunk of rows at a time. A table of watchers is a handful of columns, so a
 * million of them cost the garbage collector nothing.
 */

const CHUNK_BITS = 12;
const CHUNK_ROWS: number = 1 << CHUNK_BITS;
const ROW_MASK: number = CHUNK_ROWS - 1;

/** No row, no watcher, no range. */
export const NONE = -1;

export class Int32Column {
  readonly #chunks: Int32Array[] = [];

  get(row: number): number {
    return (this.#chunks[row >> CHUNK_BITS] as Int32Array)[row & ROW_MASK] as number;
  }

  /** Sets a row of the column or the one behind its last chunk. */
  set(row: number, value: number): void {
    if (row >> CHUNK_BITS === this.#chunks.length) this.#chunks.push(new Int32Array(CHUNK_ROWS));
    (this.#chunks[row >> CHUNK_BITS] as Int32Array)[row & ROW_MASK] = value;
  }
}

export class Float64Column {
  readonly #chunks: Float64Array[] = [];

  get(row: number): number {
    return (this.#chunks[row >> CHUNK_BITS] as Float64Array)[row & ROW_MASK] as number;
  }

  set(row: number, value: number): void {
    if (row >> CHUNK_BITS === this.#chunks.length) this.#chunks.push(new Float64Array(CHUNK_ROWS));
    (this.#chunks[row >> CHUNK_BITS] as Float64Array)[row & ROW_MASK] = value;
  }
}

export class Uint8Column {
  readonly #chunks: Uint8Array[] = [];

  get(row: number): number {
    return (this.#chunks[row >> CHUNK_BITS] as Uint8Array)[row & ROW_MASK] as number;
  }

  set(row: number, value: number): void {
    if (row >> CHUNK_BITS === this.#chunks.length) this.#chunks.push(new Uint8Array(CHUNK_ROWS));
    (this.#chunks[row >> CHUNK_BITS] as Uint8Array)[row & ROW_MASK] = value;
  }
}

/** Hands out rows: freed ones first, else the next. The free list lies in `link`, a column of the table. */
export class RowAllocator {
  readonly #link: Int32Column;
  #freeHead = NONE;
  #end = 0;

  constructor(link: Int32Column) {
    this.#link = link;
  }

  allocate(): number {
    const row = this.#freeHead;
    if (row === NONE) return this.#end++;
    this.#freeHead = this.#link.get(row);
    return row;
  }

  free(row: number): void {
    this.#link.set(row, this.#freeHead);
    this.#freeHead = row;
  }
}

/** A list of numbers that is filled and emptied again and again without garbage. */
export class NumberList {
  items: Int32Array;
  length = 0;

  constructor(capacity = 64) {
    this.items = new Int32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.items.length) {
      const grown = new Int32Array(this.length * 2);
      grown.set(this.items);
      this.items = grown;
    }
    this.items[this.length++] = value;
  }

  at(index: number): number {
    return this.items[index] as number;
  }

  clear(): void {
    this.length = 0;
  }
}
