/** Rule 25 of kv-watch-lease 13 and the table of 4.6: which transactions could write a key twice. */
import { decodeTxn } from "@quorate/machine";
import { create, etcdserverpb as pb, toBinary, type MessageInitShape } from "@quorate/proto";
import { expect, test } from "vitest";
import { op } from "../testing/kv-client.js";
import { checkDuplicateKeys } from "./check-duplicate-keys.js";

type Ops = MessageInitShape<typeof pb.RequestOpSchema>[];

function check(success: Ops): "ok" | "duplicate-key" {
  const message = toBinary(pb.TxnRequestSchema, create(pb.TxnRequestSchema, { success }));
  return checkDuplicateKeys(decodeTxn(message, 0, message.length).success) === undefined
    ? "ok"
    : "duplicate-key";
}

const then = (...success: Ops): Ops[number] => op.txn({ success });
const otherwise = (...failure: Ops): Ops[number] => op.txn({ failure });
const putA = op.put("a", "1");

const refused: Record<string, Ops> = {
  "put and put": [putA, op.put("a", "2")],
  "put and delete": [putA, op.delete("a")],
  "delete and put": [op.delete("a"), putA],
  "put and a delete whose range covers it": [putA, op.delete("a", "b")],
  "put and a delete that begins before it": [op.delete("A", "b"), putA],
  "put and a nested delete": [putA, then(op.delete("a"))],
  "put and a nested delete in the other branch": [putA, otherwise(op.delete("a"))],
  "put and a delete two levels down": [putA, then(otherwise(op.delete("a", "c")))],
  "delete and a nested put": [op.delete("a"), then(putA)],
  "delete and a nested put in the other branch": [op.delete("a", "b"), otherwise(putA)],
  "two nested puts": [then(putA), then(putA)],
  "two nested puts in different branches of different transactions": [then(putA), otherwise(putA)],
  "put and nested put": [then(putA), putA],
  "nested delete, then nested put": [then(op.delete("a")), then(putA)],
  "put and put inside one nested branch": [then(putA, op.put("a"))],
};

const allowed: Record<string, Ops> = {
  nothing: [],
  "delete and delete": [op.delete("a"), op.delete("a")],
  "overlapping deletes": [op.delete("a", "c"), op.delete("b", "d")],
  "put and a delete whose range ends at it": [putA, op.delete("A", "a")],
  "put and a delete that begins after it": [putA, op.delete("a\0", "b")],
  "ranges with anything": [putA, op.range("a"), op.range("a")],
  "the same put in both branches of one nested transaction": [op.txn({ success: [putA], failure: [putA] })],
  "then delete, else put, in one nested transaction": [
    op.txn({ success: [op.delete("a")], failure: [putA] }),
  ],
  "then put, else delete, in one nested transaction": [
    op.txn({ success: [putA], failure: [op.delete("a")] }),
  ],
  "nested put, then nested delete": [then(putA), then(op.delete("a"))],
  "delete from a key on, which no interval is made of": [op.delete("\0", "\0"), putA],
  "delete of an inverted range": [op.delete("c", "a"), op.put("b")],
  "keys that differ in their last byte": [op.put("a\xff"), op.put("a\xfe")],
};

test.each(Object.keys(refused))("refused: %s", (name) => {
  expect(check(refused[name] ?? [])).toBe("duplicate-key");
});

test.each(Object.keys(allowed))("allowed: %s", (name) => {
  expect(check(allowed[name] ?? [])).toBe("ok");
});
