import type { HpackDecoder } from "../hpack-decoder.js";

export type DecodedField = [name: string, value: string, sensitive: boolean];

/** Decodes one whole block into an array. */
export function decodeAll(
  decoder: HpackDecoder,
  block: Uint8Array,
  maxListBytes: number = 1 << 20,
): DecodedField[] {
  const fields: DecodedField[] = [];
  decoder.decode(
    block,
    0,
    block.length,
    (name, value, sensitive) => fields.push([name, value, sensitive]),
    maxListBytes,
  );
  return fields;
}

/** Bytes from hexadecimal digits; white space is left out. */
export function hex(digits: string): Uint8Array {
  return Buffer.from(digits.replaceAll(/\s/g, ""), "hex");
}
