/**
 * Whether a write that ended with an error can have taken effect. The error catalogue says it for what servers send; what
 * the gRPC library makes up itself is told by its text.
 */
import { ERRORS, GrpcStatus, findErrorByMessage } from "@quorate/proto";
import type { ErrorName } from "@quorate/proto";

/** Texts of grpc-js for calls that never left this process. */
const NEVER_SENT = [/^No connection established/, /waiting for LB pick/, /^Name resolution failed/];

/** Here "not to be repeated" means that the caller gave up, not that nothing happened. */
const GAVE_UP: ReadonlySet<ErrorName> = new Set(["request-canceled", "context-canceled", "watch-canceled"]);

/** `failed` only if it is certain that nothing was or will be written. */
export function classifyError(code: number, text: string): "failed" | "unknown" {
  const name = findErrorByMessage(text);
  if (name !== undefined) {
    if (GAVE_UP.has(name)) return "unknown";
    return ERRORS[name].retry === "read" ? "unknown" : "failed";
  }
  if (code === GrpcStatus.Unavailable || code === GrpcStatus.DeadlineExceeded) {
    return NEVER_SENT.some((pattern) => pattern.test(text)) ? "failed" : "unknown";
  }
  return code === GrpcStatus.Unimplemented || code === GrpcStatus.InvalidArgument ? "failed" : "unknown";
}
