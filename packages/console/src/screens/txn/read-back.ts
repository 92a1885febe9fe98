/** From a request to what could have been typed for it: the inverse of build.ts. */
import { etcdserverpb, formatSignedHexId } from "@quorate/proto";
import { compareBytes, equalBytes, prefixRange } from "../../text/bytes.js";
import { escapeBytes } from "../../text/escape.js";
import type { CompareDraft, KeyDraft, OperationDraft, Relation, TxnDraft } from "./draft.js";

const { Compare_CompareResult: CompareResult } = etcdserverpb;

/** @throws RangeError for options that the builder has no field for, so that nothing is lost silently. */
export function draftOf(request: etcdserverpb.TxnRequest): TxnDraft {
  return {
    compares: request.compare.map(readCompare),
    success: request.success.map(readOperation),
    failure: request.failure.map(readOperation),
  };
}

function readCompare(compare: etcdserverpb.Compare): CompareDraft {
  return {
    ...readKeys(compare.key, compare.rangeEnd),
    relation: readRelation(compare.result),
    ...readOperand(compare),
  };
}

function readRelation(result: etcdserverpb.Compare_CompareResult): Relation {
  switch (result) {
    case CompareResult.EQUAL:
      return "=";
    case CompareResult.NOT_EQUAL:
      return "!=";
    case CompareResult.GREATER:
      return ">";
    case CompareResult.LESS:
      return "<";
    default:
      throw new RangeError(`no such comparison: ${result}`);
  }
}

function readOperand({ targetUnion: union }: etcdserverpb.Compare): Pick<CompareDraft, "target" | "operand"> {
  switch (union.case) {
    case "version":
      return { target: "version", operand: String(union.value) };
    case "createRevision":
      return { target: "create", operand: String(union.value) };
    case "modRevision":
      return { target: "mod", operand: String(union.value) };
    case "value":
      return { target: "value", operand: escapeBytes(union.value) };
    case "lease":
      return { target: "lease", operand: formatSignedHexId(union.value) };
    case undefined:
      throw new RangeError("a comparison without an operand");
  }
}

function readOperation({ request }: etcdserverpb.RequestOp): OperationDraft {
  switch (request.case) {
    case "requestRange": {
      const { value } = request;
      if (
        value.revision > 0n ||
        value.sortOrder !== 0 ||
        value.minModRevision > 0n ||
        value.minCreateRevision > 0n
      ) {
        throw new RangeError("a read with options that the builder does not know");
      }
      return {
        op: "get",
        ...readKeys(value.key, value.rangeEnd),
        show: value.countOnly ? "count" : value.keysOnly ? "keys" : "all",
        limit: value.limit === 0n ? "" : String(value.limit),
      };
    }
    case "requestPut": {
      const { value } = request;
      if (value.ignoreLease || value.ignoreValue) {
        throw new RangeError("a put with options that the builder does not know");
      }
      return {
        op: "put",
        key: escapeBytes(value.key),
        value: escapeBytes(value.value),
        lease: value.lease === 0n ? "" : formatSignedHexId(value.lease),
        previous: value.prevKv,
      };
    }
    case "requestDeleteRange": {
      const { value } = request;
      return { op: "delete", ...readKeys(value.key, value.rangeEnd), previous: value.prevKv };
    }
    case "requestTxn":
      return { op: "txn", txn: draftOf(request.value) };
    case undefined:
      throw new RangeError("an empty operation");
  }
}

export function readKeys(key: Uint8Array, rangeEnd: Uint8Array): KeyDraft {
  const text = escapeBytes(key);
  if (rangeEnd.length === 0) return { key: text, reach: "key", end: "" };
  if (isZero(rangeEnd))
    return isZero(key) ? { key: "", reach: "prefix", end: "" } : { key: text, reach: "from", end: "" };
  const prefix = prefixRange(key);
  if (compareBytes(prefix.key, key) === 0 && equalBytes(prefix.rangeEnd, rangeEnd)) {
    return { key: text, reach: "prefix", end: "" };
  }
  return { key: text, reach: "until", end: escapeBytes(rangeEnd) };
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.length === 1 && bytes[0] === 0;
}
