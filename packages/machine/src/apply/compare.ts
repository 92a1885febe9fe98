/**
 * Compares of a transaction. Each one asks whether stored state stands in a relation to a given value; over an interval
 * every live key must. A key that does not exist compares as zero, except that no relation to a value holds for it.
 * Source: kv-watch-lease 4.2.
 */
import { NO_SLOT, type Slot, type StoreReads } from "../mvcc/store-api.js";
import type { RecordSource } from "./record-source.js";
import { compareBytes, findValue } from "./wire/key-value.js";
import { copyInterval, isPoint } from "./wire/request-views.js";
import {
  COMPARE_EQUAL,
  COMPARE_GREATER,
  COMPARE_LESS,
  COMPARE_NOT_EQUAL,
  COMPARE_TARGET_CREATE,
  COMPARE_TARGET_LEASE,
  COMPARE_TARGET_MOD,
  COMPARE_TARGET_VALUE,
  COMPARE_TARGET_VERSION,
  type CompareView,
} from "./wire/txn-nodes.js";

/** The state that compares are made against. */
export interface CompareState {
  readonly store: StoreReads;
  readonly atRevision: number;
  readonly records: RecordSource;
}

/**
 * Whether `compare` holds. A value whose record is not in memory is noted as missing and taken to hold, so that one pass
 * finds all that must be loaded; the answer counts only when nothing is missing.
 */
export function compareHolds(compare: CompareView, state: CompareState): boolean {
  return isPoint(compare) ? pointHolds(compare, state) : intervalHolds(compare, state);
}

function pointHolds(compare: CompareView, state: CompareState): boolean {
  const slot = state.store.find(compare.buffer, compare.keyStart, compare.keyEnd, state.atRevision);
  return slot === NO_SLOT ? absentHolds(compare) : slotHolds(compare, slot, state);
}

function intervalHolds(compare: CompareView, state: CompareState): boolean {
  const { from, to } = copyInterval(compare);
  let any = false;
  let all = true;
  state.store.scan(from, to, state.atRevision, (slot) => {
    any = true;
    all = slotHolds(compare, slot, state);
    return all;
  });
  return any ? all : absentHolds(compare);
}

function absentHolds(compare: CompareView): boolean {
  switch (compare.target) {
    case COMPARE_TARGET_VALUE:
      return false;
    case COMPARE_TARGET_LEASE:
      return relationHolds(compare.result, orderOfLeases(0n, compare));
    case COMPARE_TARGET_VERSION:
    case COMPARE_TARGET_CREATE:
    case COMPARE_TARGET_MOD:
      return relationHolds(compare.result, orderOfNumbers(0, compare));
    default:
      return relationHolds(compare.result, 0);
  }
}

function slotHolds(compare: CompareView, slot: Slot, state: CompareState): boolean {
  const { store } = state;
  switch (compare.target) {
    case COMPARE_TARGET_VERSION:
      return relationHolds(compare.result, orderOfNumbers(store.versionOf(slot), compare));
    case COMPARE_TARGET_CREATE:
      return relationHolds(compare.result, orderOfNumbers(store.createRevisionOf(slot), compare));
    case COMPARE_TARGET_MOD:
      return relationHolds(compare.result, orderOfNumbers(store.mainOf(slot), compare));
    case COMPARE_TARGET_LEASE:
      return relationHolds(compare.result, orderOfLeases(store.leaseOf(slot), compare));
    case COMPARE_TARGET_VALUE: {
      const record = state.records.get(slot);
      return record === undefined || relationHolds(compare.result, orderOfValues(record, compare));
    }
    default:
      // A target that is not known compares as equal.
      return relationHolds(compare.result, 0);
  }
}

/** An operand of another kind than the target counts as 0 or as no bytes. */
function orderOfNumbers(stored: number, compare: CompareView): number {
  return stored - (compare.operandField === operandFieldOf(compare.target) ? compare.operandNumber : 0);
}

function orderOfLeases(stored: bigint, compare: CompareView): number {
  const given = compare.operandField === operandFieldOf(compare.target) ? compare.operandLease : 0n;
  return stored === given ? 0 : stored < given ? -1 : 1;
}

function orderOfValues(record: Uint8Array, compare: CompareView): number {
  const stored = findValue(record);
  const given = compare.operandField === operandFieldOf(compare.target);
  return compareBytes(record, compare.buffer, {
    aStart: stored.start,
    aEnd: stored.end,
    bStart: given ? compare.operandStart : 0,
    bEnd: given ? compare.operandEnd : 0,
  });
}

/** Field number of the oneof member that belongs to a target: they stand in the same order. */
function operandFieldOf(target: number): number {
  return target + 4;
}

/** Whether `stored (relation) given`, from the sign of their order; a relation that is not known always holds. */
function relationHolds(relation: number, order: number): boolean {
  switch (relation) {
    case COMPARE_EQUAL:
      return order === 0;
    case COMPARE_NOT_EQUAL:
      return order !== 0;
    case COMPARE_GREATER:
      return order > 0;
    case COMPARE_LESS:
      return order < 0;
    default:
      return true;
  }
}
