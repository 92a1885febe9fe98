/**
 * What a write costs, and whether there is room for it. The cost counts against the size of the files, so that deleting keys
 * makes no room before a defragmentation does. Source: kv-watch-lease 6.3.
 */
import type { OpNode, TxnNode } from "./wire/txn-nodes.js";
import type { PutView } from "./wire/request-views.js";

/** Charged for each put on top of its key and value. */
const PUT_OVERHEAD_BYTES = 256;
export const LEASE_GRANT_COST_BYTES = 64;

/** Port: the space this member has. */
export interface Space {
  /** Physical bytes of the store. */
  readonly sizeBytes: number;
  /** Infinity without a quota. */
  readonly quotaBytes: number;
}

/** True when a write of `costBytes` fits; a write that costs nothing always does. */
export function hasRoom(space: Space, costBytes: number): boolean {
  return costBytes === 0 || space.sizeBytes + costBytes < space.quotaBytes;
}

export function putCost(put: PutView): number {
  return PUT_OVERHEAD_BYTES + (put.keyEnd - put.keyStart) + (put.valueEnd - put.valueStart);
}

/** The dearer branch, nested transactions included; 0 exactly when there is no put in either branch. */
export function txnCost(txn: TxnNode): number {
  return Math.max(branchCost(txn.success), branchCost(txn.failure));
}

function branchCost(ops: readonly OpNode[]): number {
  let cost = 0;
  for (const op of ops) {
    if (op.kind === "put") cost += putCost(op);
    else if (op.kind === "txn") cost += txnCost(op);
  }
  return cost;
}
