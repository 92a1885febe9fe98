/**
 * A transaction while it is being written: every field as it was typed, so that half a thought survives a reload. Turning it into a
 * request (build.ts) is where fields are judged. Keys, ends and values are escaped text (src/text/escape.ts).
 */
import type { KeyDraft } from "./key-reach.js";

export const TARGETS = ["version", "create", "mod", "value", "lease"] as const;
export type Target = (typeof TARGETS)[number];

export const RELATIONS = ["=", "!=", ">", "<"] as const;
export type Relation = (typeof RELATIONS)[number];

export interface CompareDraft extends KeyDraft {
  readonly target: Target;
  readonly relation: Relation;
  /** Decimal for versions and revisions, hexadecimal for leases, escaped text for values. */
  readonly operand: string;
}

export interface GetDraft extends KeyDraft {
  readonly op: "get";
  readonly show: "all" | "keys" | "count";
  /** Empty for no limit. */
  readonly limit: string;
}

export interface PutDraft {
  readonly op: "put";
  readonly key: string;
  readonly value: string;
  /** Hexadecimal; empty for none. */
  readonly lease: string;
  readonly previous: boolean;
}

export interface DeleteDraft extends KeyDraft {
  readonly op: "delete";
  readonly previous: boolean;
}

export interface NestedDraft {
  readonly op: "txn";
  readonly txn: TxnDraft;
}

export type OperationDraft = GetDraft | PutDraft | DeleteDraft | NestedDraft;

export interface TxnDraft {
  readonly compares: readonly CompareDraft[];
  readonly success: readonly OperationDraft[];
  readonly failure: readonly OperationDraft[];
}

export type Branch = "success" | "failure";

/** Transactions within transactions that the builder offers; servers take a few more. */
export const NESTING_MAX = 3;

/** What servers accept in one list unless they are told otherwise (`--max-txn-ops`). */
export const OPERATIONS_MAX = 128;

export const emptyTxn: TxnDraft = { compares: [], success: [], failure: [] };

export function emptyCompare(key = ""): CompareDraft {
  return { target: "mod", key, reach: "key", end: "", relation: "=", operand: "0" };
}

export function emptyOperation(op: OperationDraft["op"], key = ""): OperationDraft {
  switch (op) {
    case "get":
      return { op, key, reach: "key", end: "", show: "all", limit: "" };
    case "put":
      return { op, key, value: "", lease: "", previous: false };
    case "delete":
      return { op, key, reach: "key", end: "", previous: false };
    case "txn":
      return { op, txn: emptyTxn };
  }
}

export function isEmptyTxn(txn: TxnDraft): boolean {
  return txn.compares.length === 0 && txn.success.length === 0 && txn.failure.length === 0;
}

/** How deep transactions are nested: 1 for a plain one. */
export function depthOf(txn: TxnDraft): number {
  let deepest = 0;
  for (const operation of [...txn.success, ...txn.failure]) {
    if (operation.op === "txn") deepest = Math.max(deepest, depthOf(operation.txn));
  }
  return deepest + 1;
}

export function writesSomething(txn: TxnDraft): boolean {
  return [...txn.success, ...txn.failure].some(
    (operation) =>
      operation.op === "put" ||
      operation.op === "delete" ||
      (operation.op === "txn" && writesSomething(operation.txn)),
  );
}
