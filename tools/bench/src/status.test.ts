import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { expect, test } from "vitest";
import { parseStatus } from "./status.js";

test("a status is read from the fields that matter, ids in full", () => {
  const id = 0xfedc_ba98_7654_3210n;
  const header = new BinaryWriter().tag(1, 0).uint64(7n).tag(2, 0).uint64(id).finish();
  const message = new BinaryWriter()
    .tag(1, 2)
    .bytes(header)
    .tag(2, 2)
    .string("3.7.0")
    .tag(4, 0)
    .uint64(id)
    .tag(6, 0)
    .uint64(3n)
    .tag(7, 0)
    .uint64(99n)
    .finish();
  expect(parseStatus(message)).toEqual({ memberId: id, leaderId: id, term: 3, appliedIndex: 99 });
});

test("what is absent is 0", () => {
  expect(parseStatus(new Uint8Array())).toEqual({ memberId: 0n, leaderId: 0n, term: 0, appliedIndex: 0 });
});
