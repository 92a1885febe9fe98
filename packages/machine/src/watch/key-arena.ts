/**
 * The bytes of watched keys, packed: a key takes cells of 16 bytes in a page of many, and an address names its first cell.
 *
 *     address = page << 14 | cell           page: 16384 cells = 256 KiB; a key that is long has a page of its own
 *
 * Freed cells are kept in one list per size and used again for keys of that size; they are never joined.
 */
import { copyRange } from "../mvcc/byte-range.js";

const CELL_BITS = 4;
const CELL_BYTES: number = 1 << CELL_BITS;
const PAGE_BITS = 14;
const PAGE_CELLS: number = 1 << PAGE_BITS;
const CELL_MASK: number = PAGE_CELLS - 1;
/** Up to this many cells each size has its own list; beyond, sizes are powers of two. */
const EXACT_CELLS_MAX = 64;
const EXACT_BITS = 6;
/** Longer keys have pages of their own. */
const SHARED_CELLS_MAX = 1024;
const LISTS_COUNT: number = EXACT_CELLS_MAX + 1 + (10 - EXACT_BITS);
const NO_CELL = -1;
const NO_BYTES = new Uint8Array(0);

export class KeyArena {
  readonly #pages: Uint8Array[] = [];
  readonly #freePages: number[] = [];
  readonly #freeCells: Int32Array = new Int32Array(LISTS_COUNT).fill(NO_CELL);
  #openPage = -1;
  #usedCells: number = PAGE_CELLS;

  /** The page that holds what `add` put at the address, from `offsetOf` on. */
  pageOf(address: number): Uint8Array {
    return this.#pages[address >> PAGE_BITS] as Uint8Array;
  }

  offsetOf(address: number): number {
    return (address & CELL_MASK) << CELL_BITS;
  }

  /** Keeps a copy of bytes[start, end). @returns its address. */
  add(bytes: Uint8Array, start: number, end: number): number {
    const cells = cellsOf(end - start);
    const address = cells > SHARED_CELLS_MAX ? this.#addPage(end - start) : this.#allocate(cells);
    copyRange(bytes, start, end, this.pageOf(address), this.offsetOf(address));
    return address;
  }

  /** Gives back what `add` took for a key of `size` bytes. */
  free(address: number, size: number): void {
    const cells = cellsOf(size);
    if (cells > SHARED_CELLS_MAX) {
      this.#pages[address >> PAGE_BITS] = NO_BYTES;
      this.#freePages.push(address >> PAGE_BITS);
      return;
    }
    const list = listOf(cells);
    this.#writeLink(address, this.#freeCells[list] as number);
    this.#freeCells[list] = address;
  }

  #allocate(cells: number): number {
    const list = listOf(cells);
    const freed = this.#freeCells[list] as number;
    if (freed !== NO_CELL) {
      this.#freeCells[list] = this.#readLink(freed);
      return freed;
    }
    if (this.#usedCells + cells > PAGE_CELLS) {
      this.#openPage = this.#addPage(PAGE_CELLS * CELL_BYTES) >> PAGE_BITS;
      this.#usedCells = 0;
    }
    const address = (this.#openPage << PAGE_BITS) | this.#usedCells;
    this.#usedCells += cells;
    return address;
  }

  #addPage(size: number): number {
    const page = this.#freePages.pop() ?? this.#pages.length;
    this.#pages[page] = new Uint8Array(size);
    return page << PAGE_BITS;
  }

  #writeLink(address: number, next: number): void {
    const page = this.pageOf(address);
    const at = this.offsetOf(address);
    for (let i = 0; i < 4; i++) page[at + i] = next >> (8 * i);
  }

  #readLink(address: number): number {
    const page = this.pageOf(address);
    const at = this.offsetOf(address);
    let next = 0;
    for (let i = 0; i < 4; i++) next |= (page[at + i] as number) << (8 * i);
    return next;
  }
}

/** Cells that a key of `size` bytes takes. */
function cellsOf(size: number): number {
  const cells = Math.max(1, (size + CELL_BYTES - 1) >> CELL_BITS);
  if (cells <= EXACT_CELLS_MAX || cells > SHARED_CELLS_MAX) return cells;
  return 1 << (32 - Math.clz32(cells - 1));
}

function listOf(cells: number): number {
  if (cells <= EXACT_CELLS_MAX) return cells;
  return EXACT_CELLS_MAX + (31 - Math.clz32(cells)) - EXACT_BITS;
}
