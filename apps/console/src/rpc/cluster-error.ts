/** What a cluster's refusals and failures become for the browser: the same code, the same text. */
import { Code, ConnectError } from "@connectrpc/connect";

/** Codes with which the same request will meet the same end on any member. */
const FINAL: ReadonlySet<Code> = new Set([
  Code.Canceled,
  Code.InvalidArgument,
  Code.NotFound,
  Code.AlreadyExists,
  Code.PermissionDenied,
  Code.Unauthenticated,
  Code.FailedPrecondition,
  Code.OutOfRange,
  Code.Unimplemented,
]);

/** gRPC's numbers are Connect's too. Errors without one are ours, and say so. */
export function toConnectError(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (!(error instanceof Error)) return new ConnectError(String(error), Code.Internal);
  const code = codeOf(error);
  if (code !== undefined) return new ConnectError(error.message, code, undefined, undefined, error);
  if (error.name === "TimeoutError")
    return new ConnectError("the cluster did not answer in time", Code.DeadlineExceeded);
  if (error.name === "AbortError") return new ConnectError("cancelled", Code.Canceled);
  return new ConnectError(error.message, Code.Internal, undefined, undefined, error);
}

export function isCompacted(error: unknown): boolean {
  const { code, rawMessage } = toConnectError(error);
  return code === Code.OutOfRange && rawMessage.includes("compacted");
}

export function isUnimplemented(error: unknown): boolean {
  return toConnectError(error).code === Code.Unimplemented;
}

export function isWorthRetrying(error: unknown): boolean {
  return !FINAL.has(toConnectError(error).code);
}

function codeOf(error: Error): Code | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === "number" && code >= Code.Canceled && code <= Code.Unauthenticated ? code : undefined;
}
