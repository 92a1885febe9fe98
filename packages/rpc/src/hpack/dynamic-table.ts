/**
 * The dynamic table: newest entry first, the oldest evicted when the bytes run out. A ring of two string arrays; nothing
 * moves on insertion.
 *
 * Invariant: the sizes of all entries (name + value + 32 bytes each) sum to `bytes`, which never exceeds `bytesMax`. The
 * ring therefore never has more than `bytesMax / 32` slots in use and, doubling when full, less than twice as many.
 * Source: RFC 7541 sections 2.3.2, 4.1, 4.3 and 4.4.
 */

/** What an entry counts beyond the bytes of its name and value. */
export const ENTRY_OVERHEAD_BYTES = 32;

/** The limit that both ends of an HTTP/2 connection start with. */
export const DEFAULT_TABLE_BYTES = 4096;

const FIRST_CAPACITY = 16;

export class DynamicTable {
  #names: string[] = new Array<string>(FIRST_CAPACITY).fill("");
  #values: string[] = new Array<string>(FIRST_CAPACITY).fill("");
  #mask = FIRST_CAPACITY - 1;
  #inserted = 0;
  #length = 0;
  #bytes = 0;
  #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Entries in the table. */
  get length(): number {
    return this.#length;
  }

  /** Size of the table as RFC 7541 counts it. */
  get bytes(): number {
    return this.#bytes;
  }

  get bytesMax(): number {
    return this.#bytesMax;
  }

  /** Entries ever inserted; the newest entry bears this number, the oldest `inserted - length + 1`. */
  get inserted(): number {
    return this.#inserted;
  }

  /** Name of the entry that `age` newer ones precede; `age` is below `length`. */
  nameAt(age: number): string {
    return this.#names[(this.#inserted - 1 - age) & this.#mask] as string;
  }

  /** Value of the entry that `age` newer ones precede; `age` is below `length`. */
  valueAt(age: number): string {
    return this.#values[(this.#inserted - 1 - age) & this.#mask] as string;
  }

  /** Adds an entry, evicting what it displaces. One larger than the whole table just empties it. */
  insert(name: string, value: string): void {
    const bytes = name.length + value.length + ENTRY_OVERHEAD_BYTES;
    this.#evictTo(this.#bytesMax - bytes);
    if (bytes > this.#bytesMax) return;
    if (this.#length > this.#mask) this.#grow();
    const slot = this.#inserted & this.#mask;
    this.#names[slot] = name;
    this.#values[slot] = value;
    this.#inserted++;
    this.#length++;
    this.#bytes += bytes;
  }

  /** Changes the limit and evicts what no longer fits. */
  resize(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    this.#evictTo(bytesMax);
  }

  #evictTo(bytesMax: number): void {
    while (this.#length > 0 && this.#bytes > bytesMax) {
      const slot = (this.#inserted - this.#length) & this.#mask;
      this.#bytes -=
        (this.#names[slot] as string).length + (this.#values[slot] as string).length + ENTRY_OVERHEAD_BYTES;
      // Evicted strings may be long; do not keep them from the collector.
      this.#names[slot] = "";
      this.#values[slot] = "";
      this.#length--;
    }
  }

  #grow(): void {
    const capacity = (this.#mask + 1) * 2;
    const names = new Array<string>(capacity).fill("");
    const values = new Array<string>(capacity).fill("");
    for (let number = this.#inserted - this.#length; number < this.#inserted; number++) {
      names[number & (capacity - 1)] = this.#names[number & this.#mask] as string;
      values[number & (capacity - 1)] = this.#values[number & this.#mask] as string;
    }
    this.#names = names;
    this.#values = values;
    this.#mask = capacity - 1;
  }
}
