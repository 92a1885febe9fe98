/**
 * Engine keys of revisions, in etcd's layout behind the table's byte:
 *
 *     0       1            9    10           18
 *     +-------+------------+----+------------+-----+
 *     | table | main, BE64 | _  | sub, BE64  | (t) |    t: only for a tombstone
 *     +-------+------------+----+------------+-----+
 *
 * so that byte order is (main, sub) order, and the key without its first byte is what etcd stores and hashes.
 */
import { CorruptionError } from "./corruption-error.js";
import { tablePrefix } from "./table-keys.js";

export const REVISION_KEY_SIZE = 18;
export const TOMBSTONE_KEY_SIZE = 19;
const UNDERSCORE = 0x5f;
const MARK = 0x74;
const KEY_PREFIX = tablePrefix("key");

/** Writes the engine key of a revision to `out` at `at`. @returns the end of what was written. */
export function writeRevisionKey(
  out: Uint8Array,
  at: number,
  main: number,
  sub: number,
  tombstone: boolean,
): number {
  out[at] = KEY_PREFIX;
  writeUint64(out, at + 1, main);
  out[at + 9] = UNDERSCORE;
  writeUint64(out, at + 10, sub);
  if (!tombstone) return at + REVISION_KEY_SIZE;
  out[at + 18] = MARK;
  return at + TOMBSTONE_KEY_SIZE;
}

export function createRevisionKey(main: number, sub: number, tombstone: boolean): Uint8Array {
  const key = new Uint8Array(tombstone ? TOMBSTONE_KEY_SIZE : REVISION_KEY_SIZE);
  writeRevisionKey(key, 0, main, sub, tombstone);
  return key;
}

/** The stored form of a bare revision in `meta` rows: 17 bytes, sub 0. */
export function createMetaRevision(main: number): Uint8Array {
  return createRevisionKey(main, 0, false).subarray(1);
}

/** The inverse of `createMetaRevision`; throws `CorruptionError` naming `what` on any other bytes. */
export function parseMetaRevision(bytes: Uint8Array, what: string): number {
  if (bytes.length !== REVISION_KEY_SIZE - 1 || bytes[8] !== UNDERSCORE) {
    throw new CorruptionError(`${what}: not a revision: ${formatHex(bytes)}`);
  }
  return readUint64(bytes, 0, what);
}

/** Throws `CorruptionError` unless `key` is the engine key of a revision. */
export function checkRevisionKey(key: Uint8Array): void {
  const size = key.length;
  const sound =
    (size === REVISION_KEY_SIZE || (size === TOMBSTONE_KEY_SIZE && key[18] === MARK)) &&
    key[0] === KEY_PREFIX &&
    key[9] === UNDERSCORE;
  if (!sound) throw new CorruptionError(`malformed revision key ${formatHex(key)}`);
}

/** The parts of a key that passed `checkRevisionKey`. */
export function mainOfKey(key: Uint8Array): number {
  return readUint64(key, 1, "revision key");
}

export function subOfKey(key: Uint8Array): number {
  return readUint64(key, 10, "revision key");
}

export function isTombstoneKey(key: Uint8Array): boolean {
  return key.length === TOMBSTONE_KEY_SIZE;
}

/** Writes a safe integer as 8 big-endian bytes. */
export function writeUint64(out: Uint8Array, at: number, value: number): void {
  const high = Math.floor(value / 0x1_0000_0000);
  out[at] = high >>> 24;
  out[at + 1] = high >>> 16;
  out[at + 2] = high >>> 8;
  out[at + 3] = high;
  out[at + 4] = value >>> 24;
  out[at + 5] = value >>> 16;
  out[at + 6] = value >>> 8;
  out[at + 7] = value;
}

/** Reads 8 big-endian bytes that must be a safe integer; else throws `CorruptionError` naming `what`. */
export function readUint64(bytes: Uint8Array, at: number, what: string): number {
  const high =
    (byteAt(bytes, at) << 24) |
    (byteAt(bytes, at + 1) << 16) |
    (byteAt(bytes, at + 2) << 8) |
    byteAt(bytes, at + 3);
  const low =
    (byteAt(bytes, at + 4) << 24) |
    (byteAt(bytes, at + 5) << 16) |
    (byteAt(bytes, at + 6) << 8) |
    byteAt(bytes, at + 7);
  if (high < 0 || high > 0x1f_ffff) {
    throw new CorruptionError(`${what}: number beyond the safe range in ${formatHex(bytes)}`);
  }
  return high * 0x1_0000_0000 + (low >>> 0);
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

/** At most 64 bytes in hexadecimal, for messages. */
export function formatHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes.subarray(0, 64)) text += byte.toString(16).padStart(2, "0");
  return bytes.length > 64 ? `${text}... (${String(bytes.length)} bytes)` : text;
}
