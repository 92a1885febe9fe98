/**
 * What a request about keys needs, checked against the auth store: the same rules at apply for what is written and at the edge for what
 * is read. A transaction needs all of its operations, of both branches and at any depth, whichever of them would run.
 * Source: operations 4.4; kv-watch-lease 4.9.
 */
import type { RefusalCode } from "../apply/refusal.js";
import type { DeleteView, PutView } from "../apply/wire/request-views.js";
import type { OpNode, TxnNode } from "../apply/wire/txn-nodes.js";
import type { AuthStore, Identity, Need } from "./auth-store.js";

/** The keys that are attached to leases. */
export interface AttachedKeySource {
  /** The first key at or behind `from` that is attached to the lease; undefined when there is none, or no such lease. */
  keyFrom(lease: bigint, from: Uint8Array | undefined): Uint8Array | undefined;
}

export interface Judge {
  readonly auth: AuthStore;
  readonly leases: AttachedKeySource;
}

/** A key may only be put onto a lease whose other keys the caller could have written: their lifetimes become one. */
export function checkPutPermission(
  { auth, leases }: Judge,
  caller: Identity,
  put: PutView,
): RefusalCode | undefined {
  return (
    auth.checkKey(caller, "write", put) ??
    (put.lease === 0n ? undefined : checkLeasePermission({ auth, leases }, caller, "write", put.lease)) ??
    (put.prevKv ? auth.checkKey(caller, "read", put) : undefined)
  );
}

export function checkDeletePermission(
  { auth }: Judge,
  caller: Identity,
  remove: DeleteView,
): RefusalCode | undefined {
  return (
    auth.checkInterval(caller, "write", remove) ??
    (remove.prevKv ? auth.checkInterval(caller, "read", remove) : undefined)
  );
}

/** Whether the caller may write or read all keys that are attached to the lease; of a lease that is not there it may. */
export function checkLeasePermission(
  { auth, leases }: Judge,
  caller: Identity,
  need: Need,
  lease: bigint,
): RefusalCode | undefined {
  return auth.checkKeys(caller, need, (from) => leases.keyFrom(lease, from));
}

export function checkTxnPermission(judge: Judge, caller: Identity, txn: TxnNode): RefusalCode | undefined {
  if (!judge.auth.enabled) return undefined;
  // What was not read can't be permitted.
  if (txn.tooDeep) return "permission-denied";
  for (const compare of txn.compares) {
    const refusal = judge.auth.checkInterval(caller, "read", compare);
    if (refusal !== undefined) return refusal;
  }
  return checkOps(judge, caller, txn.success) ?? checkOps(judge, caller, txn.failure);
}

function checkOps(judge: Judge, caller: Identity, ops: readonly OpNode[]): RefusalCode | undefined {
  for (const op of ops) {
    const refusal = checkOp(judge, caller, op);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function checkOp(judge: Judge, caller: Identity, op: OpNode): RefusalCode | undefined {
  switch (op.kind) {
    case "range":
      return judge.auth.checkInterval(caller, "read", op);
    case "put":
      return checkPutPermission(judge, caller, op);
    case "delete":
      return checkDeletePermission(judge, caller, op);
    case "txn":
      return checkTxnPermission(judge, caller, op);
    case "none":
      return undefined;
  }
}
