/**
 * Shape of a transaction: the number of operations first, then every compare, then every operation of both branches, then
 * keys that are written twice. Source: kv-watch-lease 4.1 and 4.5.
 */
import type { CompareView, OpNode, TxnNode } from "@quorate/machine";
import type { ErrorName } from "@quorate/proto";
import { checkDuplicateKeys } from "./check-duplicate-keys.js";
import { checkDelete, checkPut, checkRange } from "./check-request.js";

/** @param opsMax --max-txn-ops. */
export function checkTxn(txn: TxnNode, opsMax: number): ErrorName | undefined {
  return checkTxnShape(txn, opsMax) ?? checkDuplicateKeys(txn.success) ?? checkDuplicateKeys(txn.failure);
}

function checkTxnShape(txn: TxnNode, opsMax: number): ErrorName | undefined {
  const count = Math.max(txn.compares.length, txn.success.length, txn.failure.length);
  if (txn.tooDeep || count > opsMax) return "too-many-ops";
  for (const compare of txn.compares) if (hasNoKey(compare)) return "empty-key";
  // What this level uses up is not left for those nested in it, each of which has the rest to itself.
  return checkOps(txn.success, opsMax - count) ?? checkOps(txn.failure, opsMax - count);
}

function hasNoKey(compare: CompareView): boolean {
  return compare.keyStart === compare.keyEnd;
}

function checkOps(ops: readonly OpNode[], nestedOpsMax: number): ErrorName | undefined {
  for (const op of ops) {
    const refusal = checkOp(op, nestedOpsMax);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function checkOp(op: OpNode, nestedOpsMax: number): ErrorName | undefined {
  switch (op.kind) {
    case "range":
      return checkRange(op);
    case "put":
      return checkPut(op);
    case "delete":
      return checkDelete(op);
    case "txn":
      return checkTxnShape(op, nestedOpsMax);
    case "none":
      return "key-not-found";
  }
}

/** Reads only: every operation of both branches is a range. A nested transaction makes a write of it, whatever it holds. */
export function isReadOnly(txn: TxnNode): boolean {
  return txn.success.every(isRange) && txn.failure.every(isRange);
}

/** Served from local state without asking the quorum; so is a transaction without operations. */
export function isSerializable(txn: TxnNode): boolean {
  return txn.success.every(isSerializableRange) && txn.failure.every(isSerializableRange);
}

function isRange(op: OpNode): boolean {
  return op.kind === "range";
}

function isSerializableRange(op: OpNode): boolean {
  return op.kind === "range" && op.serializable;
}
