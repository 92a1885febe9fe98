/**
 * A transaction as a tree of views over the buffer it came in. Made anew for each transaction; keys and values are not copied.
 */
import { DeleteView, PutView, RangeView, decodeDelete, decodePut, decodeRange } from "./request-views.js";
import { WIRE_BYTES, WIRE_VARINT, WireReader } from "./wire-reader.js";

/**
 * Transactions nested deeper than this are cut off and marked. Every level costs at least one of --max-txn-ops, so the check
 * of that limit (128 by default) refuses them; the number bounds our stack.
 */
export const TXN_DEPTH_MAX = 512;

export const COMPARE_EQUAL = 0;
export const COMPARE_GREATER = 1;
export const COMPARE_LESS = 2;
export const COMPARE_NOT_EQUAL = 3;
export const COMPARE_TARGET_VERSION = 0;
export const COMPARE_TARGET_CREATE = 1;
export const COMPARE_TARGET_MOD = 2;
export const COMPARE_TARGET_VALUE = 3;
export const COMPARE_TARGET_LEASE = 4;

const FIELD_VALUE = 7;
const FIELD_LEASE = 8;
const EMPTY = new Uint8Array(0);

/** `operandField` is the number of the oneof member that came last, 0 without any. */
export class CompareView {
  buffer: Uint8Array = EMPTY;
  result = 0;
  target = 0;
  keyStart = 0;
  keyEnd = 0;
  endStart = 0;
  endEnd = 0;
  operandField = 0;
  operandNumber = 0;
  operandLease = 0n;
  operandStart = 0;
  operandEnd = 0;
}

/** One operation; "none" when no member of the oneof was set. */
export type OpNode = RangeView | PutView | DeleteView | TxnNode | { readonly kind: "none" };

const NO_OPERATION: OpNode = { kind: "none" };

export class TxnNode {
  readonly kind = "txn";
  readonly compares: CompareView[] = [];
  readonly success: OpNode[] = [];
  readonly failure: OpNode[] = [];
  /** Nested beyond `TXN_DEPTH_MAX`: the content was not read. */
  tooDeep = false;
}

/** Decodes the TxnRequest [start, end) of `buffer`; throws `WireError`. */
export function decodeTxn(buffer: Uint8Array, start: number, end: number): TxnNode {
  const reader = new WireReader();
  reader.reset(buffer, start, end);
  const txn = new TxnNode();
  mergeTxn(reader, txn, 1);
  return txn;
}

/** Merges the transaction in the reader's range; `depth` is 1 for the outermost. */
function mergeTxn(reader: WireReader, txn: TxnNode, depth: number): void {
  if (depth > TXN_DEPTH_MAX) {
    txn.tooDeep = true;
    return;
  }
  const outerEnd = reader.end;
  while (reader.position < outerEnd) {
    const tag = reader.tag();
    const field = tag >>> 3;
    if ((tag & 7) !== WIRE_BYTES || field > 3) {
      reader.skip(tag);
      continue;
    }
    // The one reader looks at the content alone, and then goes on behind it.
    const contentEnd = reader.length() + reader.position;
    reader.end = contentEnd;
    if (field === 1) txn.compares.push(decodeCompare(reader));
    else (field === 2 ? txn.success : txn.failure).push(decodeOp(reader, depth));
    reader.position = contentEnd;
    reader.end = outerEnd;
  }
}

function decodeOp(reader: WireReader, depth: number): OpNode {
  let op: OpNode = NO_OPERATION;
  const outerEnd = reader.end;
  while (reader.position < outerEnd) {
    const tag = reader.tag();
    const field = tag >>> 3;
    if ((tag & 7) !== WIRE_BYTES || field > 4) {
      reader.skip(tag);
      continue;
    }
    const contentEnd = reader.length() + reader.position;
    reader.end = contentEnd;
    op = mergeOp(reader, field, { before: op, depth });
    reader.position = contentEnd;
    reader.end = outerEnd;
  }
  return op;
}

/** The same member of a oneof coming twice merges; another member replaces. */
function mergeOp(reader: WireReader, field: number, into: { before: OpNode; depth: number }): OpNode {
  const { before, depth } = into;
  switch (field) {
    case 1: {
      const range = before.kind === "range" ? before : new RangeView();
      decodeRange(reader, range);
      return range;
    }
    case 2: {
      const put = before.kind === "put" ? before : new PutView();
      decodePut(reader, put);
      return put;
    }
    case 3: {
      const remove = before.kind === "delete" ? before : new DeleteView();
      decodeDelete(reader, remove);
      return remove;
    }
    default: {
      const txn = before.kind === "txn" ? before : new TxnNode();
      mergeTxn(reader, txn, depth + 1);
      return txn;
    }
  }
}

function decodeCompare(reader: WireReader): CompareView {
  const compare = new CompareView();
  compare.buffer = reader.buffer;
  while (reader.position < reader.end) {
    const tag = reader.tag();
    if ((tag & 7) === WIRE_BYTES) decodeCompareBytes(reader, tag, compare);
    else if ((tag & 7) === WIRE_VARINT) decodeCompareNumber(reader, tag, compare);
    else reader.skip(tag);
  }
  return compare;
}

function decodeCompareBytes(reader: WireReader, tag: number, compare: CompareView): void {
  const length = reader.length();
  const start = reader.position;
  const end = (reader.position += length);
  switch (tag >>> 3) {
    case 3:
      compare.keyStart = start;
      compare.keyEnd = end;
      return;
    case FIELD_VALUE:
      compare.operandField = FIELD_VALUE;
      compare.operandStart = start;
      compare.operandEnd = end;
      return;
    case 64:
      compare.endStart = start;
      compare.endEnd = end;
      return;
    default:
  }
}

function decodeCompareNumber(reader: WireReader, tag: number, compare: CompareView): void {
  const field = tag >>> 3;
  if (field === 1) compare.result = reader.int32();
  else if (field === 2) compare.target = reader.int32();
  else if (field >= 4 && field <= 6) {
    compare.operandField = field;
    compare.operandNumber = reader.int64();
  } else if (field === FIELD_LEASE) {
    compare.operandField = FIELD_LEASE;
    compare.operandLease = reader.bigInt64();
  } else reader.skip(tag);
}
