import { describe, expect, it } from "vitest";
import { buildTxn } from "./build.js";
import { moveBy, removeAt, replaceAt } from "./edit.js";
import { TEMPLATES } from "./templates.js";

describe("lists", () => {
  const list = ["a", "b", "c"];

  it("are replaced, shortened and reordered without being changed", () => {
    expect(replaceAt(list, 1, "x")).toEqual(["a", "x", "c"]);
    expect(removeAt(list, 0)).toEqual(["b", "c"]);
    expect(moveBy(list, 1, 1)).toEqual(["a", "c", "b"]);
    expect(moveBy(list, 1, -1)).toEqual(["b", "a", "c"]);
    expect(list).toEqual(["a", "b", "c"]);
  });

  it("keep their order at the edges", () => {
    expect(moveBy(list, 0, -1)).toBe(list);
    expect(moveBy(list, 2, 1)).toBe(list);
  });
});

describe("templates", () => {
  it.each(TEMPLATES)("$title can be run as it is", ({ draft }) => {
    expect(buildTxn(draft)).toHaveProperty("request");
  });
});
