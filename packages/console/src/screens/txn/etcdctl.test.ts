import { describe, expect, it } from "vitest";
import type { TxnDraft } from "./draft.js";
import { emptyCompare, emptyTxn } from "./draft.js";
import { writeEtcdctl } from "./etcdctl.js";
import { readEtcdctl, TxnTextError } from "./read-etcdctl.js";
import { unquote } from "./unquote.js";

const draft: TxnDraft = {
  compares: [
    { target: "mod", key: "app/\\x22quoted", reach: "key", end: "", relation: "=", operand: "7" },
    { target: "value", key: "k", reach: "key", end: "", relation: "!=", operand: "two\\nlines" },
  ],
  success: [
    { op: "put", key: "-dash", value: 'say "hi"', lease: "694d", previous: true },
    { op: "get", key: "k", reach: "prefix", end: "", show: "keys", limit: "5" },
    { op: "delete", key: "a", reach: "until", end: "b", previous: false },
  ],
  failure: [{ op: "get", key: "\\xff\\x00", reach: "from", end: "", show: "count", limit: "" }],
};

const text = `etcdctl txn <<'EOF'
mod("app/\\"quoted") = "7"
value("k") != "two\\nlines"

put --lease=694d --prev-kv -- "-dash" "say \\"hi\\""
get --prefix --keys-only --limit=5 "k"
del "a" "b"

get --from-key --count-only "\\xff\\x00"

EOF`;

describe("etcdctl's language", () => {
  it("is written", () => {
    expect(writeEtcdctl(draft)).toEqual({ text });
  });

  it("is read back to the same draft", () => {
    const plain = { ...draft.compares[0], key: 'app/"quoted' };
    expect(readEtcdctl(text)).toEqual({ ...draft, compares: [plain, draft.compares[1]] });
  });

  it("is read with short names, single quotes, bare words and flags in two words, as documents show it", () => {
    expect(
      readEtcdctl('m("key1") > "0"\n\nput key1 \'a value\'\r\nget key1 --limit 3\n\nput key2 x\n'),
    ).toEqual({
      compares: [{ ...emptyCompare("key1"), relation: ">" }],
      success: [
        { op: "put", key: "key1", value: "a value", lease: "", previous: false },
        { op: "get", key: "key1", reach: "key", end: "", show: "all", limit: "3" },
      ],
      failure: [{ op: "put", key: "key2", value: "x", lease: "", previous: false }],
    });
  });

  it("writes invisible and foreign characters so that Go reads them", () => {
    const put = {
      op: "put",
      key: "日本",
      value: "a\\u{200b}\\u{1f600}é",
      lease: "",
      previous: false,
    } as const;
    const written = writeEtcdctl({ ...emptyTxn, success: [put] });
    expect("text" in written && written.text).toContain('put "日本" "a\\u200b😀é"');
  });

  it.each([
    [{ compares: [{ ...emptyCompare("k"), target: "lease" as const }] }, "cannot compare leases"],
    [{ compares: [{ ...emptyCompare("k"), reach: "prefix" as const }] }, "single keys"],
    [{ failure: [{ op: "txn" as const, txn: emptyTxn }] }, "within a transaction"],
  ])("has no words for %j", (part, why) => {
    const written = writeEtcdctl({ ...emptyTxn, ...part });
    expect("impossible" in written && written.impossible).toContain(why);
  });

  it.each([
    ["mod(key) = 3", 1, "looks like"],
    ['when("k") = "3"', 1, "looks like"],
    ['mod("k") = "3"\n\nmove a b', 3, "get, put or del, not move"],
    ["\nput k", 2, "more arguments"],
    ["\nget --rev=3 k", 2, "does not know --rev"],
    ["\nget", 2, "key is missing"],
    ['\nput k "\\q"', 2, "no escape"],
  ])("tells the line that it does not understand: %j", (wrong, line, why) => {
    const read = (): TxnDraft => readEtcdctl(wrong);
    expect(read).toThrow(TxnTextError);
    expect(read).toThrow(`Line ${line}: `);
    expect(read).toThrow(why);
  });
});

describe("Go's quoted strings", () => {
  it.each([
    ['""', []],
    ['"a\\n\\t\\\\\\""', [97, 10, 9, 92, 34]],
    ['"\\xff\\377\\a"', [255, 255, 7]],
    ['"\\u00e9\\U0001f600"', [0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80]],
  ])("%s", (quoted, bytes) => {
    expect([...unquote(quoted)]).toEqual(bytes);
  });

  it.each(['"', "a", '"\\400"', '"\\U00110000"', '"\\"'])("%s is refused", (quoted) => {
    expect(() => unquote(quoted)).toThrow(SyntaxError);
  });
});
