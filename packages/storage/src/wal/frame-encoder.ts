/**
 * Encodes records straight into the buffer that goes to the disk: no message objects, no copy but the one of the payload.
 *
 * ```
 *  0        7 8        9 10  11..15     16   17..          ..          multiple of 8
 * +----------+----------+----+---------+----+-------------+-----------+---------+
 * | length   | 08  type | 10 | crc     | 1a | body length | body      | zeros   |
 * +----------+----------+----+---------+----+-------------+-----------+---------+
 *  little-endian: 56 bits of record length; the top byte is 0x80 | number of zeros, or 0 when there are none
 * ```
 *
 * `crc` is the CRC-32C over the bodies of all records of the log so far, across segments, so a record cannot be lost, moved
 * or replaced unnoticed. Source: etcd `server/storage/wal/encoder.go`; section "frame" of docs/internals/storage.md.
 */
import type { Entry } from "@quorate/raft";
import { crc32c } from "@quorate/std";
import { RecordType } from "./record.js";
import { putVarint, varintBytes } from "./varint.js";

export const FRAME_HEAD_BYTES = 8;
/** A checksum as a varint takes 5 bytes unless its top 4 bits are 0; room is left for 5. */
const CRC_BYTES_MAX = 5;
/** Frame head, type, crc, tag of the body, its length (a body is below 2^35 bytes), padding. */
const OVERHEAD_BYTES_MAX = FRAME_HEAD_BYTES + 2 + 1 + CRC_BYTES_MAX + 1 + 5 + 7;

export class FrameEncoder {
  /** Where records go; replaced by `start`, and by a larger one when it is full. */
  bytes: Buffer;
  /** End of what is encoded in `bytes`; a multiple of 8. */
  length = 0;
  /** The running checksum after the last record. */
  #crc: number;

  constructor(crc: number, bytes: Buffer) {
    this.#crc = crc;
    this.bytes = bytes;
  }

  /** Goes on in another buffer. */
  start(bytes: Buffer): void {
    this.bytes = bytes;
    this.length = 0;
  }

  entry(entry: Entry): void {
    const data = entry.data;
    const dataLength = data.length;
    let bodyLength = 4 + varintBytes(entry.term) + varintBytes(entry.index);
    if (dataLength > 0) bodyLength += 1 + varintBytes(dataLength) + dataLength;

    const body = this.#openFrame(bodyLength);
    const bytes = this.bytes;
    bytes[body] = 0x08;
    bytes[body + 1] = entry.type;
    bytes[body + 2] = 0x10;
    let position = putVarint(bytes, body + 3, entry.term);
    bytes[position++] = 0x18;
    position = putVarint(bytes, position, entry.index);
    if (dataLength > 0) {
      bytes[position++] = 0x22;
      position = putVarint(bytes, position, dataLength);
      bytes.set(data, position);
    }
    this.#closeFrame(RecordType.Entry, body, bodyLength);
  }

  /** A record with an encoded body; for everything that is not an entry. @returns the running checksum behind it. */
  record(type: number, encoded: Uint8Array): number {
    const body = this.#openFrame(encoded.length);
    this.bytes.set(encoded, body);
    this.#closeFrame(type, body, encoded.length);
    return this.#crc;
  }

  /** The record that opens a segment: the checksum so far, no body. Its own bytes do not count. */
  crcRecord(): void {
    this.#reserve(OVERHEAD_BYTES_MAX);
    const { bytes, length } = this;
    bytes[length + 8] = 0x08;
    bytes[length + 9] = RecordType.Crc;
    bytes[length + 10] = 0x10;
    this.#seal(putVarint(bytes, length + 11, this.#crc));
  }

  /** Makes room for a record. @returns where its body goes if the checksum takes 5 bytes. */
  #openFrame(bodyLength: number): number {
    this.#reserve(bodyLength + OVERHEAD_BYTES_MAX);
    return this.length + FRAME_HEAD_BYTES + 4 + CRC_BYTES_MAX + varintBytes(bodyLength);
  }

  /** Writes everything around a body at `body`, which moves back a little if the checksum turned out short. */
  #closeFrame(type: number, body: number, bodyLength: number): void {
    const bytes = this.bytes;
    const crc = (this.#crc = crc32c(this.#crc, bytes, body, body + bodyLength));
    let position = this.length + FRAME_HEAD_BYTES;
    bytes[position] = 0x08;
    bytes[position + 1] = type;
    bytes[position + 2] = 0x10;
    position = putVarint(bytes, position + 3, crc);
    bytes[position++] = 0x1a;
    position = putVarint(bytes, position, bodyLength);
    if (position !== body) bytes.copyWithin(position, body, body + bodyLength);
    this.#seal(position + bodyLength);
  }

  /** Pads the record that ends at `end` and writes its length field. */
  #seal(end: number): void {
    const bytes = this.bytes;
    const recordLength = end - this.length - FRAME_HEAD_BYTES;
    const padding = -recordLength & 7;
    for (let i = 0; i < padding; i++) bytes[end + i] = 0;
    const head = this.length;
    bytes[head] = recordLength;
    bytes[head + 1] = recordLength >>> 8;
    bytes[head + 2] = recordLength >>> 16;
    bytes[head + 3] = recordLength >>> 24;
    bytes[head + 4] = 0;
    bytes[head + 5] = 0;
    bytes[head + 6] = 0;
    bytes[head + 7] = padding === 0 ? 0 : 0x80 | padding;
    this.length = end + padding;
  }

  #reserve(byteCount: number): void {
    const needed = this.length + byteCount;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}
