/**
 * Which keys are attached to which lease: an ordered set of (lease number, key) in the pages of a `KeyIndex`, so that a
 * million attachments are no million objects, the keys of a lease come out in byte order without sorting, and there is no
 * table to grow in one piece.
 *
 *     entry: 6-byte big-endian lease number | key
 *
 * A lease number is given to one lease only. That lets a revocation drop its lease at once and leave the entries behind, which
 * nobody can reach any more; `sweep` removes them in small steps.
 */
import { copyRange } from "../mvcc/byte-range.js";
import { ABSENT, KeyIndex } from "../mvcc/key-index.js";

/** Lease numbers stay below 2^48. */
const PREFIX_BYTES = 6;
const TWO_POW_32 = 0x1_0000_0000;
const SCRATCH_BYTES = 256;
/** The index is used as a set: all words are alike. */
const PRESENT = 0;

/** The key's bytes [start, end) of `buffer` hold during the call. Return false to stop. */
export type KeyVisitor = (buffer: Uint8Array, start: number, end: number) => boolean;

export class AttachedKeys {
  readonly #index: KeyIndex = new KeyIndex();
  /** Entries of leases that are there. */
  #count = 0;
  /** Leases whose entries are to be swept, oldest first. */
  readonly #dropped: number[] = [];
  #scratch: Uint8Array = new Uint8Array(SCRATCH_BYTES);

  /** Keys attached to leases that are there. */
  get count(): number {
    return this.#count;
  }

  /** @returns false when the key is attached to that lease already. */
  add(lease: number, buffer: Uint8Array, start: number, end: number): boolean {
    const size = this.#compose(lease, buffer, start, end);
    if (this.#index.seek(this.#scratch, 0, size) !== ABSENT) return false;
    this.#index.insert(this.#scratch, 0, size, PRESENT, true);
    this.#count += 1;
    return true;
  }

  /** @returns false when the key is not attached to that lease. */
  remove(lease: number, buffer: Uint8Array, start: number, end: number): boolean {
    const size = this.#compose(lease, buffer, start, end);
    if (this.#index.seek(this.#scratch, 0, size) === ABSENT) return false;
    this.#index.remove();
    this.#count -= 1;
    return true;
  }

  /** Visits the keys of a lease, ascending. The visitor may not attach or detach. */
  visit(lease: number, visit: KeyVisitor): void {
    this.#index.scan(prefixOf(lease), prefixOf(lease + 1), (_word, buffer, start, end) =>
      visit(buffer, start + PREFIX_BYTES, end),
    );
  }

  /** As `visit`, beginning behind `after`. */
  visitAfter(lease: number, after: Uint8Array, visit: KeyVisitor): void {
    const from = new Uint8Array(PREFIX_BYTES + after.length + 1);
    from.set(prefixOf(lease));
    from.set(after, PREFIX_BYTES);
    this.#index.scan(from, prefixOf(lease + 1), (_word, buffer, start, end) =>
      visit(buffer, start + PREFIX_BYTES, end),
    );
  }

  /** As `visit`, beginning at `first` or the next key behind it. */
  visitFrom(lease: number, first: Uint8Array, visit: KeyVisitor): void {
    const from = new Uint8Array(PREFIX_BYTES + first.length);
    from.set(prefixOf(lease));
    from.set(first, PREFIX_BYTES);
    this.#index.scan(from, prefixOf(lease + 1), (_word, buffer, start, end) =>
      visit(buffer, start + PREFIX_BYTES, end),
    );
  }

  /** Detaches the `keyCount` keys of a lease that is gone for good. */
  drop(lease: number, keyCount: number): void {
    if (keyCount === 0) return;
    this.#count -= keyCount;
    this.#dropped.push(lease);
  }

  /** Frees the memory of up to `budgetCount` dropped keys. @returns whether there is more to free. */
  sweep(budgetCount: number): boolean {
    let budget = budgetCount;
    while (budget > 0) {
      const lease = this.#dropped[0];
      if (lease === undefined) return false;
      const freed = this.#sweepLease(lease, budget);
      if (freed < budget) this.#dropped.shift();
      budget -= freed;
    }
    return this.#dropped.length > 0;
  }

  #sweepLease(lease: number, budget: number): number {
    const entries: Uint8Array[] = [];
    this.#index.scan(prefixOf(lease), prefixOf(lease + 1), (_word, buffer, start, end) => {
      entries.push(buffer.slice(start, end));
      return entries.length < budget;
    });
    for (const entry of entries) {
      this.#index.seek(entry, 0, entry.length);
      this.#index.remove();
    }
    return entries.length;
  }

  /** Writes the entry to the scratch buffer. @returns its size. */
  #compose(lease: number, buffer: Uint8Array, start: number, end: number): number {
    const size = PREFIX_BYTES + end - start;
    if (size > this.#scratch.length) this.#scratch = new Uint8Array(size * 2);
    writePrefix(lease, this.#scratch);
    copyRange(buffer, start, end, this.#scratch, PREFIX_BYTES);
    return size;
  }
}

function prefixOf(lease: number): Uint8Array {
  const prefix = new Uint8Array(PREFIX_BYTES);
  writePrefix(lease, prefix);
  return prefix;
}

function writePrefix(lease: number, target: Uint8Array): void {
  const high = Math.floor(lease / TWO_POW_32);
  target[0] = high >>> 8;
  target[1] = high;
  target[2] = lease >>> 24;
  target[3] = lease >>> 16;
  target[4] = lease >>> 8;
  target[5] = lease;
}
