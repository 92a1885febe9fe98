/** Keys as users give them, as the wire has them, and as maps look them up. */

const encoder = new TextEncoder();

/** Text is UTF-8 on the wire. */
export function toBytes(key: string | Uint8Array): Uint8Array {
  return typeof key === "string" ? encoder.encode(key) : key;
}

/** One character a byte: equal and ordered as the bytes are. */
export function nameOf(key: Uint8Array): string {
  let name = "";
  for (const byte of key) name += String.fromCharCode(byte);
  return name;
}

/** The end of the range of all keys that begin with `prefix`; for a prefix without end, of all keys. */
export function prefixEnd(prefix: Uint8Array): Uint8Array {
  for (let length = prefix.length; length > 0; length -= 1) {
    const last = prefix[length - 1] ?? 0;
    if (last === 0xff) continue;
    const end = prefix.slice(0, length);
    end[length - 1] = last + 1;
    return end;
  }
  return new Uint8Array(1);
}
