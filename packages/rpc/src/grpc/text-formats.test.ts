import { expect, test } from "vitest";
import { isGrpcContentType } from "./field-rules.js";
import { percentEncode } from "./percent-encoding.js";
import { isBinaryValue, FieldMetadata } from "./field-metadata.js";
import { parseTimeoutMs } from "./timeout.js";

test.each([
  ["1H", 3_600_000],
  ["2M", 120_000],
  ["99999999S", 99_999_999_000],
  ["5S", 5_000],
  ["250m", 250],
  ["1500u", 1.5],
  ["1000000n", 1],
  ["0m", 0],
])("the timeout %s is %d ms", (text, ms) => {
  expect(parseTimeoutMs(text)).toBeCloseTo(ms, 9);
});

test.each(["", "S", "1", "1s", "1h", "-1S", "+1S", " 1S", "1 S", "1.5S", "123456789S", "1SS", "0x1S"])(
  "the timeout %j is malformed",
  (text) => {
    expect(parseTimeoutMs(text)).toBeUndefined();
  },
);

test.each([
  ["plain text", "plain text"],
  ["100%", "100%25"],
  ["a\nb", "a%0Ab"],
  ["é", "%C3%A9"],
  ["☃", "%E2%98%83"],
  ["~", "~"],
  ["\x7f", "%7F"],
  ["", ""],
])("the status text %j is sent as %s", (text, encoded) => {
  expect(percentEncode(text)).toBe(encoded);
  expect(decodeURIComponent(encoded)).toBe(text);
});

test.each([
  ["application/grpc", true],
  ["application/grpc+proto", true],
  ["application/grpc;charset=utf-8", true],
  ["application/grpc-web", false],
  ["application/json", false],
  ["", false],
])("content-type %j is gRPC: %s", (type, expected) => {
  expect(isGrpcContentType(type)).toBe(expected);
});

test.each([
  ["", true],
  ["YQ", true],
  ["YQ==", true],
  ["YQ=", false],
  ["Y", false],
  ["YWJj,YQ", true],
  ["YWJj, YQ==", true],
  ["Y W", false],
  ["YQ-_", false],
])("the binary value %j is base64: %s", (value, expected) => {
  expect(isBinaryValue(value)).toBe(expected);
});

test("metadata keeps order, repeats names, splits joined bytes and ignores the case of the name asked for", () => {
  const metadata = new FieldMetadata(["a", "x-bin", "a"], ["1", "YQ,Yg==", "2"]);
  expect(metadata.get("A")).toBe("1");
  expect(metadata.getAll("a")).toEqual(["1", "2"]);
  expect(metadata.get("none")).toBeUndefined();
  expect(metadata.getAll("none")).toEqual([]);
  expect(metadata.getAll("x-bin")).toEqual(["YQ", "Yg=="]);
  expect(Buffer.from(metadata.getBytes("x-bin") ?? []).toString()).toBe("a");
  expect([...metadata.entries()]).toEqual([
    ["a", "1"],
    ["x-bin", "YQ,Yg=="],
    ["a", "2"],
  ]);
});
