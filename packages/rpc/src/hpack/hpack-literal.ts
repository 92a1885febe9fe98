/**
 * Stateless encoding: fields that neither read nor change the dynamic table. A block made of them means the same on every
 * connection at any time, so that responses can be encoded once and sent often.
 * Source: RFC 7541 sections 5 and 6.
 */
import { encodeHuffman, huffmanEncodedBytes } from "./huffman-encode.js";
import { staticFieldIndex, staticNameIndex } from "./static-table.js";

/** First bits and prefix mask of the representations with an integer in their first octet (RFC 7541 section 6). */
export const INDEXED = { pattern: 0x80, mask: 0x7f } as const;
export const LITERAL_INDEXED = { pattern: 0x40, mask: 0x3f } as const;
export const TABLE_SIZE = { pattern: 0x20, mask: 0x1f } as const;
export const LITERAL_NEVER_INDEXED = { pattern: 0x10, mask: 0x0f } as const;
export const LITERAL_PLAIN = { pattern: 0x00, mask: 0x0f } as const;

/** One of the constants above. */
export interface Representation {
  readonly pattern: number;
  readonly mask: number;
}

/** The most octets `writeInteger` writes for an integer below 2^31. */
export const INTEGER_BYTES_MAX = 6;

/**
 * Writes `value` (below 2^31) with its prefix in an octet that begins with the representation's pattern.
 * @returns the position after it; `target` has room for `INTEGER_BYTES_MAX`.
 */
export function writeInteger(target: Uint8Array, start: number, value: number, form: Representation): number {
  if (value < form.mask) {
    target[start] = form.pattern | value;
    return start + 1;
  }
  let position = start;
  target[position++] = form.pattern | form.mask;
  let rest = value - form.mask;
  for (; rest >= 0x80; rest >>>= 7) target[position++] = 0x80 | (rest & 0x7f);
  target[position++] = rest;
  return position;
}

const PLAIN_STRING: Representation = { pattern: 0x00, mask: 0x7f };
const HUFFMAN_STRING: Representation = { pattern: 0x80, mask: 0x7f };

/** Room that `writeString` may need for `text`. */
export function stringBytesMax(text: string): number {
  return INTEGER_BYTES_MAX + text.length;
}

/** Writes the latin1 string `text`, Huffman-encoded unless that is longer (as the examples of RFC 7541 are). @returns the position after it. */
export function writeString(target: Uint8Array, start: number, text: string): number {
  const huffmanBytes = huffmanEncodedBytes(text);
  if (huffmanBytes <= text.length) {
    return encodeHuffman(text, target, writeInteger(target, start, huffmanBytes, HUFFMAN_STRING));
  }
  return writePlainString(target, start, text);
}

/** Writes the latin1 string `text` as it is. @returns the position after it. */
export function writePlainString(target: Uint8Array, start: number, text: string): number {
  let position = writeInteger(target, start, text.length, PLAIN_STRING);
  for (let at = 0; at < text.length; at++) target[position++] = text.charCodeAt(at);
  return position;
}

/** A field that the static table has whole, as one octet; undefined for any other. */
export function staticField(name: string, value: string): Uint8Array | undefined {
  const index = staticFieldIndex(name, value);
  return index === 0 ? undefined : Uint8Array.of(INDEXED.pattern | index);
}

/** A literal that no table keeps; its name is a reference to the static table where possible. Latin1 strings. */
export function literalWithoutIndexing(name: string, value: string): Uint8Array {
  return encodeLiteral(LITERAL_PLAIN, name, value);
}

/** As `literalWithoutIndexing`, for secrets: intermediaries must not index it either (RFC 7541 section 7.1.3). */
export function literalNeverIndexed(name: string, value: string): Uint8Array {
  return encodeLiteral(LITERAL_NEVER_INDEXED, name, value);
}

/** The shortest stateless form of a field. */
export function statelessField(name: string, value: string): Uint8Array {
  return staticField(name, value) ?? literalWithoutIndexing(name, value);
}

function encodeLiteral(form: Representation, name: string, value: string): Uint8Array {
  const target = new Uint8Array(INTEGER_BYTES_MAX + stringBytesMax(name) + stringBytesMax(value));
  const nameIndex = staticNameIndex(name);
  let position = writeInteger(target, 0, nameIndex, form);
  if (nameIndex === 0) position = writeString(target, position, name);
  return target.slice(0, writeString(target, position, value));
}
