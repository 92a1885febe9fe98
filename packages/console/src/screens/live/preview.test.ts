import { create, mvccpb } from "@quorate/proto";
import { describe, expect, it } from "vitest";
import { formatClock } from "./clock.js";
import { indexOf } from "./event-list.js";
import { rowOf } from "./event-row.js";
import { pretty } from "./pretty.js";
import { previewOf } from "./preview.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("a value on one line", () => {
  it.each([
    ["plain", "plain"],
    ["two\n  lines\t.", "two lines ."],
    ["x".repeat(300), `${"x".repeat(200)}…`],
    ["\u0000", "\\x00"],
  ])("of %j", (value, line) => {
    expect(previewOf(bytes(value))).toBe(line);
  });
});

describe("time of day", () => {
  it("has 24 hours", () => {
    expect(formatClock(new Date(2026, 0, 1, 19, 3, 9).getTime())).toBe("19:03:09");
  });
});

describe("JSON", () => {
  it("is spread over lines, everything else is left alone", () => {
    expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(pretty("{broken")).toBe("{broken");
    expect(pretty("12")).toBe("12");
  });
});

describe("rows", () => {
  const rows = [2, 5, 9].map((sequence) => rowOf(create(mvccpb.EventSchema), sequence, 0));

  it.each([
    [2, 0],
    [5, 1],
    [9, 2],
    [1, -1],
    [6, -1],
    [10, -1],
  ])("with sequence %i are at %i", (sequence, at) => {
    expect(indexOf(rows, sequence)).toBe(at);
  });
});
