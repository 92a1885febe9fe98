import { expect, test } from "vitest";
import {
  compareAndSwap,
  frame,
  leaseGrant,
  putAll,
  putRequest,
  rangeRequest,
  readReply,
  watchCreate,
} from "./messages.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const bytes = (text: string): Uint8Array => Buffer.from(text);

// Expected bytes are what etcd's own client library sends for the same requests.
test.for<[string, Uint8Array, string]>([
  ["put", putRequest("k", bytes("v")), "0a016b120176"],
  ["get", rangeRequest("k"), "0a016b"],
  ["serializable range", rangeRequest("a", { end: "b", serializable: true }), "0a01611201623801"],
  ["count", rangeRequest("k", { countOnly: true }), "0a016b4801"],
  [
    "compare and swap",
    compareAndSwap("k", bytes("v"), bytes("w")),
    "0a0a080010031a016b3a01761208" + "12060a016b120177",
  ],
  ["two puts", putAll(["a", "b"], bytes("v")), "1208" + "12060a0161120176" + "1208" + "12060a0162120176"],
  ["watch", watchCreate("k"), "0a030a016b"],
  ["lease", leaseGrant(60), "083c"],
])("%s", ([, message, expected]) => {
  expect(hex(message)).toBe(expected);
});

test("a frame says how long its message is", () => {
  expect(hex(frame(bytes("abc")))).toBe("0000000003616263");
});

test("a reply tells its revision, its count and whether the comparison held", () => {
  const header = "0a090801100218ac022001";
  expect(readReply(Buffer.from(`${header}2003`, "hex"))).toEqual({
    revision: 300,
    succeeded: false,
    count: 3,
  });
  expect(readReply(Buffer.from(`${header}1001`, "hex"))).toEqual({
    revision: 300,
    succeeded: true,
    count: 0,
  });
});
