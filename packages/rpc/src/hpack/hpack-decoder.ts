/**
 * Decodes the field blocks of one direction of a connection, in order and strictly.
 *
 * Ordering: every block of the connection must pass through here exactly once and in the order of arrival, refused
 * requests included, because each may change the dynamic table that the next one refers to.
 * Limits: the dynamic table has at most `maxTableBytes`; a string or integer never reaches beyond its block; the fields
 * handed on sum to at most `maxListBytes`. Memory is thus bounded by the table and a small multiple of the block.
 * After any error other than `list-too-large` the decoder is out of step and must not be used again.
 * Source: RFC 7541. Not here: what a field may be called or contain (RFC 9113 section 8.2).
 */
import { DynamicTable, ENTRY_OVERHEAD_BYTES } from "./dynamic-table.js";
import { HpackError } from "./hpack-error.js";
import { decodeHuffman, huffmanDecodedBytesMax } from "./huffman-decode.js";
import { STATIC_LENGTH, STATIC_NAMES, STATIC_VALUES } from "./static-table.js";

/**
 * Takes one field. `sensitive` is true for never-indexed literals, which must stay so when passed on. Must not throw:
 * the table would be left in the middle of a block.
 */
export type HeaderListener = (name: string, value: string, sensitive: boolean) => void;

/** Octets an integer may have after its prefix: 28 bits, more than any block or table is long. */
const INTEGER_OCTETS_MAX = 4;

/** Size updates a block may begin with: the lowest and the final size between two blocks. */
const SIZE_UPDATES_MAX = 2;

/** Nothing is required of the next block's size updates. */
const NOT_REQUIRED = -1;

/** Decoded Huffman strings pass through here on their way to a string; longer ones get a buffer of their own. */
const SCRATCH: Buffer = Buffer.allocUnsafeSlow(4096);

export class HpackDecoder {
  readonly #table: DynamicTable;
  #maxTableBytes: number;
  #requiredUpdateMax = NOT_REQUIRED;
  #generation = 0;
  #position = 0;

  /**
   * @param maxTableBytes limit of the dynamic table. HTTP/2 connections start with 4096 on both sides, whatever the
   * SETTINGS that are on their way.
   */
  constructor(maxTableBytes: number) {
    this.#maxTableBytes = maxTableBytes;
    this.#table = new DynamicTable(maxTableBytes);
  }

  /** Grows whenever the meaning of a block may have changed: insertion, eviction, resizing, a new limit. */
  get generation(): number {
    return this.#generation;
  }

  /** Size of the dynamic table as RFC 7541 counts it. */
  get tableBytes(): number {
    return this.#table.bytes;
  }

