import { ERRORS, GrpcStatus, type ErrorName } from "@quorate/proto";
import { describe, expect, test } from "vitest";
import { failure } from "../testing/fake-transport.js";
import { judgeFailure } from "./judge-failure.js";

const names = Object.keys(ERRORS) as ErrorName[];
const TOKENS: readonly ErrorName[] = ["invalid-auth-token", "auth-old-revision", "user-empty"];

describe("a refusal of the catalogue", () => {
  test.each(names)("%s", (name) => {
    const { wireCode, message, retry } = ERRORS[name];
    const refusal = failure(wireCode, message);
    const write = judgeFailure(refusal, "write", "e");
    const read = judgeFailure(refusal, "read", "e");
    if (TOKENS.includes(name)) {
      expect([write.kind, read.kind]).toEqual(["new-token", "new-token"]);
      return;
    }
    const expected = {
      none: ["fail", "fail"],
      read: ["fail", "repeat"],
      always: ["repeat", "repeat"],
    } as const;
    expect([write.kind, read.kind]).toEqual(expected[retry]);
    expect(judgeFailure(refusal, "idempotent", "e").kind).toBe(read.kind);
    // A write that may have happened is told as such, whatever the server called it.
    expect(write.error.name === "UnknownOutcomeError").toBe(retry === "read");
    if (write.error.name !== "UnknownOutcomeError") expect(write.error.message).toBe(message);
  });
});

test.each([
  ["a write that was not sent", GrpcStatus.Unavailable, false, "write", "repeat", "UnavailableError"],
  ["a write that was cut off", GrpcStatus.Unavailable, true, "write", "fail", "UnknownOutcomeError"],
  ["a read that was cut off", GrpcStatus.Unavailable, true, "read", "repeat", "UnavailableError"],
  [
    "an idempotent call that was cut off",
    GrpcStatus.Internal,
    true,
    "idempotent",
    "repeat",
    "UnavailableError",
  ],
  ["a write whose time was up", GrpcStatus.DeadlineExceeded, true, "write", "fail", "UnknownOutcomeError"],
  [
    "a write whose time was up in the queue",
    GrpcStatus.DeadlineExceeded,
    false,
    "write",
    "fail",
    "DeadlineError",
  ],
  ["a read whose time was up", GrpcStatus.DeadlineExceeded, true, "read", "fail", "DeadlineError"],
  ["a method that is not there", GrpcStatus.Unimplemented, true, "read", "fail", "QuorateError"],
  ["a write that a server broke over", GrpcStatus.Unknown, true, "write", "fail", "UnknownOutcomeError"],
] as const)("%s", (_, code, sent, safety, kind, name) => {
  const judgement = judgeFailure(failure(code, "something of its own", sent), safety, "e");
  expect(judgement.kind).toBe(kind);
  expect(judgement.error.name).toBe(name);
});
