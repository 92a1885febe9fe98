/** Field lists of requests, right by default. */
import type { HeaderField } from "../../hpack/hpack-encoder.js";

export const SERVICE = "conformance.Test";

/** Methods of the test server. */
export const Method = {
  /** Unary; replies with the request. */
  echo: "Echo",
  /** Unary; never replies. */
  hold: "Hold",
  /** Unary; the request is one 32-bit number: a response of so many bytes, in a later turn. */
  large: "Large",
  /** Server streaming; the request is two 32-bit numbers: how many messages, of how many bytes. */
  produce: "Produce",
  /** Client streaming; replies with two 32-bit numbers: how many messages, how many bytes. */
  collect: "Collect",
  /** Bidirectional; sends every message back. */
  chat: "Chat",
  /** Bidirectional; never takes a message. */
  ignore: "Ignore",
} as const;

export type MethodName = (typeof Method)[keyof typeof Method];

export function pathOf(method: MethodName): string {
  return `/${SERVICE}/${method}`;
}

/** Changes to a request: a text replaces the field's value, null removes the field; unknown names are appended. */
export type FieldChanges = Readonly<Record<string, string | null>>;

/** The fields a gRPC client sends, changed. */
export function request(method: MethodName = Method.echo, changes: FieldChanges = {}): HeaderField[] {
  const fields = new Map<string, string | null>([
    [":method", "POST"],
    [":scheme", "http"],
    [":path", pathOf(method)],
    [":authority", "localhost"],
    ["content-type", "application/grpc"],
    ["te", "trailers"],
    ...Object.entries(changes),
  ]);
  return [...fields].flatMap(([name, value]) => (value === null ? [] : [{ name, value }]));
}

/** The same, with more fields after the others, duplicates included. */
export function requestWith(...extra: readonly (readonly [name: string, value: string])[]): HeaderField[] {
  return [...request(), ...extra.map(([name, value]): HeaderField => ({ name, value }))];
}
