/** Values as bytes. */
import { utf8, type Codec } from "../codec/codec.js";

/** @throws TypeError for a value that is neither text nor bytes and has no codec. */
export function encodeValue<V>(value: V, codec: Codec<V> | undefined): Uint8Array {
  if (codec !== undefined) return codec.encode(value);
  if (typeof value === "string") return utf8.encode(value);
  if (value instanceof Uint8Array) return value;
  throw new TypeError("a value that is neither text nor bytes needs a codec: `as: json()`");
}
