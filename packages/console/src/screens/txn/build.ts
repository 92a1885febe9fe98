/** From what was typed to etcd's request, or to the list of what is wrong with it. */
import { create, etcdserverpb, parseSignedHexId } from "@quorate/proto";
import { noBytes } from "../../text/bytes.js";
import { parseEscaped } from "../../text/escape.js";
import { depthOf, NESTING_MAX, OPERATIONS_MAX } from "./draft.js";
import type { CompareDraft, OperationDraft, Relation, TxnDraft } from "./draft.js";
import { rangeOf } from "./key-reach.js";
import type { KeyDraft, KeyRange } from "./key-reach.js";
import { findDoubleWrite } from "./double-writes.js";

export interface Problem {
  /** Where: `compares.0.operand`, `success.1.txn.failure.0.key`, or a list such as `success`. */
  readonly path: string;
  readonly text: string;
}

export type Built = { readonly request: etcdserverpb.TxnRequest } | { readonly problems: readonly Problem[] };

const { Compare_CompareTarget: CompareTarget, Compare_CompareResult: CompareResult } = etcdserverpb;

const results: Readonly<Record<Relation, etcdserverpb.Compare_CompareResult>> = {
  "=": CompareResult.EQUAL,
  "!=": CompareResult.NOT_EQUAL,
  ">": CompareResult.GREATER,
  "<": CompareResult.LESS,
};

const INT64_MAX = 2n ** 63n - 1n;

/** All problems are found at once, so that a form can show each beside its field. */
export function buildTxn(draft: TxnDraft): Built {
  const problems: Problem[] = [];
  if (depthOf(draft) > NESTING_MAX) {
    problems.push({ path: "", text: `At most ${NESTING_MAX} transactions within one another.` });
  }
  const request = build(draft, "", problems);
  return problems.length === 0 ? { request } : { problems };
}

function build(draft: TxnDraft, path: string, problems: Problem[]): etcdserverpb.TxnRequest {
  const branch = (list: readonly OperationDraft[], name: "success" | "failure"): etcdserverpb.RequestOp[] => {
    if (list.length > OPERATIONS_MAX) {
      problems.push({ path: `${path}${name}`, text: `At most ${OPERATIONS_MAX} operations in a list.` });
    }
    return list.map((operation, at) => buildOperation(operation, `${path}${name}.${at}.`, problems));
  };
  if (draft.compares.length > OPERATIONS_MAX) {
    problems.push({ path: `${path}compares`, text: `At most ${OPERATIONS_MAX} conditions.` });
  }
  const request = create(etcdserverpb.TxnRequestSchema, {
    compare: draft.compares.map((compare, at) => buildCompare(compare, `${path}compares.${at}.`, problems)),
    success: branch(draft.success, "success"),
    failure: branch(draft.failure, "failure"),
  });
  // A nested one is judged with its parent, which may write the same key.
  if (path === "") {
    for (const name of ["success", "failure"] as const) {
      const twice = findDoubleWrite(request[name]);
      if (twice !== undefined) {
        problems.push({
          path: name,
          text: `${twice} is written twice; servers refuse that in one transaction.`,
        });
      }
    }
  }
  return request;
}

function buildCompare(draft: CompareDraft, path: string, problems: Problem[]): etcdserverpb.Compare {
  return create(etcdserverpb.CompareSchema, {
    ...buildKeys(draft, path, problems),
    result: results[draft.relation],
    ...buildOperand(draft, `${path}operand`, problems),
  });
}

function buildOperand(
  draft: CompareDraft,
  path: string,
  problems: Problem[],
): Pick<etcdserverpb.Compare, "target" | "targetUnion"> {
  switch (draft.target) {
    case "version":
      return {
        target: CompareTarget.VERSION,
        targetUnion: { case: "version", value: parseCounter(draft.operand, path, problems) },
      };
    case "create":
      return {
        target: CompareTarget.CREATE,
        targetUnion: { case: "createRevision", value: parseCounter(draft.operand, path, problems) },
      };
    case "mod":
      return {
        target: CompareTarget.MOD,
        targetUnion: { case: "modRevision", value: parseCounter(draft.operand, path, problems) },
      };
    case "value":
      return {
        target: CompareTarget.VALUE,
        targetUnion: { case: "value", value: parseBytes(draft.operand, path, problems) },
      };
    case "lease":
      return {
        target: CompareTarget.LEASE,
        targetUnion: { case: "lease", value: parseLease(draft.operand, path, problems) },
      };
  }
}

function buildOperation(draft: OperationDraft, path: string, problems: Problem[]): etcdserverpb.RequestOp {
  const { RequestOpSchema } = etcdserverpb;
  switch (draft.op) {
    case "get": {
      const value = create(etcdserverpb.RangeRequestSchema, {
        ...buildKeys(draft, path, problems),
        keysOnly: draft.show === "keys",
        countOnly: draft.show === "count",
        limit: draft.limit.trim() === "" ? 0n : parseCounter(draft.limit, `${path}limit`, problems),
      });
      return create(RequestOpSchema, { request: { case: "requestRange", value } });
    }
    case "put": {
      const value = create(etcdserverpb.PutRequestSchema, {
        key: parseKey(draft.key, `${path}key`, problems),
        value: parseBytes(draft.value, `${path}value`, problems),
        lease: draft.lease.trim() === "" ? 0n : parseLease(draft.lease, `${path}lease`, problems),
        prevKv: draft.previous,
      });
      return create(RequestOpSchema, { request: { case: "requestPut", value } });
    }
    case "delete": {
      const value = create(etcdserverpb.DeleteRangeRequestSchema, {
        ...buildKeys(draft, path, problems),
        prevKv: draft.previous,
      });
      return create(RequestOpSchema, { request: { case: "requestDeleteRange", value } });
    }
    case "txn": {
      const value = build(draft.txn, `${path}txn.`, problems);
      return create(RequestOpSchema, { request: { case: "requestTxn", value } });
    }
  }
}

function buildKeys(draft: KeyDraft, path: string, problems: Problem[]): KeyRange {
  const { range, problems: found } = rangeOf(draft);
  for (const { field, text } of found) problems.push({ path: `${path}${field}`, text });
  return range;
}

function parseKey(text: string, path: string, problems: Problem[]): Uint8Array {
  if (text === "") problems.push({ path, text: "A key is needed." });
  return parseBytes(text, path, problems);
}

function parseBytes(text: string, path: string, problems: Problem[]): Uint8Array {
  try {
    return parseEscaped(text);
  } catch (error) {
    problems.push({ path, text: error instanceof Error ? error.message : "Not a text." });
    return noBytes;
  }
}

function parseCounter(text: string, path: string, problems: Problem[]): bigint {
  const tight = text.trim();
  const value = /^\d{1,19}$/.test(tight) ? BigInt(tight) : undefined;
  if (value !== undefined && value <= INT64_MAX) return value;
  problems.push({ path, text: "A whole number of 0 or more is needed." });
  return 0n;
}

function parseLease(text: string, path: string, problems: Problem[]): bigint {
  const id = parseSignedHexId(text.trim());
  if (id !== undefined) return id;
  problems.push({ path, text: "A lease's ID in hexadecimal is needed; 0 for none." });
  return 0n;
}
