/**
 * Encoded records in memory: those not yet in the engine, and as many of the others as fit.
 *
 *     position = page number * PAGE_BYTES + offset, ever growing
 *
 *       page 41        page 42        page 43
 *     | dropped | r r r r r r r | r r r . . . |      . . . free
 *                      ^ written         ^ end
 *
 * Records are appended and never move or change, so a view of one is good for as long as someone holds it. The oldest page
 * is dropped when there are more than `cacheBytesMax`, unless it holds something the engine has not (`written`). A record
 * larger than a page has a page of its own. A dropped page of which no view was ever given out is used again; the others
 * belong to the garbage collector, because someone may still be looking.
 */
import { assert } from "@quorate/std";
import { copyRange } from "./byte-range.js";

export const PAGE_BYTES: number = 1024 * 1024;
/** Dropped pages kept for reuse. */
const SPARE_PAGES_MAX = 4;

interface CachePage {
  readonly bytes: Uint8Array;
  /** A view has been handed out. */
  lent: boolean;
}

export class RecordCache {
  readonly #cacheBytesMax: number;
  #pages: CachePage[] = [];
  /** Number of pages[0]. */
  #firstNumber = 0;
  readonly #spare: Uint8Array[] = [];
  #bytesHeld = 0;
  /** End of the records, as an offset in the last page. */
  #used: number = PAGE_BYTES;
  /** The engine has every record before this position. */
  #written = 0;
  /** End of the newest record that the engine did not have when it was added. */
  #ownEnd = 0;

  constructor(cacheBytesMax: number) {
    this.#cacheBytesMax = cacheBytesMax;
  }

  /** Memory held. */
  get bytesHeld(): number {
    return this.#bytesHeld;
  }

  /** Where the next record will lie at the earliest. */
  get endPosition(): number {
    return this.#lastNumber() * PAGE_BYTES + Math.min(this.#used, PAGE_BYTES);
  }

  /** Makes room for a record of at most `sizeMax` bytes: write it to `openPage` from the returned offset, then `commit`. */
  reserve(sizeMax: number): number {
    const page = this.#pages.at(-1);
    // A large record's own page may have a few bytes left, but no position could name them.
    const full = this.#used >= PAGE_BYTES;
    if (page === undefined || full || this.#used + sizeMax > page.bytes.length) this.#addPage(sizeMax);
    return this.#used;
  }

  get openPage(): Uint8Array {
    return (this.#pages[this.#pages.length - 1] as CachePage).bytes;
  }

  /** Ends the record that `reserve` began and that the engine does not have yet. @returns its position. */
  commit(size: number): number {
    const position = this.#append(size);
    this.#ownEnd = this.endPosition;
    return position;
  }

  #append(size: number): number {
    const position = this.#lastNumber() * PAGE_BYTES + this.#used;
    this.#used += size;
    assert(this.#used <= this.openPage.length, "record ran over its page");
    return position;
  }

  /** Adds a record that the engine has. @returns its position. */
  add(record: Uint8Array): number {
    const at = this.reserve(record.length);
    copyRange(record, 0, record.length, this.openPage, at);
    return this.#append(record.length);
  }

  #lastNumber(): number {
    return this.#firstNumber + this.#pages.length - 1;
  }

  #addPage(sizeMax: number): void {
    const spare = sizeMax <= PAGE_BYTES ? this.#spare.pop() : undefined;
    const bytes = spare ?? new Uint8Array(Math.max(PAGE_BYTES, sizeMax));
    this.#pages.push({ bytes, lent: false });
    this.#bytesHeld += bytes.length;
    this.#used = 0;
    this.#dropOldest();
  }

  /** Says that the engine has every record before `position`. */
  setWritten(position: number): void {
    this.#written = position;
    this.#dropOldest();
  }

  #dropOldest(): void {
    const bound = this.#written >= this.#ownEnd ? Infinity : this.#written;
    while (this.#bytesHeld > this.#cacheBytesMax && this.#pages.length > 1) {
      if ((this.#firstNumber + 1) * PAGE_BYTES > bound) return;
      const page = this.#pages.shift() as CachePage;
      this.#firstNumber += 1;
      this.#bytesHeld -= page.bytes.length;
      if (!page.lent && page.bytes.length === PAGE_BYTES && this.#spare.length < SPARE_PAGES_MAX) {
        this.#spare.push(page.bytes);
      }
    }
  }

  /** Whether the record at `position` is in memory. */
  holds(position: number): boolean {
    return Math.floor(position / PAGE_BYTES) >= this.#firstNumber;
  }

  /** A view of the record, or undefined when its page has been dropped. */
  view(position: number, size: number): Uint8Array | undefined {
    const number = Math.floor(position / PAGE_BYTES);
    if (number < this.#firstNumber) return undefined;
    const page = this.#pages[number - this.#firstNumber] as CachePage;
    page.lent = true;
    const at = position - number * PAGE_BYTES;
    return page.bytes.subarray(at, at + size);
  }

  /**
   * A view for the engine's batch in flight, which lets go of it before the record counts as written: does not keep the
   * page from being used again.
   */
  viewUnwritten(position: number, size: number): Uint8Array {
    assert(position >= this.#written, "record written twice");
    const number = Math.floor(position / PAGE_BYTES);
    const page = this.#pages[number - this.#firstNumber] as CachePage;
    const at = position - number * PAGE_BYTES;
    return page.bytes.subarray(at, at + size);
  }

  /** Copies the record to `target` at `targetAt`. @returns false when its page has been dropped. */
  copy(position: number, size: number, target: Uint8Array, targetAt: number): boolean {
    const number = Math.floor(position / PAGE_BYTES);
    if (number < this.#firstNumber) return false;
    const page = this.#pages[number - this.#firstNumber] as CachePage;
    const at = position - number * PAGE_BYTES;
    copyRange(page.bytes, at, at + size, target, targetAt);
    return true;
  }
}
