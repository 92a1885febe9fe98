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
import { UnusualMessageError, writeJson } from "./json-writer.js";

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
    return JSON.parse(quoteLongIntegers(text)) as JsonValue;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new GatewayJsonError(`proto: syntax error: ${message}`, { cause: error });
  }
}

/** Digits from which on a number may not be exact as JavaScript reads it. */
const EXACT_DIGITS_MAX = 15;

/**
 * Puts long whole numbers between quotes, where 64-bit fields are read exactly: some clients send ids of leases as numbers.
 * By hand, since strings may be megabytes long.
 */
export function quoteLongIntegers(text: string): string {
  if (!/\d{16}/.test(text)) return text;
  const parts: string[] = [];
  let from = 0;
  for (let at = 0; at < text.length;) {
    if (text[at] === '"') {
      at = endOfString(text, at);
      continue;
    }
    const end = endOfNumber(text, at);
    if (end - at > EXACT_DIGITS_MAX && /^-?\d+$/.test(text.slice(at, end))) {
      parts.push(text.slice(from, at), `"${text.slice(at, end)}"`);
      from = end;
    }
    at = Math.max(end, at + 1);
  }
  return parts.join("") + text.slice(from);
}

/** Behind the closing quote, or the end of the text. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

/** Behind the last character that a number may have; `start` when none begins there. */
function endOfNumber(text: string, start: number): number {
  let at = start;
  while (NUMBER_CHARACTERS.has(text.charAt(at))) at += 1;
  return at;
}

const NUMBER_CHARACTERS: ReadonlySet<string> = new Set("+-.0123456789eE");

function readMessage(schema: DescMessage, value: JsonValue): ReturnType<typeof create> {
  try {
    return fromJson(schema, value, { ignoreUnknownFields: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new GatewayJsonError(`proto: ${message}`, { cause: error });
  }
}

/** In one turn: for what is small, and for the messages of a stream, which come one by one. */
export function decodeResponse(schema: DescMessage, message: Uint8Array): string {
  try {
    return [...writeJson(schema, message)].join("");
  } catch (error) {
    if (!(error instanceof UnusualMessageError)) throw error;
    return JSON.stringify(toJson(schema, fromBinary(schema, message), { useProtoFieldName: true }));
  }
}
