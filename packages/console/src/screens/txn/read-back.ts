/** From a request to what could have been typed for it: the inverse of build.ts. */
import { etcdserverpb, formatSignedHexId } from "@quorate/proto";
import { escapeBytes } from "../../text/escape.js";
import type { CompareDraft, OperationDraft, Relation, TxnDraft } from "./draft.js";
import { readRange } from "./key-reach.js";

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
    ...readRange(compare),
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
        ...readRange(value),
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
      return { op: "delete", ...readRange(value), previous: value.prevKv };
    }
    case "requestTxn":
      return { op: "txn", txn: draftOf(request.value) };
    case undefined:
      throw new RangeError("an empty operation");
  }
}
