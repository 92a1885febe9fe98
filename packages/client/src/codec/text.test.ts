import { expect, test } from "vitest";
import { json, utf8 } from "./codec.js";

test.each([
  "",
  "plain",
  "gr\u00fc\u00df dich",
  "\ufeffbegins with a mark",
  "\ufeff",
  `${"x".repeat(60)}\ufeff`,
  "\0",
])("text is read as it was written: %j", (text) => expect(utf8.decode(utf8.encode(text))).toBe(text));

test("JSON of a file that begins with a byte order mark is read", () => {
  expect(json<number[]>().decode(utf8.encode("\ufeff[1]"))).toEqual([1]);
});

test.each([5, {}, null, undefined, ["a"]])("what is no text is not written as text: %j", (value) => {
  expect(() => utf8.encode(value as string)).toThrow(TypeError);
});
