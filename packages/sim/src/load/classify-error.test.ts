import { ERRORS, GrpcStatus } from "@quorate/proto";
import type { ErrorName } from "@quorate/proto";
import { expect, test } from "vitest";
import { classifyError } from "./classify-error.js";

const classify = (name: ErrorName): string => classifyError(ERRORS[name].wireCode, ERRORS[name].message);

test.each([
  "timeout",
  "timeout-due-to-leader-fail",
  "timeout-due-to-connection-lost",
  "leader-changed",
  "stopped",
  "request-canceled",
  "context-canceled",
  "context-deadline-exceeded",
] as const)("after %s a write may have happened", (name) => expect(classify(name)).toBe("unknown"));

test.each(["no-leader", "too-many-requests", "proposal-dropped", "no-space", "request-too-large"] as const)(
  "after %s a write has not happened and will not",
  (name) => expect(classify(name)).toBe("failed"),
);

test.each([
  [GrpcStatus.Unavailable, "No connection established. Last error: connect ECONNREFUSED", "failed"],
  [GrpcStatus.DeadlineExceeded, "Deadline exceeded after 3.001s,waiting for LB pick", "failed"],
  [GrpcStatus.DeadlineExceeded, "Deadline exceeded after 3.001s,remote_addr=127.0.0.1:1", "unknown"],
  [GrpcStatus.Unavailable, "Connection dropped", "unknown"],
  [GrpcStatus.Unavailable, "read ECONNRESET", "unknown"],
  [GrpcStatus.Canceled, "Call cancelled", "unknown"],
  [GrpcStatus.Internal, "Received RST_STREAM with code 2", "unknown"],
  [GrpcStatus.Unknown, "an error nobody has told us of", "unknown"],
])("what the gRPC library says itself: %i %s is %s", (code, text, expected) => {
  expect(classifyError(code, text)).toBe(expected);
});
