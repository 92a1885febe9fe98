import { expect, test } from "vitest";
import { JsonValues } from "./json-values.js";

const body = '{"a":"}{\\"[é"} {"b":[1,{"c":"\\\\"}]}\n5 "x{" [1]true{}';
const expected = ['{"a":"}{\\"[é"}', '{"b":[1,{"c":"\\\\"}]}', "5", '"x{"', "[1]", "true", "{}"];

test.each([1, 2, 3, 7, 1000])("values are found wherever the body is cut, %i bytes at a time", (size) => {
  const values = new JsonValues({ bytesMax: 100 });
  const bytes = Buffer.from(body);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += size) {
    const taken = values.push(bytes.subarray(at, at + size));
    if (taken === "too-large") expect.unreachable();
    else found.push(...taken);
  }
  expect(found).toEqual(expected);
  expect(values.rest()).toBeUndefined();
});

test("what is not closed is left at the end, white space is nothing", () => {
  const values = new JsonValues({ bytesMax: 100 });
  expect(values.push(Buffer.from(' {} \n{"a":'))).toEqual(["{}"]);
  expect(values.rest()).toBe('{"a":');
  expect(values.push(Buffer.from("  \n "))).toEqual([]);
  expect(values.rest()).toBeUndefined();
});

test("a value may not be larger than the limit, however small its pieces", () => {
  const values = new JsonValues({ bytesMax: 10 });
  expect(values.push(Buffer.from('{"a":'))).toEqual([]);
  expect(values.push(Buffer.from('"012345'))).toBe("too-large");
});
