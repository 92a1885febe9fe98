/**
 * The one place where bigint meets number.
 *
 * Three kinds of 64-bit values travel on the wire, and each has its own rule:
 * - counters (revision, version, term, index) grow by one from zero, so they stay below 2^53: numbers inside;
 * - operands are what a client sends to be compared with a counter: any int64, so they are clamped on the way in,
 *   which keeps every comparison with a counter true (a revision beyond the safe range is simply in the future);
 * - identities (member, cluster, lease, request) use all 64 bits: bigint everywhere, hexadecimal in text.
 */

const SAFE_MAX: bigint = BigInt(Number.MAX_SAFE_INTEGER);
const SAFE_MIN: bigint = -SAFE_MAX;

/** @throws RangeError when `value` is not a counter: such a value can only come from a corrupt or foreign writer. */
export function counterFromInt64(value: bigint): number {
  if (value < 0n || value > SAFE_MAX) throw new RangeError(`counter out of range: ${value}`);
  return Number(value);
}

/** @throws RangeError when `counter` is fractional, negative or beyond the safe range. */
export function counterToInt64(counter: number): bigint {
  if (!Number.isSafeInteger(counter) || counter < 0) throw new RangeError(`not a counter: ${counter}`);
  return BigInt(counter);
}

/** Clamps a client's operand to the safe range. Equal and ordered against every counter as the operand itself is. */
export function operandFromInt64(value: bigint): number {
  if (value > SAFE_MAX) return Number.MAX_SAFE_INTEGER;
  return value < SAFE_MIN ? -Number.MAX_SAFE_INTEGER : Number(value);
}

/** The same 64 bits read as int64, as lease ids are. */
export function toInt64(bits: bigint): bigint {
  return BigInt.asIntN(64, bits);
}

/** The same 64 bits read as uint64, as member and cluster ids are. */
export function toUint64(bits: bigint): bigint {
  return BigInt.asUintN(64, bits);
}

/** Lower-case hexadecimal of the 64 bits without padding: how member and cluster ids are printed. */
export function formatHexId(id: bigint): string {
  return toUint64(id).toString(16);
}

/** Sixteen hexadecimal digits of the 64 bits: how lease ids are printed and files of the log are named. */
export function formatPaddedHexId(id: bigint): string {
  return toUint64(id).toString(16).padStart(16, "0");
}

/** Hexadecimal with a minus sign in front of a negative int64: how lease ids appear in keys of locks and elections. */
export function formatSignedHexId(id: bigint): string {
  return toInt64(id).toString(16);
}

/** Reads an unsigned 64-bit id of one to sixteen significant hexadecimal digits. @returns undefined for anything else. */
export function parseHexId(text: string): bigint | undefined {
  if (!/^[0-9a-fA-F]+$/.test(text)) return undefined;
  const id = BigInt(`0x${text}`);
  return id === toUint64(id) ? id : undefined;
}

/** Reads an int64 in hexadecimal with an optional sign, as command lines take lease ids. @returns undefined for anything else. */
export function parseSignedHexId(text: string): bigint | undefined {
  const match = /^([+-]?)([0-9a-fA-F]+)$/.exec(text);
  if (match === null) return undefined;
  const magnitude = BigInt(`0x${match[2] ?? ""}`);
  const id = match[1] === "-" ? -magnitude : magnitude;
  return id === toInt64(id) ? id : undefined;
}
