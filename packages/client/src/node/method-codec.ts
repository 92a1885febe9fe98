/** Methods as a channel needs them: their path, and their messages to bytes and back. */
import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethod,
  type MessageInitShape,
  type MessageShape,
} from "@quorate/proto";
import { decodeHot, encodeHot } from "../codec/hot-messages.js";

export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

export function encode<I extends DescMessage>(schema: I, input: MessageInitShape<I>): Uint8Array {
  return encodeHot(schema, input) ?? toBinary<I>(schema, create<I>(schema, input));
}

/** @param bytes a plain array that nobody else writes to: fields of bytes are views of it. @throws what says that they are no such message. */
export function decode<O extends DescMessage>(schema: O, bytes: Uint8Array): MessageShape<O> {
  return decodeHot(schema, bytes) ?? fromBinary(schema, bytes);
}

/** As `encode`, for a library that takes nothing but Node's own kind. */
export function encodeBuffer<I extends DescMessage>(schema: I, input: MessageInitShape<I>): Buffer {
  const bytes = encode(schema, input);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** As `decode`. */
export function decodeBuffer<O extends DescMessage>(schema: O, bytes: Buffer): MessageShape<O> {
  // A plain view: Node's buffers share pools and compare unequal to plain arrays.
  return decode(schema, new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
