/** How values become bytes. */

export interface Codec<T> {
  encode(value: T): Uint8Array;
  /** @throws whatever says that the bytes are none of its. */
  decode(bytes: Uint8Array): T;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Text as UTF-8: the default. Bytes that are no UTF-8 decode with replacement characters. */
export const utf8: Codec<string> = {
  encode: (text) => encoder.encode(text),
  decode: (bytes) => decoder.decode(bytes),
};

/** Bytes as they are. */
export const bytes: Codec<Uint8Array> = { encode: (value) => value, decode: (value) => value };

/** JSON of one type; nothing checks that what is read has it. */
export function json<T>(): Codec<T> {
  return {
    encode: (value) => encoder.encode(JSON.stringify(value)),
    decode: (value) => JSON.parse(decoder.decode(value)) as T,
  };
}
