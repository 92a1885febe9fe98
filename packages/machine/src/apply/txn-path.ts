/**
 * The branches a transaction takes, decided as a whole before anything is written: a nested compare never sees a write of
 * the transaction it is nested in. Then every operation on the path is checked, so that nothing can fail once writing has
 * begun. Source: kv-watch-lease 4.3 and 4.8.
 */
import { NO_SLOT } from "../mvcc/store-api.js";
import { compareHolds, type CompareState } from "./compare.js";
import type { LeaseAttachments } from "./lessor-port.js";
import type { RefusalCode } from "./refusal.js";
import type { PutView } from "./wire/request-views.js";
import type { OpNode, TxnNode } from "./wire/txn-nodes.js";

/** What the transaction does: one branch, with the nested transactions of that branch decided too. */
export interface TxnPath {
  readonly succeeded: boolean;
  readonly ops: readonly OpNode[];
  /** For each nested transaction among `ops`, in order. */
  readonly nested: readonly TxnPath[];
}

/** The path, or undefined after noting the records that must be loaded to decide it. */
export function decidePath(txn: TxnNode, state: CompareState): TxnPath | undefined {
  let succeeded = true;
  for (const compare of txn.compares) {
    succeeded = compareHolds(compare, state);
    if (!succeeded) break;
  }
  if (succeeded && state.records.hasMissing) return undefined;
  const ops = succeeded ? txn.success : txn.failure;
  const nested: TxnPath[] = [];
  for (const op of ops) {
    if (op.kind !== "txn") continue;
    const path = decidePath(op, state);
    // Looking on would load values for branches that may not be taken.
    if (path === undefined) return undefined;
    nested.push(path);
  }
  return { succeeded, ops, nested };
}

/** Why the operations on the path cannot be carried out, or undefined. */
export function checkPath(
  path: TxnPath,
  state: CompareState,
  leases: LeaseAttachments,
): RefusalCode | undefined {
  let nestedAt = 0;
  for (const op of path.ops) {
    const refusal =
      op.kind === "txn" ? checkNested(path.nested[nestedAt++], state, leases) : checkOp(op, state, leases);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

function checkNested(
  path: TxnPath | undefined,
  state: CompareState,
  leases: LeaseAttachments,
): RefusalCode | undefined {
  return path === undefined ? undefined : checkPath(path, state, leases);
}

function checkOp(op: OpNode, state: CompareState, leases: LeaseAttachments): RefusalCode | undefined {
  if (op.kind === "range") return checkTxnRevision(op.revision, state);
  return op.kind === "put" ? checkPut(op, state, leases) : undefined;
}

/** Unlike a plain read, only 0 means the latest here: a negative revision is compared as it is. */
function checkTxnRevision(revision: number, state: CompareState): RefusalCode | undefined {
  if (revision === 0) return undefined;
  // A read-only transaction that reads behind its pinned revision must not see the newer ones either.
  const newest = Math.min(state.store.revision, state.atRevision);
  if (revision > newest) return "future-revision";
  return revision < state.store.compactRevision ? "compacted" : undefined;
}

/** The checks of a put that need the state before it: lease first, then the key it wants to keep something of. */
export function checkPut(
  put: PutView,
  state: CompareState,
  leases: LeaseAttachments,
): RefusalCode | undefined {
  if (put.lease !== 0n && !leases.exists(put.lease)) return "lease-not-found";
  if (!put.ignoreValue && !put.ignoreLease) return undefined;
  const slot = state.store.find(put.buffer, put.keyStart, put.keyEnd, state.atRevision);
  if (slot === NO_SLOT) return "key-not-found";
  // The put will write its value again, after other puts of the transaction perhaps.
  if (put.ignoreValue) state.records.keep(slot);
  return undefined;
}
