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

/** Ends a call whose request is not the message it should be. */
export function failMalformed(call: CallBase): void {
  call.fail(
    GrpcStatus.Internal,
    "grpc: error unmarshalling request: proto: cannot parse invalid wire-format data",
  );
}
