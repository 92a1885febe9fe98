/**
 * What a list of operations writes, in the form in which it is checked for keys that are written twice. Keys are positions
 * in a `KeyOrder`. Plans are trees, as deep as the transaction is nested.
 */
import { isPoint, type OpNode } from "@quorate/machine";
import type { KeyOrder } from "./key-order.js";

/** In place of the end of an interval: it holds one key only. */
export const POINT = -1;

/** The writes of one list of operations. */
export interface WritePlan {
  /** Two for each delete: where it begins, and where it ends or POINT. */
  readonly deletes: readonly number[];
  readonly nested: readonly NestedPlan[];
  readonly puts: readonly number[];
  /** Number of writes, nested ones included. */
  readonly size: number;
}

/** The branches of a nested transaction. */
export interface NestedPlan {
  readonly success: WritePlan;
  readonly failure: WritePlan;
}

const NONE: readonly never[] = [];

/** The writes of `ops`, whose keys are added to `keys`. An open end (0x00) is taken as it is written. */
export function planWrites(ops: readonly OpNode[], keys: KeyOrder): WritePlan {
  const deletes: number[] = [];
  const puts: number[] = [];
  let nested: NestedPlan[] | undefined;
  let size = 0;
  for (const op of ops) {
    if (op.kind === "put") puts.push(keys.add(op.keyStart, op.keyEnd));
    else if (op.kind === "delete") {
      deletes.push(keys.add(op.keyStart, op.keyEnd));
      deletes.push(isPoint(op) ? POINT : keys.add(op.endStart, op.endEnd));
    } else if (op.kind === "txn") {
      const plan = { success: planWrites(op.success, keys), failure: planWrites(op.failure, keys) };
      (nested ??= []).push(plan);
      size += plan.success.size + plan.failure.size;
    }
  }
  size += puts.length + deletes.length / 2;
  return { deletes, nested: nested ?? NONE, puts, size };
}

/** The buffer that the keys of `ops` lie in: that of the request. Undefined when nothing is written. */
export function bufferOf(ops: readonly OpNode[]): Uint8Array | undefined {
  for (const op of ops) {
    if (op.kind === "put" || op.kind === "delete") return op.buffer;
    const nested = op.kind === "txn" ? (bufferOf(op.success) ?? bufferOf(op.failure)) : undefined;
    if (nested !== undefined) return nested;
  }
  return undefined;
}
