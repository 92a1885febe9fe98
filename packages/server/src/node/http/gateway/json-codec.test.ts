import { etcdserverpb, fromBinary } from "@quorate/proto";
import { expect, test } from "vitest";
import { decodeResponse, encodeRequest, quoteLongIntegers } from "./json-codec.js";

test.each([
  ['{"ID":7587895410432412345}', '{"ID":"7587895410432412345"}'],
  ["[-9223372036854775808, 1234567890123456,5]", '["-9223372036854775808", "1234567890123456",5]'],
  [
    '{"a":"\\"1234567890123456789","b":123456789012345}',
    '{"a":"\\"1234567890123456789","b":123456789012345}',
  ],
  [
    "[1234567890123456789.5,0.1234567890123456789,1e10]",
    "[1234567890123456789.5,0.1234567890123456789,1e10]",
  ],
  ['{"a":"1234567890123456789', '{"a":"1234567890123456789'],
  ["1234567890123456789", '"1234567890123456789"'],
])("long whole numbers of %s are put between quotes, and nothing else is touched", (text, expected) => {
  expect(quoteLongIntegers(text)).toBe(expected);
});

test("ids that clients send as numbers arrive exactly", () => {
  const bytes = encodeRequest(etcdserverpb.LeaseRevokeRequestSchema, '{"ID":7587895410432412345}');
  expect(fromBinary(etcdserverpb.LeaseRevokeRequestSchema, bytes).ID).toBe(7587895410432412345n);
  expect(decodeResponse(etcdserverpb.LeaseRevokeRequestSchema, bytes)).toBe('{"ID":"7587895410432412345"}');
});
