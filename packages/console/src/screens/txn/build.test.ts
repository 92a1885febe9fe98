import { create, equals, etcdserverpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { buildTxn } from "./build.js";
import { depthOf, emptyCompare, emptyOperation, emptyTxn, isEmptyTxn, writesSomething } from "./draft.js";
import type { OperationDraft, TxnDraft } from "./draft.js";
import { draftOf } from "./read-back.js";
import { decodeDraft, encodeDraft } from "./url.js";

const nested: TxnDraft = {
  compares: [{ target: "version", key: "inner", reach: "key", end: "", relation: ">", operand: "2" }],
  success: [{ op: "delete", key: "inner", reach: "key", end: "", previous: false }],
  failure: [],
};

/** Uses every field there is. */
const full: TxnDraft = {
  compares: [
    { target: "mod", key: "a", reach: "key", end: "", relation: "=", operand: "7" },
    { target: "create", key: "b", reach: "prefix", end: "", relation: "!=", operand: "0" },
    { target: "value", key: "c\\x00", reach: "key", end: "", relation: "<", operand: "x\\n" },
    { target: "lease", key: "d", reach: "until", end: "f", relation: ">", operand: "-1f" },
    { target: "version", key: "", reach: "prefix", end: "", relation: "=", operand: "1" },
  ],
  success: [
    { op: "put", key: "k", value: "\\xff", lease: "694d", previous: true },
    { op: "get", key: "k", reach: "from", end: "", show: "keys", limit: "10" },
    { op: "txn", txn: nested },
  ],
  failure: [
    { op: "delete", key: "k", reach: "until", end: "m", previous: true },
    { op: "get", key: "k", reach: "prefix", end: "", show: "count", limit: "" },
  ],
};

function requestOf(draft: TxnDraft): etcdserverpb.TxnRequest {
  const built = buildTxn(draft);
  if ("problems" in built) throw new Error(JSON.stringify(built.problems));
  return built.request;
}

function problemsOf(draft: Partial<TxnDraft>): string[] {
  const built = buildTxn({ ...emptyTxn, ...draft });
  return "problems" in built ? built.problems.map((problem) => `${problem.path}: ${problem.text}`) : [];
}

const put = (key: string): OperationDraft => ({ op: "put", key, value: "v", lease: "", previous: false });
const del = (key: string, reach: "key" | "prefix" | "from" = "key"): OperationDraft => ({
  op: "delete",
  key,
  reach,
  end: "",
  previous: false,
});
const txn = (success: OperationDraft[], failure: OperationDraft[] = []): OperationDraft => ({
  op: "txn",
  txn: { compares: [], success, failure },
});

describe("a draft", () => {
  it("becomes the request it describes", () => {
    const request = requestOf({
      compares: [emptyCompare("k")],
      success: [{ op: "put", key: "k", value: "v", lease: "1f", previous: false }],
      failure: [{ op: "get", key: "k", reach: "key", end: "", show: "all", limit: "" }],
    });
    const key = new TextEncoder().encode("k");
    const expected = create(etcdserverpb.TxnRequestSchema, {
      compare: [{ target: 2, result: 0, key, targetUnion: { case: "modRevision", value: 0n } }],
      success: [
        { request: { case: "requestPut", value: { key, value: new TextEncoder().encode("v"), lease: 31n } } },
      ],
      failure: [{ request: { case: "requestRange", value: { key } } }],
    });
    expect(equals(etcdserverpb.TxnRequestSchema, request, expected)).toBe(true);
  });

  it("survives the way to a request and back", () => {
    expect(draftOf(requestOf(full))).toEqual(full);
  });

  it("survives the address bar, with what is not finished", () => {
    const unfinished: TxnDraft = {
      ...full,
      compares: [...full.compares, { ...emptyCompare(""), operand: "x" }],
    };
    expect(decodeDraft(encodeDraft(unfinished))).toEqual(unfinished);
    expect(encodeDraft(emptyTxn)).toBe("");
  });

  it.each([
    "",
    "{",
    "[]",
    '[[],[],[["drop"]]]',
    '[[["mod","~","1","k"]],[],[]]',
    '[[],[["put","k"]],[]]',
    "null",
  ])("is empty when the address bar says %j", (text) => {
    expect(decodeDraft(text)).toEqual(emptyTxn);
  });

  it("from the address bar is not nested without end", () => {
    let draft: TxnDraft = { ...emptyTxn, success: [put("k")] };
    for (let depth = 0; depth < 3; depth++) draft = { ...emptyTxn, success: [{ op: "txn", txn: draft }] };
    expect(decodeDraft(encodeDraft(draft))).toEqual(emptyTxn);
    expect(problemsOf(draft)).toEqual([": At most 3 transactions within one another."]);
  });

  it("knows its depth, whether it is empty and whether it writes", () => {
    expect([depthOf(emptyTxn), depthOf(full)]).toEqual([1, 2]);
    expect([isEmptyTxn(emptyTxn), isEmptyTxn(full)]).toEqual([true, false]);
    expect(writesSomething({ ...emptyTxn, success: [emptyOperation("get", "k")] })).toBe(false);
    expect(writesSomething({ ...emptyTxn, failure: [txn([del("k")])] })).toBe(true);
  });

  it("cannot be read back from a request with more than it has fields for", () => {
    const sorted = create(etcdserverpb.TxnRequestSchema, {
      success: [{ request: { case: "requestRange", value: { sortOrder: 1 } } }],
    });
    expect(() => draftOf(sorted)).toThrow(RangeError);
  });
});

describe("problems", () => {
  it("are all told at once, each at its field", () => {
    expect(
      problemsOf({
        compares: [{ ...emptyCompare(""), operand: "-1" }],
        success: [
          { op: "put", key: "a\\q", value: "", lease: "zz", previous: false },
          { op: "get", key: "b", reach: "until", end: "a", show: "all", limit: "many" },
        ],
        failure: [txn([{ ...emptyOperation("get") }])],
      }),
    ).toEqual([
      "compares.0.key: A key is needed.",
      "compares.0.operand: A whole number of 0 or more is needed.",
      "success.0.key: Not an escape: \\q. Write \\\\ for a backslash.",
      "success.0.lease: A lease's ID in hexadecimal is needed; 0 for none.",
      "success.1.end: The end must come after the key.",
      "success.1.limit: A whole number of 0 or more is needed.",
      "failure.0.txn.success.0.key: A key is needed.",
    ]);
  });

  it("include too many operations", () => {
    const many = Array.from({ length: 129 }, (_, at) => put(`k${at}`));
    expect(problemsOf({ success: many })).toEqual(["success: At most 128 operations in a list."]);
  });

  it.each([
    ["two puts", [put("k"), put("k")], true],
    ["a put into a deleted prefix", [put("kk"), del("k", "prefix")], true],
    ["a put behind a deleted start", [del("a", "from"), put("b")], true],
    ["two deletes", [del("k"), del("k", "prefix")], false],
    ["a put beside a delete", [put("k"), del("l")], false],
    ["a put and a nested put", [put("k"), txn([put("k")])], true],
    ["a nested delete of what is put", [put("k"), txn([], [del("k")])], true],
    ["puts in the two branches of a nested one", [txn([put("k")], [put("k")])], false],
    ["puts in two nested ones", [txn([put("k")]), txn([], [put("k")])], true],
    ["two puts within a nested one", [txn([put("k"), put("k")])], true],
    ["a put and a delete in different branches of a nested one", [txn([put("k")], [del("k")])], false],
  ] as const)("of writing twice: %s", (_, success, refused) => {
    expect(problemsOf({ success }).some((problem) => problem.includes("written twice"))).toBe(refused);
  });
});
