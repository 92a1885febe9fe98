import { consolepb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { text, useConsole, utf8 } from "../testing/use-console.js";

const app = useConsole();
const { HistoryEnd } = consolepb;
const ENDS = new Map<number, string>(Object.entries(HistoryEnd).map(([name, end]) => [end, name]));

/** `value@revision`, `-@revision` for a deletion, and why there is no more. */
async function history(key: string, limit = 0): Promise<string[]> {
  const told: string[] = [];
  for await (const { states, end } of app.console.listHistory({ key: utf8(key), limit })) {
    told.push(
      ...states.map(({ revision, key }) => `${key === undefined ? "-" : text(key.value)}@${revision}`),
    );
    if (end !== HistoryEnd.UNSPECIFIED) told.push(ENDS.get(end) ?? "?");
  }
  return told;
}

async function put(key: string, value: string): Promise<bigint> {
  const { header } = await app.kv.put({ key: utf8(key), value: utf8(value) });
  return header?.revision ?? 0n;
}

async function remove(key: string): Promise<bigint> {
  const { header } = await app.kv.deleteRange({ key: utf8(key) });
  return header?.revision ?? 0n;
}

describe("a key's history", () => {
  it("goes from its newest state back to its creation", async () => {
    const a = await put("one", "a");
    await put("other", "x");
    const b = await put("one", "b");
    expect(await history("one")).toEqual([`b@${b}`, `a@${a}`, "CREATED"]);
  });

  it("has deletions and earlier lives in their places", async () => {
    const a = await put("two", "a");
    const b = await put("two", "b");
    const gone = await remove("two");
    await put("other", "y");
    const c = await put("two", "c");
    const d = await put("two", "d");
    expect(await history("two")).toEqual([`d@${d}`, `c@${c}`, `-@${gone}`, `b@${b}`, `a@${a}`, "CREATED"]);
  });

  it("of a key that is gone begins with its deletion", async () => {
    const a = await put("three", "a");
    const gone = await remove("three");
    await put("other", "z");
    expect(await history("three")).toEqual([`-@${gone}`, `a@${a}`, "CREATED"]);
  });

  it("of a key that never was is empty", async () => {
    expect(await history("never")).toEqual(["CREATED"]);
  });

  it("ends at its limit, within a life and across lives", async () => {
    await put("four", "a");
    const b = await put("four", "b");
    const gone = await remove("four");
    const c = await put("four", "c");
    const d = await put("four", "d");
    expect(await history("four", 1)).toEqual([`d@${d}`, "LIMIT"]);
    expect(await history("four", 2)).toEqual([`d@${d}`, `c@${c}`, "LIMIT"]);
    expect(await history("four", 4)).toEqual([`d@${d}`, `c@${c}`, `-@${gone}`, `b@${b}`, "LIMIT"]);
  });

  it("ends where the store has forgotten, within a life and across lives", async () => {
    await put("five", "a");
    const b = await put("five", "b");
    const c = await put("five", "c");
    await put("six", "a");
    await remove("six");
    const e = await put("six", "e");
    await app.kv.compact({ revision: c, physical: true });
    expect(await history("five")).toEqual([`c@${c}`, "COMPACTED"]);
    await app.kv.compact({ revision: e, physical: true });
    expect(await history("six")).toEqual([`e@${e}`, "COMPACTED"]);
    expect(b).toBeLessThan(c);
  });
});
