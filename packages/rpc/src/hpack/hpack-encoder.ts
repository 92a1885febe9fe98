/**
 * Encodes the field blocks of one direction of a connection, with a dynamic table.
 *
 * Ordering: blocks must be sent whole and in the order they were encoded, because each refers to what earlier ones
 * inserted. For blocks that are the same everywhere see `hpack-literal.ts`.
 * Limits: the dynamic table has at most `maxTableBytes`; the search index has one entry per table entry.
 * Source: RFC 7541.
 */
import { DEFAULT_TABLE_BYTES, DynamicTable, ENTRY_OVERHEAD_BYTES } from "./dynamic-table.js";
import {
  INDEXED,
  INTEGER_BYTES_MAX,
  LITERAL_INDEXED,
  LITERAL_NEVER_INDEXED,
  LITERAL_PLAIN,
  TABLE_SIZE,
  stringBytesMax,
  writeInteger,
  writePlainString,
  writeString,
} from "./hpack-literal.js";
import type { Representation } from "./hpack-literal.js";
import { STATIC_LENGTH, staticFieldIndex, staticNameIndex } from "./static-table.js";

/** What tables may do with a field: remember it, leave it, or never remember it here or behind the next hop. */
export type HeaderIndexing = "incremental" | "without" | "never";

export interface HeaderField {
  /** Latin1, lower case for HTTP/2. */
  readonly name: string;
  /** Latin1. */
  readonly value: string;
  /** Default: `incremental`. */
  readonly indexing?: HeaderIndexing;
}

export interface HpackEncoderOptions {
  /** Limit of the dynamic table that the peer starts with; default 4096. */
  readonly maxTableBytes?: number;
  /** Huffman-encode strings that do not become longer by it; default true. */
  readonly huffman?: boolean;
}

const LITERAL_FORMS: Readonly<Record<HeaderIndexing, Representation>> = {
  incremental: LITERAL_INDEXED,
  without: LITERAL_PLAIN,
  never: LITERAL_NEVER_INDEXED,
};

export class HpackEncoder {
  readonly #table: DynamicTable;
  readonly #writeString: typeof writeString;
  /** Newest entry's number by name and value; entries that were evicted since are removed when they are met. */
  readonly #numberByField = new Map<string, number>();
  readonly #numberByName = new Map<string, number>();
  #updateLowestBytes = -1;

  constructor(options: HpackEncoderOptions = {}) {
    this.#table = new DynamicTable(options.maxTableBytes ?? DEFAULT_TABLE_BYTES);
    this.#writeString = options.huffman === false ? writePlainString : writeString;
  }

  /** Size of the dynamic table as RFC 7541 counts it. */
  get tableBytes(): number {
    return this.#table.bytes;
  }

  /** Fields ever inserted into the table: blocks that refer to it mean the same as long as this stays. */
  get insertions(): number {
    return this.#table.inserted;
  }

  /** Follows the peer's SETTINGS_HEADER_TABLE_SIZE; the next block begins by telling it. */
  setMaxTableBytes(maxTableBytes: number): void {
    if (maxTableBytes === this.#table.bytesMax) return;
    const lowest = this.#updateLowestBytes;
    this.#updateLowestBytes = lowest < 0 ? maxTableBytes : Math.min(lowest, maxTableBytes);
    this.#table.resize(maxTableBytes);
    this.#forgetEvicted();
  }

  /** Encodes one block. The result is a copy of its own. */
  encode(fields: readonly HeaderField[]): Uint8Array {
    const target = new Uint8Array(blockBytesMax(fields));
    let position = this.#writeSizeUpdates(target);
    for (const field of fields) position = this.#writeField(target, position, field);
    return target.slice(0, position);
  }

  /** The lowest limit since the last block comes first, because what it evicted stays evicted. */
  #writeSizeUpdates(target: Uint8Array): number {
    const lowest = this.#updateLowestBytes;
    if (lowest < 0) return 0;
    this.#updateLowestBytes = -1;
    let position = 0;
    if (lowest < this.#table.bytesMax) position = writeInteger(target, position, lowest, TABLE_SIZE);
    return writeInteger(target, position, this.#table.bytesMax, TABLE_SIZE);
  }

  #writeField(target: Uint8Array, start: number, field: HeaderField): number {
    const { name, value, indexing = "incremental" } = field;
    if (indexing !== "never") {
      const index =
        staticFieldIndex(name, value) || this.#indexOf(this.#numberByField, fieldKey(name, value));
      if (index !== 0) return writeInteger(target, start, index, INDEXED);
    }
    const nameIndex = staticNameIndex(name) || this.#indexOf(this.#numberByName, name);
    let position = writeInteger(target, start, nameIndex, LITERAL_FORMS[indexing]);
    if (nameIndex === 0) position = this.#writeString(target, position, name);
    position = this.#writeString(target, position, value);
    if (indexing === "incremental") this.#insert(name, value);
    return position;
  }

  #insert(name: string, value: string): void {
    this.#table.insert(name, value);
    if (this.#table.length > 0) {
      this.#numberByField.set(fieldKey(name, value), this.#table.inserted);
      this.#numberByName.set(name, this.#table.inserted);
    }
    // Each insertion adds at most one key, so that dropping the dead ones at twice the table's length costs a constant each.
    if (this.#numberByField.size > 2 * this.#table.length + 16) this.#forgetEvicted();
  }

  #indexOf(numbers: Map<string, number>, key: string): number {
    const number = numbers.get(key);
    if (number === undefined) return 0;
    const age = this.#table.inserted - number;
    if (age < this.#table.length) return STATIC_LENGTH + 1 + age;
    numbers.delete(key);
    return 0;
  }

  #forgetEvicted(): void {
    const lastEvicted = this.#table.inserted - this.#table.length;
    for (const numbers of [this.#numberByField, this.#numberByName]) {
      for (const [key, number] of numbers) if (number <= lastEvicted) numbers.delete(key);
    }
  }
}

/** The size of a field list as RFC 9113 section 6.5.2 counts it for SETTINGS_MAX_HEADER_LIST_SIZE. */
export function headerListBytes(fields: readonly HeaderField[]): number {
  let bytes = 0;
  for (const { name, value } of fields) bytes += name.length + value.length + ENTRY_OVERHEAD_BYTES;
  return bytes;
}

function blockBytesMax(fields: readonly HeaderField[]): number {
  let bytes = 2 * INTEGER_BYTES_MAX;
  for (const { name, value } of fields)
    bytes += INTEGER_BYTES_MAX + stringBytesMax(name) + stringBytesMax(value);
  return bytes;
}

/** Length first, so that no two fields share a key. */
function fieldKey(name: string, value: string): string {
  return `${name.length}:${name}${value}`;
}
