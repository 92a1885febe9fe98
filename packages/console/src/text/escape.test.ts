import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeUtf8, escapeBytes, isEditableText, parseEscaped, tryParseEscaped } from "./escape.js";

test.each([
  ["plain text stays", "/registry/pods/größe", "/registry/pods/größe"],
  ["line breaks and backslashes get names", "a\n\\b\t", "a\\n\\\\b\\t"],
  ["NUL is a byte", "k8s\0", "k8s\\x00"],
  ["text that turns direction is shown", "a\u202eb", "a\\u{202e}b"],
])("%s", (_name, text, shown) => {
  expect(escapeBytes(encodeUtf8(text))).toBe(shown);
});

test("bytes that are not UTF-8 are shown one by one between the text around them", () => {
  expect(escapeBytes(Uint8Array.from([0x61, 0xff, 0xc3, 0xa4, 0xe2, 0x82, 0x62]))).toBe("a\\xffä\\xe2\\x82b");
});

test("what was escaped parses back to the same bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      expect([...parseEscaped(escapeBytes(bytes))]).toEqual([...bytes]);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const bytes = encodeUtf8(text);
      expect([...parseEscaped(escapeBytes(bytes))]).toEqual([...bytes]);
    }),
  );
});

test("a broken escape is refused", () => {
  expect(() => parseEscaped("a\\q")).toThrow(SyntaxError);
  expect(tryParseEscaped("\\u{110000}")).toBeUndefined();
});

test("an editor takes lines and tabs but no NUL", () => {
  expect(isEditableText("a\n\tb")).toBe(true);
  expect(isEditableText("a\0b")).toBe(false);
});
