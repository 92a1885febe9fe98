/** Messages for a library that takes nothing but Node's own kind of bytes. */
import type { DescMessage, MessageInitShape, MessageShape } from "@quorate/proto";
import { decode, encode } from "../codec/method-codec.js";

export { decode, encode, pathOf } from "../codec/method-codec.js";

/** As `encode`. */
export function encodeBuffer<I extends DescMessage>(schema: I, input: MessageInitShape<I>): Buffer {
  const bytes = encode(schema, input);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** As `decode`. */
export function decodeBuffer<O extends DescMessage>(schema: O, bytes: Buffer): MessageShape<O> {
  // A plain view: Node's buffers share pools and compare unequal to plain arrays.
  return decode(schema, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
