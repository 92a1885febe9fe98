/**
 * Operations that a reference of some releases does not survive, with the answer it would have to give. They are sent to
 * the subject only, and its answer is held to this one.
 */
import { ERRORS, GrpcStatus } from "@quorate/proto";
import type { etcdserverpb } from "@quorate/proto";
import type { Operation } from "./operation.js";
import type { AnyOutcome } from "./outcome.js";
import { isOlder } from "../harness/etcd-version.js";

export function knownOutcome(operation: Operation, referenceVersion: string): AnyOutcome | undefined {
  // An unknown sort target ends releases before 3.6; an unknown order is silently ignored by them.
  if (isOlder(referenceVersion, "3.6.0") && rangesOf(operation).some(hasBadSort)) {
    return { ok: false, code: GrpcStatus.InvalidArgument, text: ERRORS["invalid-sort-option"].message };
  }
  return undefined;
}

/** The ranges of a range or of the one operation of a transaction: the generator puts bad sorts nowhere else. */
function rangesOf(operation: Operation): etcdserverpb.RangeRequest[] {
  if (operation.kind === "range") return [operation.request];
  if (operation.kind !== "txn") return [];
  return operation.request.success.flatMap(({ request }) =>
    request.case === "requestRange" ? [request.value] : [],
  );
}

function hasBadSort(request: etcdserverpb.RangeRequest): boolean {
  const { sortOrder, sortTarget } = request;
  return sortOrder < 0 || sortOrder > 2 || sortTarget < 0 || sortTarget > 4;
}
