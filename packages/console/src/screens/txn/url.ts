/**
 * A draft in the address bar. Lists instead of objects keep it short enough to be sent to a colleague, and what an older or newer
 * version wrote is dropped rather than half understood.
 */
import { emptyTxn, isEmptyTxn, NESTING_MAX, RELATIONS, TARGETS } from "./draft.js";
import type { CompareDraft, OperationDraft, TxnDraft } from "./draft.js";
import { REACHES } from "./key-reach.js";
import type { KeyDraft } from "./key-reach.js";

/** @returns the empty text for the empty draft. */
export function encodeDraft(draft: TxnDraft): string {
  return isEmptyTxn(draft) ? "" : JSON.stringify(packTxn(draft));
}

/** @returns the empty draft for anything that is not a draft. */
export function decodeDraft(text: string): TxnDraft {
  if (text === "") return emptyTxn;
  try {
    return unpackTxn(JSON.parse(text), 1);
  } catch {
    return emptyTxn;
  }
}

type Packed = readonly unknown[];

function packTxn(txn: TxnDraft): Packed {
  return [txn.compares.map(packCompare), txn.success.map(packOperation), txn.failure.map(packOperation)];
}

function packCompare(compare: CompareDraft): Packed {
  return [compare.target, compare.relation, compare.operand, ...packKeys(compare)];
}

function packKeys({ key, reach, end }: KeyDraft): Packed {
  return reach === "key" ? [key] : reach === "until" ? [key, reach, end] : [key, reach];
}

function packOperation(operation: OperationDraft): Packed {
  switch (operation.op) {
    case "get":
      return ["get", operation.show, operation.limit, ...packKeys(operation)];
    case "put":
      return ["put", operation.key, operation.value, operation.lease, operation.previous];
    case "delete":
      return ["delete", operation.previous, ...packKeys(operation)];
    case "txn":
      return ["txn", packTxn(operation.txn)];
  }
}

function unpackTxn(packed: unknown, depth: number): TxnDraft {
  const [compares, success, failure] = list(packed);
  const operations = (of: unknown): OperationDraft[] => list(of).map((one) => unpackOperation(one, depth));
  return {
    compares: list(compares).map(unpackCompare),
    success: operations(success),
    failure: operations(failure),
  };
}

function unpackCompare(packed: unknown): CompareDraft {
  const [target, relation, operand, ...keys] = list(packed);
  return {
    target: oneOf(target, TARGETS),
    relation: oneOf(relation, RELATIONS),
    operand: text(operand),
    ...unpackKeys(keys),
  };
}

function unpackKeys([key, reach = "key", end = ""]: readonly unknown[]): KeyDraft {
  return { key: text(key), reach: oneOf(reach, REACHES), end: text(end) };
}

function unpackOperation(packed: unknown, depth: number): OperationDraft {
  const [op, ...rest] = list(packed);
  switch (oneOf(op, ["get", "put", "delete", "txn"])) {
    case "get": {
      const [show, limit, ...keys] = rest;
      return {
        op: "get",
        show: oneOf(show, ["all", "keys", "count"]),
        limit: text(limit),
        ...unpackKeys(keys),
      };
    }
    case "put": {
      const [key, value, lease, previous] = rest;
      return {
        op: "put",
        key: text(key),
        value: text(value),
        lease: text(lease),
        previous: previous === true,
      };
    }
    case "delete": {
      const [previous, ...keys] = rest;
      return { op: "delete", previous: previous === true, ...unpackKeys(keys) };
    }
    case "txn":
      if (depth >= NESTING_MAX) throw new RangeError("nested too deep");
      return { op: "txn", txn: unpackTxn(rest[0], depth + 1) };
  }
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError("a list is missing");
  return value;
}

function text(value: unknown): string {
  if (typeof value !== "string") throw new TypeError("a text is missing");
  return value;
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new TypeError("a word is unknown");
  return found;
}
