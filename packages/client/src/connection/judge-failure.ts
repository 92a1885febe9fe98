/** What a failed attempt means for the call: try again, elsewhere or with another token, or tell the caller what. */
import { ERRORS, findErrorByMessage, GrpcStatus, type ErrorName } from "@quorate/proto";
import type { CallSafety } from "../calls.js";
import {
  createRefusal,
  DeadlineError,
  type QuorateError,
  UnavailableError,
  UnknownOutcomeError,
} from "../errors/errors.js";
import type { ChannelError } from "../transport.js";

export type Judgement =
  /** The request had no effect, or has one effect however often it is made. `isEndpointAtFault`: ask another one. */
  | { readonly kind: "repeat"; readonly isEndpointAtFault: boolean; readonly error: QuorateError }
  | { readonly kind: "new-token"; readonly error: QuorateError }
  | { readonly kind: "fail"; readonly isEndpointAtFault: boolean; readonly error: QuorateError };

/** Another member may well serve what this one can't. */
const ENDPOINT_REASONS: ReadonlySet<ErrorName> = new Set([
  "no-leader",
  "stopped",
  "unhealthy",
  "timeout",
  "timeout-due-to-leader-fail",
  "timeout-due-to-connection-lost",
  "timeout-wait-applied-index",
  "not-supported-for-learner",
]);

/** `user-empty`: authentication was switched on after the client had learned that it needs no token. */
const TOKEN_REASONS: ReadonlySet<ErrorName> = new Set([
  "invalid-auth-token",
  "auth-old-revision",
  "user-empty",
]);

/** A proxy, a reset, or a server that broke off: nothing is known of the request. */
const VAGUE_CODES: ReadonlySet<number> = new Set([
  GrpcStatus.Unavailable,
  GrpcStatus.Canceled,
  GrpcStatus.Internal,
  GrpcStatus.Unknown,
]);

export function isChannelError(error: unknown): error is ChannelError {
  return error instanceof Error && error.name === "ChannelError";
}

/** Whether another token may help. */
export function isTokenRefusal(message: string): boolean {
  const reason = findErrorByMessage(message);
  return reason !== undefined && TOKEN_REASONS.has(reason);
}

export function judgeFailure(failure: ChannelError, safety: CallSafety, endpoint: string): Judgement {
  const { code, message } = failure;
  const reason = findErrorByMessage(message);
  if (isTokenRefusal(message)) return { kind: "new-token", error: createRefusal(message, code, endpoint) };
  if (reason !== undefined) return judgeRefusal(failure, reason, { safety, endpoint });
  if (code === GrpcStatus.DeadlineExceeded) {
    const error = new DeadlineError("the time for the call is up", {
      code,
      retry: "read",
      endpoint,
      cause: failure,
    });
    return fail(safety === "write" && failure.sent ? unknown(failure, endpoint) : error, true);
  }
  if (code === GrpcStatus.Unavailable && !failure.sent) return repeat(unavailable(failure, endpoint), true);
  if (!VAGUE_CODES.has(code)) return fail(createRefusal(message, code, endpoint), false);
  if (safety === "write") return fail(unknown(failure, endpoint), true);
  return repeat(unavailable(failure, endpoint), true);
}

function judgeRefusal(
  failure: ChannelError,
  reason: ErrorName,
  { safety, endpoint }: { safety: CallSafety; endpoint: string },
): Judgement {
  const { code, message } = failure;
  const isEndpointAtFault = ENDPOINT_REASONS.has(reason);
  const error = createRefusal(message, code, endpoint);
  const { retry } = ERRORS[reason];
  if (retry === "always" || (retry === "read" && safety !== "write")) return repeat(error, isEndpointAtFault);
  // The server does not know either whether the write will be applied.
  return fail(retry === "read" ? unknown(failure, endpoint, reason) : error, isEndpointAtFault);
}

function repeat(error: QuorateError, isEndpointAtFault: boolean): Judgement {
  return { kind: "repeat", isEndpointAtFault, error };
}

function fail(error: QuorateError, isEndpointAtFault: boolean): Judgement {
  return { kind: "fail", isEndpointAtFault, error };
}

function unavailable(failure: ChannelError, endpoint: string): UnavailableError {
  const { code, message } = failure;
  return new UnavailableError(message, { code, retry: "always", endpoint, cause: failure });
}

function unknown(failure: ChannelError, endpoint: string, reason?: ErrorName): UnknownOutcomeError {
  const { code, message } = failure;
  const text = `it is not known whether the write took effect: ${message}`;
  return new UnknownOutcomeError(text, { code, reason, retry: "read", endpoint, cause: failure });
}
