import fc from "fast-check";
import { expect, test } from "vitest";
import { equalBytes } from "../../text/bytes.js";
import { encodeUtf8 } from "../../text/escape.js";
import { reindentJson } from "./json-text.js";
import {
  detectFormat,
  editFormat,
  editLayout,
  editValue,
  formatsOf,
  hexDump,
  parseValue,
  remarkOn,
  showValue,
} from "./value-format.js";

test.each([
  ["", "text"],
  ["true", "text"],
  ["42", "text"],
  ['{"a":1}', "json"],
  ["  [1, 2]\n", "json"],
  ['{"a":', "text"],
  ["a: 1\nb:\n  - x\n", "yaml"],
  ["---\nname: x", "yaml"],
  ["Dear reader: hello\nthis is a letter\nwith lines", "text"],
  ["https://example.com:8080", "text"],
  ["k8s\0\n\x0c", "kubernetes"],
  ["a\0b", "hex"],
])("%j is taken for %s", (text, format) => {
  expect(detectFormat(encodeUtf8(text))).toBe(format);
});

test("bytes that are no text are shown as hex", () => {
  expect(formatsOf(Uint8Array.from([0xff, 0xfe]))).toEqual(["hex", "base64"]);
  expect(hexDump(encodeUtf8("Hello, quorum\n\x7f"))).toBe(
    "000000  48 65 6c 6c 6f 2c 20 71  75 6f 72 75 6d 0a 7f     Hello, quorum··",
  );
});

test("JSON is laid out and loses nothing", () => {
  const source = '{"id":9007199254740993,"a":[],"b":{},"c":[1,{"d":"x\\"y: {"}],"id":1e400}';
  const shown = reindentJson(source, 2);
  expect(shown).toContain('"id": 9007199254740993,');
  expect(shown).toContain('"c": [\n    1,\n    {\n      "d": "x\\"y: {"\n    }\n  ]');
  expect(reindentJson(shown, 0)).toBe(source);
});

test("laying out is undone by compacting, for any JSON", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(JSON.parse(reindentJson(text, 2))).toEqual(JSON.parse(text));
      expect(reindentJson(reindentJson(text, 4), 0)).toBe(reindentJson(text, 0));
    }),
  );
});

test("what is edited in any format comes back to the same bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (value) => {
      for (const shown of formatsOf(value)) {
        const format = editFormat(value, shown);
        expect(
          equalBytes(parseValue(editValue(value, format), format, editLayout(value, format)), value),
        ).toBe(true);
      }
    }),
  );
});

test("JSON on one line is edited laid out and saved on one line", () => {
  const value = encodeUtf8('{"a":[1,2]}');
  const layout = editLayout(value, "json");
  expect(editValue(value, "json")).toContain("\n");
  expect(new TextDecoder().decode(parseValue('{"a": [1,\n2, 3]}', "json", layout))).toBe('{"a":[1,2,3]}');
  expect(editLayout(encodeUtf8('{ "a": 1 }'), "json")).toBe("as-stored");
});

test("a Kubernetes object is edited as bytes, JSON never as YAML", () => {
  expect(editFormat(encodeUtf8("k8s\0x"), "kubernetes")).toBe("hex");
  expect(editFormat(encodeUtf8('{"a":1}'), "yaml")).toBe("json");
});

test("what cannot be bytes is refused, what is merely odd is remarked", () => {
  expect(remarkOn("0g", "hex")).toMatch(/hexadecimal/);
  expect(remarkOn("{", "json")).toMatch(/not JSON/);
  expect(remarkOn("{", "text")).toBeUndefined();
  expect(showValue(encodeUtf8("hi"), "base64")).toBe("aGk=");
});
