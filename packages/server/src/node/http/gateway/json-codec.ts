/** Messages as JSON the way etcd's gateway writes them: names as in the protocol, nothing that has its default, no spaces. */
import {
  create,
  fromJson,
  toBinary,
  toJson,
  fromBinary,
  type DescMessage,
  type JsonValue,
} from "@quorate/proto";

/** A body that is no such message; the text is for the client. */
export class GatewayJsonError extends Error {
  override readonly name = "GatewayJsonError";
}

/** The binary form of a JSON message; unknown fields are left out. @throws GatewayJsonError */
export function encodeRequest(schema: DescMessage, text: string | undefined): Uint8Array {
  if (text === undefined) return toBinary(schema, create(schema));
  return toBinary(schema, readMessage(schema, parse(text)));
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new GatewayJsonError(`proto: syntax error: ${message}`, { cause: error });
  }
}

function readMessage(schema: DescMessage, value: JsonValue): ReturnType<typeof create> {
  try {
    return fromJson(schema, value, { ignoreUnknownFields: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new GatewayJsonError(`proto: ${message}`, { cause: error });
  }
}

export function decodeResponse(schema: DescMessage, message: Uint8Array): string {
  return JSON.stringify(toJson(schema, fromBinary(schema, message), { useProtoFieldName: true }));
}
