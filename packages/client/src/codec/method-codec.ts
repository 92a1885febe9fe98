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
import { decodeHot, encodeHot } from "./hot-messages.js";

export function pathOf(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

export function encode<I extends DescMessage>(schema: I, input: MessageInitShape<I>): Uint8Array {
  return encodeHot(schema, input) ?? toBinary<I>(schema, create<I>(schema, input));
}

/** @param bytes nobody else writes to: fields of bytes are views of it. @throws what says that they are no such message. */
export function decode<O extends DescMessage>(schema: O, bytes: Uint8Array): MessageShape<O> {
  return decodeHot(schema, bytes) ?? fromBinary(schema, bytes);
}
