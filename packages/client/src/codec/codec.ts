/** How values become bytes. */
import { decodeText, encodeText } from "./text.js";

/** Values of one type as bytes, and back. */
export interface Codec<T> {
  /** @throws whatever says that the value has no bytes. */
  encode(value: T): Uint8Array;
  /** @throws whatever says that the bytes are none of its. */
  decode(bytes: Uint8Array): T;
}

/**
 * Of operations that name a codec. Only those give something else than text: without `as`, a type argument would be a promise about
 * bytes that nobody reads that way.
 */
export interface WithCodec<V> {
  readonly as: Codec<V>;
}

/** Of operations whose values are text, or bytes where they are written. */
export interface WithoutCodec {
  readonly as?: undefined;
}

/** Text as UTF-8: the default. Bytes that are no UTF-8 decode with replacement characters. */
export const utf8: Codec<string> = {
  encode: encodeText,
  decode: decodeText,
};

/** Bytes as they are. */
export const bytes: Codec<Uint8Array> = { encode: (value) => value, decode: (value) => value };

/** JSON of one type; nothing checks that what is read has it. */
export function json<T>(): Codec<T> {
  return {
    encode: (value) => {
      // TypeScript does not know that undefined, functions and symbols have none.
      const text = JSON.stringify(value) as string | undefined;
      if (text === undefined) throw new TypeError(`${String(value)} has no JSON`);
      return encodeText(text);
    },
    // JSON has no byte order mark, and files of some editors begin with one.
    decode: (value) => JSON.parse(decodeText(value).replace(/^\uFEFF/, "")) as T,
  };
}

/** For calls whose value type is text unless they name a codec. */
export function codecOrText<V>(codec: Codec<V> | undefined): Codec<V> {
  // Without a codec V is string, by the signatures of those who call this.
  return codec ?? (utf8 as unknown as Codec<V>);
}
