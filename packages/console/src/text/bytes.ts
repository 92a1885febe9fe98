/** Byte strings: order, equality, ranges of a prefix, and the spellings in which people paste them. */

export const noBytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
/** As a range's end: everything from its start on. As a key: the smallest key there is. */
export const zeroByte: Uint8Array<ArrayBuffer> = new Uint8Array(1);

/** Negative, zero or positive, in the store's order. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at += 1) {
    const difference = a[at]! - b[at]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}

export function startsWithBytes(bytes: Uint8Array, prefix: Uint8Array): boolean {
  return bytes.length >= prefix.length && compareBytes(bytes.subarray(0, prefix.length), prefix) === 0;
}

/** First place of `part` in `bytes` at or behind `from`, -1 when there is none. */
export function indexOfBytes(bytes: Uint8Array, part: Uint8Array, from = 0): number {
  for (let at = from; at + part.length <= bytes.length; at += 1) {
    let same = 0;
    while (same < part.length && bytes[at + same] === part[same]) same += 1;
    if (same === part.length) return at;
  }
  return -1;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The half-open range of all keys that begin with `prefix`, as etcd's requests take it. */
export function prefixRange(prefix: Uint8Array): { key: Uint8Array; rangeEnd: Uint8Array } {
  if (prefix.length === 0) return { key: zeroByte, rangeEnd: zeroByte };
  for (let at = prefix.length - 1; at >= 0; at -= 1) {
    if (prefix[at] === 0xff) continue;
    const rangeEnd = prefix.slice(0, at + 1);
    rangeEnd[at] = prefix[at]! + 1;
    return { key: prefix, rangeEnd };
  }
  return { key: prefix, rangeEnd: zeroByte };
}

/** A string with one character per byte: equal for equal bytes and ordered like them, so it serves as a key of maps. */
export function latin1(bytes: Uint8Array): string {
  let out = "";
  for (let at = 0; at < bytes.length; at += 4096) {
    out += String.fromCharCode(...bytes.subarray(at, at + 4096));
  }
  return out;
}

export function toHex(bytes: Uint8Array): string {
  let out = "";
  for (const byte of bytes) out += byte.toString(16).padStart(2, "0");
  return out;
}

/** Hexadecimal with any white space between the digits. @throws SyntaxError for anything else. */
export function parseHex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replaceAll(/\s+/g, "");
  if (!/^(?:[0-9a-fA-F]{2})*$/.test(digits)) throw new SyntaxError("Not pairs of hexadecimal digits");
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
    parseInt(digits.slice(at * 2, at * 2 + 2), 16),
  );
}

export function toBase64(bytes: Uint8Array): string {
  return btoa(latin1(bytes));
}

/** Standard or URL-safe base64, padded or not, with any white space. @throws SyntaxError for anything else. */
export function parseBase64(text: string): Uint8Array<ArrayBuffer> {
  const plain = text.replaceAll(/\s+/g, "").replaceAll("-", "+").replaceAll("_", "/");
  try {
    const binary = atob(plain);
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    throw new SyntaxError("Not base64");
  }
}