  /**
   * Changes the limit; call it when the peer has acknowledged our SETTINGS_HEADER_TABLE_SIZE. A limit below the table's
   * present size obliges the next block to begin with a size update at or below it. A higher one waits for the peer.
   */
  setMaxTableBytes(maxTableBytes: number): void {
    if (maxTableBytes === this.#maxTableBytes) return;
    this.#maxTableBytes = maxTableBytes;
    this.#generation++;
    if (
      maxTableBytes < this.#table.bytesMax &&
      (this.#requiredUpdateMax < 0 || maxTableBytes < this.#requiredUpdateMax)
    ) {
      this.#requiredUpdateMax = maxTableBytes;
    }
  }

  /**
   * Decodes the whole field block `block[start, end)` and hands on its fields in order; names and values are latin1
   * strings. Fields are handed on while the list (name + value + 32 bytes each) is within `maxListBytes`.
   * @throws HpackError of kind `list-too-large` after the whole block, when it was longer; the table is then in step.
   * @throws HpackError of any other kind at once.
   */
  decode(
    block: Uint8Array,
    start: number,
    end: number,
    onHeader: HeaderListener,
    maxListBytes: number,
  ): void {
    const bytes = Buffer.isBuffer(block)
      ? block
      : Buffer.from(block.buffer, block.byteOffset, block.byteLength);
    const table = this.#table;
    this.#position = this.#readSizeUpdates(bytes, start, end);
    let listBytes = 0;
    while (this.#position < end) {
      const first = bytes[this.#position] as number;
      let name: string;
      let value: string;
      if (first >= 0x80) {
        const index = this.#readInteger(bytes, end, 0x7f);
        name = this.#nameOf(index);
        value =
          index <= STATIC_LENGTH
            ? (STATIC_VALUES[index] as string)
            : table.valueAt(index - STATIC_LENGTH - 1);
      } else if ((first & 0xe0) === 0x20) {
        throw new HpackError("table-update-misplaced", "a table size update follows a field of its block");
      } else {
        const index = this.#readInteger(bytes, end, first >= 0x40 ? 0x3f : 0x0f);
        name = index === 0 ? this.#readString(bytes, end) : this.#nameOf(index);
        value = this.#readString(bytes, end);
        if (first >= 0x40) {
          table.insert(name, value);
          this.#generation++;
        }
      }
      listBytes += name.length + value.length + ENTRY_OVERHEAD_BYTES;
      if (listBytes <= maxListBytes) onHeader(name, value, (first & 0xf0) === 0x10);
    }
    if (listBytes > maxListBytes) {
      throw new HpackError(
        "list-too-large",
        `the field list has ${listBytes} bytes, ${maxListBytes} are allowed`,
      );
    }
  }

  #readSizeUpdates(bytes: Buffer, start: number, end: number): number {
    this.#position = start;
    for (
      let count = 0;
      this.#position < end && ((bytes[this.#position] as number) & 0xe0) === 0x20;
      count++
    ) {
      if (count === SIZE_UPDATES_MAX) {
        throw new HpackError(
          "table-update-misplaced",
          `a block begins with more than ${SIZE_UPDATES_MAX} size updates`,
        );
      }
      const tableBytes = this.#readInteger(bytes, end, 0x1f);
      if (tableBytes > this.#maxTableBytes) {
        throw new HpackError(
          "table-update-too-large",
          `table of ${tableBytes} bytes, limit ${this.#maxTableBytes}`,
        );
      }
      if (tableBytes <= this.#requiredUpdateMax) this.#requiredUpdateMax = NOT_REQUIRED;
      if (tableBytes !== this.#table.bytesMax) {
        this.#table.resize(tableBytes);
        this.#generation++;
      }
    }
    if (this.#requiredUpdateMax !== NOT_REQUIRED) {
      throw new HpackError(
        "table-update-missing",
        `no size update to ${this.#requiredUpdateMax} bytes or fewer`,
      );
    }
    return this.#position;
  }

  #nameOf(index: number): string {
    if (index === 0 || index > STATIC_LENGTH + this.#table.length) {
      throw new HpackError(
        "index-out-of-range",
        `index ${index}, dynamic table of ${this.#table.length} entries`,
      );
    }
    return index <= STATIC_LENGTH
      ? (STATIC_NAMES[index] as string)
      : this.#table.nameAt(index - STATIC_LENGTH - 1);
  }

  /** Reads an integer whose prefix fills the bits of `mask`. RFC 7541 section 5.1. */
  #readInteger(bytes: Buffer, end: number, mask: number): number {
    if (this.#position >= end) throw new HpackError("truncated", "a block ends before an integer");
    let value = (bytes[this.#position++] as number) & mask;
    if (value < mask) return value;
    for (let octets = 0; ; octets++) {
      if (this.#position >= end) throw new HpackError("truncated", "a block ends within an integer");
      if (octets === INTEGER_OCTETS_MAX) {
        throw new HpackError("integer-overflow", `an integer has more than ${INTEGER_OCTETS_MAX} octets`);
      }
      const octet = bytes[this.#position++] as number;
      value += (octet & 0x7f) << (7 * octets);
      if (octet < 0x80) return value;
    }
  }

  /** RFC 7541 section 5.2. */
  #readString(bytes: Buffer, end: number): string {
    const huffman = this.#position < end && (bytes[this.#position] as number) >= 0x80;
    const length = this.#readInteger(bytes, end, 0x7f);
    const start = this.#position;
    const stop = start + length;
    if (stop > end) throw new HpackError("truncated", `a string of ${length} bytes reaches beyond its block`);
    this.#position = stop;
    if (!huffman) return bytes.toString("latin1", start, stop);
    const decodedBytesMax = huffmanDecodedBytesMax(length);
    const target = decodedBytesMax <= SCRATCH.length ? SCRATCH : Buffer.allocUnsafeSlow(decodedBytesMax);
    return target.toString("latin1", 0, decodeHuffman(bytes, start, stop, target));
  }
}
