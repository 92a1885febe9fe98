/**
 * Carries out operations inside the open transaction of the store. Everything that can be refused has been checked: from
 * here on nothing may fail, because other members carry out the same.
 */
import { assert } from "@quorate/std";
import { LATEST, NO_SLOT, type Slot, type StoreWrites } from "../mvcc/store-api.js";
import type { LeaseAttachments } from "./lessor-port.js";
import type { OperationCounts } from "./operation-counts.js";
import type { RecordSource } from "./record-source.js";
import { readOperation } from "./read-operation.js";
import { Quotes, type Reply, type TxnReply } from "./reply-tree.js";
import type { TxnPath } from "./txn-path.js";
import { findValue } from "./wire/key-value.js";
import {
  copyInterval,
  isPoint,
  type DeleteView,
  type PutView,
  type RangeView,
} from "./wire/request-views.js";

const EMPTY = new Uint8Array(0);
const NO_VALUE = { start: 0, end: 0 };

/** Where operations are carried out. */
export interface Execution {
  readonly store: StoreWrites;
  readonly leases: LeaseAttachments;
  readonly records: RecordSource;
  /** R before the transaction. */
  readonly baseRevision: number;
  /** False on members that owe nobody an answer: reads are skipped, writes are not. */
  readonly wantsReply: boolean;
  readonly counts: OperationCounts;
}

/** The revision an operation reports: the new one as soon as anything has changed. */
function currentRevision(execution: Execution): number {
  return execution.store.changed ? execution.baseRevision + 1 : execution.baseRevision;
}

/** Writes a put. @returns the record that was live before, or NO_SLOT when there was none or nobody needs to know. */
export function executePut(put: PutView, execution: Execution): Slot {
  const { store, leases, counts } = execution;
  const { buffer, keyStart, keyEnd } = put;
  counts.puts += 1;
  counts.putBytes += keyEnd - keyStart + (put.valueEnd - put.valueStart);
  const previous =
    put.prevKv || put.ignoreValue || put.ignoreLease || leases.hasAttachments
      ? store.find(buffer, keyStart, keyEnd, LATEST)
      : NO_SLOT;
  const oldLease = previous === NO_SLOT ? 0n : store.leaseOf(previous);
  // A key that an earlier operation of the same transaction deleted has nothing to keep: empty value, no lease.
  const lease = put.ignoreLease ? oldLease : put.lease;
  if (put.ignoreValue) {
    const kept = previous === NO_SLOT ? EMPTY : execution.records.get(previous);
    assert(kept !== undefined, "the value to keep was not held before the put");
    const value = kept.length === 0 ? NO_VALUE : findValue(kept);
    store.put(buffer, keyStart, keyEnd, kept, value.start, value.end, lease);
  } else store.put(buffer, keyStart, keyEnd, buffer, put.valueStart, put.valueEnd, lease);
  if (oldLease !== lease) {
    if (oldLease !== 0n) leases.detach(oldLease, buffer, keyStart, keyEnd);
    if (lease !== 0n) leases.attach(lease, buffer, keyStart, keyEnd);
  }
  return previous;
}

/** Quotes the previous pair when the client asked for it. */
export function quotePrevious(put: PutView, previous: Slot, execution: Execution): Quotes | undefined {
  if (!put.prevKv || previous === NO_SLOT || !execution.wantsReply) return undefined;
  const quotes = new Quotes(execution.baseRevision);
  quotes.addSlot(execution.store, previous);
  return quotes;
}

export function executeDelete(remove: DeleteView, execution: Execution): Reply {
  const { store, counts } = execution;
  counts.deletes += 1;
  const quotes = remove.prevKv && execution.wantsReply ? new Quotes(execution.baseRevision) : undefined;
  let deleted = 0;
  const removeKey = (buffer: Uint8Array, start: number, end: number): void => {
    const slot = store.delete(buffer, start, end);
    if (slot === NO_SLOT) return;
    deleted += 1;
    quotes?.addSlot(store, slot);
    detachDeleted(slot, { buffer, start, end }, execution);
  };
  if (isPoint(remove)) removeKey(remove.buffer, remove.keyStart, remove.keyEnd);
  else {
    const { from, to } = copyInterval(remove);
    store.scan(from, to, LATEST, (_slot, buffer, start, end) => {
      removeKey(buffer, start, end);
      return true;
    });
  }
  return { kind: "delete", revision: currentRevision(execution), deleted, quotes };
}

function detachDeleted(
  slot: Slot,
  key: { readonly buffer: Uint8Array; readonly start: number; readonly end: number },
  execution: Execution,
): void {
  const { store, leases } = execution;
  if (!leases.hasAttachments) return;
  const lease = store.leaseOf(slot);
  if (lease !== 0n) leases.detach(lease, key.buffer, key.start, key.end);
}

/** Carries out the operations on a path in order, nested transactions in place. */
export function executePath(path: TxnPath, execution: Execution): TxnReply {
  const ops: Reply[] = [];
  let nestedAt = 0;
  for (const op of path.ops) {
    switch (op.kind) {
      case "put": {
        const previous = executePut(op, execution);
        const quotes = quotePrevious(op, previous, execution);
        ops.push({ kind: "put", revision: execution.baseRevision + 1, quotes });
        break;
      }
      case "delete":
        ops.push(executeDelete(op, execution));
        break;
      case "range":
        execution.counts.ranges += 1;
        if (execution.wantsReply) ops.push(executeRange(op, execution));
        break;
      case "txn": {
        const nested = path.nested[nestedAt++];
        assert(nested !== undefined, "a nested transaction on the path was not decided");
        ops.push(executePath(nested, execution));
        break;
      }
      case "none":
        assert(false, "an empty operation passed validation");
    }
  }
  return { kind: "txn", succeeded: path.succeeded, ops };
}

/** Sees the writes before it in the same transaction, unless it asks for an older revision. */
function executeRange(range: RangeView, execution: Execution): Reply {
  const { store, baseRevision } = execution;
  const isLatest = range.revision <= 0;
  return readOperation(store, range, {
    atRevision: isLatest ? LATEST : range.revision,
    viewRevision: isLatest ? baseRevision : range.revision,
    headerRevision: currentRevision(execution),
    // All in one turn: the next operation may change what this one sees.
    keysAtOnceMax: Infinity,
  });
}
