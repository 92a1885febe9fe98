/**
 * What calls reject with. A refusal of the cluster keeps its text, its gRPC code and its name in the catalogue; what is known about the
 * effect of the request is in `retry` and in the class.
 */
import { ERRORS, findErrorByMessage, type ErrorName, type RetrySafety } from "@quorate/proto";

/** Base of everything that this SDK throws because of a call; arguments that make no sense are TypeError and RangeError. */
export class QuorateError extends Error {
  override readonly name: string = "QuorateError";
  /** gRPC status code. */
  readonly code: number;
  /** Name of the error in the catalogue; undefined for texts that it does not know. */
  readonly reason: ErrorName | undefined;
  /** What may be repeated after it. */
  readonly retry: RetrySafety;
  /** Whom the error is from, or who could not be reached. */
  readonly endpoint: string | undefined;

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.reason = details.reason;
    this.retry = details.retry;
    this.endpoint = details.endpoint;
  }
}

/** What an error knows beside its text. */
export interface ErrorDetails {
  readonly code: number;
  readonly reason?: ErrorName | undefined;
  readonly retry: RetrySafety;
  readonly endpoint?: string | undefined;
  readonly cause?: unknown;
}

/** No member could be reached, or the one that was asked for could not. The request was not sent, or only read. */
export class UnavailableError extends QuorateError {
  override readonly name: string = "UnavailableError";
}

/** The time of the call was up. For a write see `UnknownOutcomeError`. */
export class DeadlineError extends QuorateError {
  override readonly name: string = "DeadlineError";
}

/**
 * A write that may have taken effect, now or a little later, or not at all: its answer was lost. It was not repeated; `cause` says how
 * the answer was lost. Read what it would have changed before you decide.
 */
export class UnknownOutcomeError extends QuorateError {
  override readonly name: string = "UnknownOutcomeError";
}

/** The revision that was asked for has been compacted. `compactRevision` is the oldest readable one, where the server told it. */
export class CompactedError extends QuorateError {
  override readonly name: string = "CompactedError";
  readonly compactRevision: bigint | undefined;

  constructor(compactRevision: bigint | undefined, endpoint?: string) {
    const { message, code, retry } = ERRORS.compacted;
    super(message, { code, retry, reason: "compacted", endpoint });
    this.compactRevision = compactRevision;
  }
}

/** The user may not do that, or nobody logged in. */
export class PermissionError extends QuorateError {
  override readonly name: string = "PermissionError";
}

/** The client was closed, before the call or during it; or the watch that was to become ready. */
export class ClosedError extends QuorateError {
  override readonly name: string = "ClosedError";

  constructor(message = "the client is closed") {
    super(message, { code: 1, retry: "none" });
  }
}

const PERMISSION_REASONS: ReadonlySet<ErrorName> = new Set([
  "permission-denied",
  "auth-failed",
  "invalid-auth-token",
  "user-empty",
  "invalid-auth-mgmt",
]);

/** The class that fits a refusal of the cluster. */
export function createRefusal(message: string, code: number, endpoint: string | undefined): QuorateError {
  const reason = findErrorByMessage(message);
  const retry = reason === undefined ? "none" : ERRORS[reason].retry;
  if (reason === "compacted") return new CompactedError(undefined, endpoint);
  const details = { code, reason, retry, endpoint };
  if (reason !== undefined && PERMISSION_REASONS.has(reason)) return new PermissionError(message, details);
  return new QuorateError(message, details);
}

/** Whether the cluster refused for this reason. */
export function hasReason(error: unknown, reason: ErrorName): boolean {
  return error instanceof QuorateError && error.reason === reason;
}
