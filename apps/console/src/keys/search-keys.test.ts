import { beforeAll, describe, expect, it } from "vitest";
import { text, useConsole, utf8 } from "../testing/use-console.js";
import { createMatcher } from "./search-keys.js";

const app = useConsole();

describe("a search", () => {
  beforeAll(async () => {
    for (const [key, value] of [
      ["s/Alpha", "x"],
      ["s/beta", "has ALPHA inside"],
      ["s/gamma/alpha", "y"],
      ["t/alpha", "z"],
    ] as const) {
      await app.kv.put({ key: utf8(key), value: utf8(value) });
    }
  });

  async function find(request: Parameters<typeof app.console.searchKeys>[0]): Promise<string[]> {
    const found: string[] = [];
    let isDone = false;
    for await (const { keys, done } of app.console.searchKeys(request)) {
      expect(isDone).toBe(false);
      isDone = done;
      for (const { key, value } of keys) {
        expect(value).toHaveLength(0);
        found.push(text(key));
      }
    }
    expect(isDone).toBe(true);
    return found;
  }

  it("finds keys that contain a text, in order", async () => {
    expect(await find({ text: "alpha" })).toEqual(["s/gamma/alpha", "t/alpha"]);
    expect(await find({ text: "alpha", prefix: utf8("s/"), ignoreCase: true })).toEqual([
      "s/Alpha",
      "s/gamma/alpha",
    ]);
  });

  it("looks into values when asked to", async () => {
    expect(await find({ text: "ALPHA", inValues: true })).toEqual(["s/beta"]);
  });

  it("ends at its limit", async () => {
    expect(await find({ text: "a", limit: 2 })).toEqual(["s/Alpha", "s/beta"]);
  });

  it("finds nothing where there is nothing", async () => {
    expect(await find({ text: "a", prefix: utf8("nothing") })).toEqual([]);
  });
});

describe("the matcher", () => {
  it.each([
    ["caf\u00e9", "CAF\u00c9", true, true],
    ["caf\u00e9", "CAF\u00c9", false, false],
    ["\u00e9", "\u00c9\u00e9", true, true],
    ["k", "\u212a", true, false],
    ["AB", "xxaByy", true, true],
    ["", "anything", false, true],
  ])("%j in %j, case ignored: %s, is %s", (wanted, content, ignoreCase, expected) => {
    expect(createMatcher(wanted, ignoreCase)(utf8(content))).toBe(expected);
  });

  it("finds a text among bytes that are no text", () => {
    expect(createMatcher("a", true)(Uint8Array.of(0xff, 0x41, 0xfe))).toBe(true);
  });
});
