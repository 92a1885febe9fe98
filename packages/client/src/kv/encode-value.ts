/** Values as bytes. */
import { utf8, type Codec } from "../codec/codec.js";

/** @throws TypeError for a value that is neither text nor bytes and has no codec, and for a codec that gives no bytes. */
export function encodeValue<V>(value: V, codec: Codec<V> | undefined): Uint8Array {
  if (codec !== undefined) return encodeBy(codec, value);
  if (typeof value === "string") return utf8.encode(value);
  if (value instanceof Uint8Array) return value;
  throw new TypeError("a value that is neither text nor bytes needs a codec: `as: json()`");
}

/** Programs without types bring codecs that give text, or promises. */
function encodeBy<V>(codec: Codec<V>, value: V): Uint8Array {
  const encoded: unknown = codec.encode(value);
  if (encoded instanceof Uint8Array) return encoded;
  throw new TypeError(`a codec makes bytes of a value, not ${typeof encoded}`);
}
