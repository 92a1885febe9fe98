/** Base64 with the standard alphabet and padding, as Go reads it: line breaks are passed over, anything else that is odd is an error. */
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const PADDING = 0x3d;
const VALUES: ReadonlyMap<number, number> = new Map(
  [...ALPHABET].map((letter, value) => [letter.charCodeAt(0), value]),
);

/** @returns undefined when `text` is not base64. */
export function decodeBase64(text: Uint8Array): Uint8Array | undefined {
  const letters = text.filter((byte) => byte !== 0x0a && byte !== 0x0d);
  if (letters.length % 4 !== 0) return undefined;
  let size = letters.length;
  while (size > letters.length - 2 && letters[size - 1] === PADDING) size--;
  const out = new Uint8Array(Math.floor((size * 3) / 4));
  let bits = 0;
  let bitCount = 0;
  let at = 0;
  for (let i = 0; i < size; i++) {
    const value = VALUES.get(letters[i] as number);
    if (value === undefined) return undefined;
    bits = ((bits << 6) | value) & 0xffff;
    bitCount += 6;
    if (bitCount < 8) continue;
    bitCount -= 8;
    out[at++] = bits >>> bitCount;
  }
  return out;
}

export function encodeBase64(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(Math.ceil(bytes.length / 3) * 4).fill(PADDING);
  for (let i = 0, at = 0; i < bytes.length; i += 3, at += 4) {
    const bits = ((bytes[i] as number) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const letters = Math.min(bytes.length - i, 3) + 1;
    for (let k = 0; k < letters; k++) out[at + k] = ALPHABET.charCodeAt((bits >>> (18 - 6 * k)) & 63);
  }
  return out;
}
