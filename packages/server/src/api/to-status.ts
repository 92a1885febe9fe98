/**
 * Names of the catalogue to gRPC statuses. The wire code is sent, which differs from the fitting one where clients have
 * learnt a habit (`too-many-requests` is Unknown on the wire); the text is exact, since clients recognise errors by it.
 */
import type { ErrorName } from "@quorate/proto";
import { ERRORS, GrpcStatus } from "@quorate/proto";
import type { CallBase } from "@quorate/rpc";
import type { MemberFailure } from "./member-port.js";

/** What a call that failed ends with. */
export function failureText(failure: MemberFailure): string {
  return typeof failure === "string" ? ERRORS[failure].message : failure.unknown;
}

export function failureCode(failure: MemberFailure): GrpcStatus {
  return typeof failure === "string" ? ERRORS[failure].wireCode : GrpcStatus.Unknown;
}

/** Ends the call with the failure; a call that has ended stays as it is. */
export function failCall(call: CallBase, failure: MemberFailure | ErrorName): void {
  call.fail(failureCode(failure), failureText(failure));
}

/** How a call gets its requests, which is how the text about one that can't be read begins. */
export type RequestKind = "unary" | "stream";

const MALFORMED_TEXTS: Readonly<Record<RequestKind, string>> = {
  unary: "grpc: error unmarshalling request",
  stream: "grpc: failed to unmarshal the received message",
};

/** Ends a call whose request is not the message it should be. Streams of answers count as streams, though they ask but once. */
export function failMalformed(call: CallBase, kind: RequestKind): void {
  call.fail(GrpcStatus.Internal, `${MALFORMED_TEXTS[kind]}: proto: cannot parse invalid wire-format data`);
}
