/** Beginnings for what transactions are mostly for. */
import { emptyCompare, emptyOperation, emptyTxn } from "./draft.js";
import type { TxnDraft } from "./draft.js";

export interface Template {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly draft: TxnDraft;
}

const get = (key: string): TxnDraft["success"][number] => emptyOperation("get", key);
const put = (key: string, value: string): TxnDraft["success"][number] => ({
  op: "put",
  key,
  value,
  lease: "",
  previous: false,
});

export const TEMPLATES: readonly Template[] = [
  {
    id: "create",
    title: "Create only if absent",
    note: "Put a key that nobody has created yet, else show what is there.",
    draft: {
      compares: [{ ...emptyCompare("config/limit"), target: "create" }],
      success: [put("config/limit", "100")],
      failure: [get("config/limit")],
    },
  },
  {
    id: "swap",
    title: "Compare and swap",
    note: "Change a value only if it is still the one that was read.",
    draft: {
      compares: [{ ...emptyCompare("config/limit"), target: "value", operand: "100" }],
      success: [put("config/limit", "200")],
      failure: [get("config/limit")],
    },
  },
  {
    id: "move",
    title: "Move a key",
    note: "Write the new key and delete the old one as a single step.",
    draft: {
      compares: [
        { ...emptyCompare("old/name"), target: "version", relation: ">" },
        { ...emptyCompare("new/name") },
      ],
      success: [put("new/name", "value"), emptyOperation("delete", "old/name")],
      failure: [],
    },
  },
  {
    id: "read",
    title: "Read together",
    note: "Several reads of one and the same revision.",
    draft: {
      ...emptyTxn,
      success: [
        get("config/limit"),
        { op: "get", key: "config/", reach: "prefix", end: "", show: "all", limit: "" },
      ],
    },
  },
];
