import { describe, expect, it } from "vitest";
import { describeRange, rangeContains, rangeOf, readRange } from "./key-reach.js";
import type { KeyDraft } from "./key-reach.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const drafts: readonly [KeyDraft, string][] = [
  [{ key: "app/a", reach: "key", end: "" }, "app/a"],
  [{ key: "app/", reach: "prefix", end: "" }, "keys beginning with app/"],
  [{ key: "", reach: "prefix", end: "" }, "every key"],
  [{ key: "app/", reach: "from", end: "" }, "every key from app/ on"],
  [{ key: "a", reach: "until", end: "m" }, "keys from a up to, but without, m"],
  [{ key: "\\xff\\x00", reach: "key", end: "" }, "\\xff\\x00"],
];

describe("a range of keys", () => {
  it.each(drafts)("%j survives the wire and reads as %s", (draft, words) => {
    const { range, problems } = rangeOf(draft);
    expect(problems).toEqual([]);
    expect(readRange(range)).toEqual(draft);
    expect(describeRange(range)).toBe(words);
  });

  it("from the empty key on is every key", () => {
    expect(rangeOf({ key: "", reach: "from", end: "" })).toEqual(
      rangeOf({ key: "", reach: "prefix", end: "" }),
    );
  });

  it.each([
    [{ key: "", reach: "key", end: "" }, "key"],
    [{ key: "a\\", reach: "prefix", end: "" }, "key"],
    [{ key: "b", reach: "until", end: "" }, "end"],
    [{ key: "b", reach: "until", end: "a" }, "end"],
    [{ key: "b", reach: "until", end: "b" }, "end"],
  ] as const)("%j has a problem at its %s", (draft, field) => {
    expect(rangeOf(draft).problems.map((problem) => problem.field)).toEqual([field]);
  });

  it.each([
    [0, "app/a", true],
    [0, "app/aa", false],
    [1, "app/x/y", true],
    [1, "apq", false],
    [2, "\u0000", true],
    [3, "zzz", true],
    [3, "aaa", false],
    [4, "lzz", true],
    [4, "m", false],
  ])("%i contains %j: %s", (at, key, inside) => {
    const draft = drafts[at]?.[0] ?? { key: "", reach: "key", end: "" };
    expect(rangeContains(rangeOf(draft).range, bytes(key))).toBe(inside);
  });
});
