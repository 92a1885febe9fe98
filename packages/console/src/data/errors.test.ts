import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { describeError, failureKind, isPassing } from "./errors.js";

test.each([
  [new TypeError("Failed to fetch"), "unreachable"],
  [
    new ConnectError("x", Code.Internal, undefined, undefined, new TypeError("NetworkError when…")),
    "unreachable",
  ],
  [new ConnectError("etcdserver: no leader", Code.Unavailable), "no-quorum"],
  [new ConnectError("etcdserver: mvcc: required revision has been compacted", Code.OutOfRange), "compacted"],
  [new ConnectError("etcdserver: mvcc: required revision is a future revision", Code.OutOfRange), "future"],
  [new ConnectError("log in first", Code.Unauthenticated), "login"],
  [new ConnectError("etcdserver: permission denied", Code.PermissionDenied), "denied"],
  [new ConnectError("etcdserver: lease already exists", Code.FailedPrecondition), "refused"],
  [new ConnectError("late", Code.DeadlineExceeded), "timeout"],
  [new Error("oops"), "other"],
])("%s is %s", (error, kind) => {
  expect(failureKind(error)).toBe(kind);
});

test("the cluster's words lose their prefix and become a sentence", () => {
  const error = new ConnectError("etcdserver: lease already exists", Code.FailedPrecondition);
  expect(describeError(error)).toEqual({
    kind: "refused",
    title: "The cluster refused",
    detail: "Lease already exists.",
  });
});

test("only what passes by itself is tried again", () => {
  expect(isPassing(new TypeError("Load failed"))).toBe(true);
  expect(isPassing(new ConnectError("etcdserver: permission denied", Code.PermissionDenied))).toBe(false);
});
