/** The generated code for messages that are rare: decoding fails the way the hand-written decoders do. */
import { WireError } from "@quorate/machine";
import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
} from "@quorate/proto";
import type { UnaryCall } from "@quorate/rpc";

/** Decodes a request; throws `WireError`. */
export function decodeMessage<Desc extends DescMessage>(schema: Desc, bytes: Uint8Array): MessageShape<Desc> {
  try {
    return fromBinary(schema, bytes);
  } catch (error) {
    throw new WireError(error instanceof Error ? error.message : String(error));
  }
}

export function encodeMessage<Desc extends DescMessage>(
  schema: Desc,
  init: MessageInitShape<Desc>,
): Uint8Array {
  return toBinary(schema, create(schema, init));
}

/** Ends the call with a message. */
export function replyMessage<Desc extends DescMessage>(
  call: UnaryCall,
  schema: Desc,
  init: MessageInitShape<Desc>,
): void {
  call.reply(encodeMessage(schema, init));
}
