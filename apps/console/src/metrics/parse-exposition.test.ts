import { describe, expect, it } from "vitest";
import { parseExposition } from "./parse-exposition.js";

describe("Prometheus' text format", () => {
  it("takes the wanted names and leaves comments, timestamps and all others", () => {
    const page = '# HELP a what\n# TYPE a counter\na 3\nab 4\nb{x="1"} 2.5e+06 1700000000000\nb{x="2"} 1\n';
    expect(parseExposition(page, new Set(["a", "b"]))).toEqual(
      new Map([
        ["a", [{ labels: {}, value: 3 }]],
        [
          "b",
          [
            { labels: { x: "1" }, value: 2_500_000 },
            { labels: { x: "2" }, value: 1 },
          ],
        ],
      ]),
    );
  });

  it("reads escapes, braces and commas inside of labels, and infinite bounds", () => {
    const page = 'h_bucket{name="a\\"b}\\n, c\\\\",le="+Inf",} 7';
    expect(parseExposition(page, new Set(["h_bucket"])).get("h_bucket")).toEqual([
      { labels: { name: 'a"b}\n, c\\', le: "+Inf" }, value: 7 },
    ]);
  });

  it("reads NaN and both infinities as values", () => {
    const values = parseExposition("a NaN\na +Inf\na -Inf", new Set(["a"])).get("a");
    expect(values?.map(({ value }) => value)).toEqual([Number.NaN, Infinity, -Infinity]);
  });

  it("skips what is not of the format", () => {
    expect(parseExposition('<html>\na\na{x="1\na{x} 3\na text', new Set(["a"]))).toEqual(new Map());
  });
});
