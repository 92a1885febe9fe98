import { describe, expect, it } from "vitest";
import type { TxnDraft } from "./draft.js";
import { emptyTxn } from "./draft.js";
import { writeTypeScript } from "./typescript.js";

const get = { op: "get", key: "a", reach: "key", end: "", show: "all", limit: "" } as const;
const put = { op: "put", key: "a", value: "1", lease: "", previous: false } as const;

describe("a transaction as code", () => {
  it("reads like a sentence", () => {
    const draft: TxnDraft = {
      compares: [{ target: "create", key: "a", reach: "key", end: "", relation: "=", operand: "0" }],
      success: [put],
      failure: [get],
    };
    expect(writeTypeScript(draft)).toBe(`import { createRevision, get, put } from "@quorate/client";

const result = await client
  .txn()
  .if(createRevision("a").equals(0n))
  .do(put("a", "1"))
  .else(get("a"))
  .commit();`);
  });

  it("says ranges, leases, bytes and options", () => {
    const draft: TxnDraft = {
      compares: [
        { target: "value", key: "a", reach: "key", end: "", relation: "!=", operand: 'say "hi"' },
        { target: "lease", key: "b", reach: "prefix", end: "", relation: ">", operand: "-1f" },
        { target: "version", key: "c", reach: "from", end: "", relation: "<", operand: "3" },
      ],
      success: [
        { ...put, key: "\\xff", lease: "694d", previous: true },
        { ...get, reach: "prefix", limit: "10" },
        { op: "delete", key: "a", reach: "until", end: "m", previous: true },
      ],
      failure: [],
    };
    expect(writeTypeScript(draft))
      .toBe(`import { getAll, lease, put, remove, value, version } from "@quorate/client";

const result = await client
  .txn()
  .if(
    value("a").notEquals("say \\"hi\\""),
    lease({ prefix: "b" }).above(-31n),
    version({ from: "c" }).below(3n),
  )
  .do(
    put(Buffer.from("ff", "hex"), "1", { lease: 0x694dn, previous: true }),
    getAll({ prefix: "a" }, { limit: 10 }),
    remove({ from: "a", to: "m" }, { previous: true }),
  )
  .commit();`);
  });

  it("nests", () => {
    const draft: TxnDraft = {
      ...emptyTxn,
      success: [{ op: "txn", txn: { ...emptyTxn, success: [put, get] } }],
    };
    expect(writeTypeScript(draft)).toBe(`import { get, put } from "@quorate/client";

const result = await client
  .txn()
  .do(
    client
      .txn()
      .do(
        put("a", "1"),
        get("a"),
      )
      .nested(),
  )
  .commit();`);
  });
});
