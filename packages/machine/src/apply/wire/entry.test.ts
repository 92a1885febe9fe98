/** Entries are what the generated code makes of the same InternalRaftRequest, and request ids follow upstream's recipe. */
import { create, etcdserverpb as pb, toBinary } from "@quorate/proto";
import { expect, test } from "vitest";
import {
  EntryEncoder,
  EntryView,
  OPERATION,
  RequestIds,
  decodeEntry,
  entrySize,
  requestIdPrefix,
} from "./entry.js";
import { WireReader } from "./wire-reader.js";

const put = { key: Uint8Array.of(0x61), value: Uint8Array.of(0x62) };
const putBytes = toBinary(pb.PutRequestSchema, create(pb.PutRequestSchema, put));

test("the published example: put a=b with id 1", () => {
  const entry = new EntryEncoder().encode(OPERATION.put, putBytes, { idPrefix: 0, idSuffix: 1 });
  expect(Buffer.from(entry).toString("hex")).toBe("22060a0161120162a206020801");
});

test.each([
  [0, 0],
  [0, 127],
  [0, 2 ** 32],
  [0x12, 0x345601],
  [0xffff, 2 ** 48 - 1],
  [1, 0],
  [0, 2 ** 35 - 1],
  [0, 2 ** 35],
  [0x7f, 0],
])("an entry with id prefix %i and suffix %i is the generated one, and reads back", (idPrefix, idSuffix) => {
  for (const auth of [{}, { user: Buffer.from("root"), authRevision: 2 ** 40 }]) {
    const header = { idPrefix, idSuffix, ...auth };
    const entry = new EntryEncoder().encode(OPERATION.put, putBytes, header);
    const ID = (BigInt(idPrefix) << 48n) | BigInt(idSuffix);
    const isUser = "user" in auth;
    const expected = toBinary(
      pb.InternalRaftRequestSchema,
      create(pb.InternalRaftRequestSchema, {
        header: { ID, username: isUser ? "root" : "", authRevision: isUser ? 2n ** 40n : 0n },
      }),
    );
    // The generated code orders by field number: the header, 100, comes behind the operation, 4, there as well.
    expect(new Uint8Array(entry)).toEqual(Uint8Array.from([0x22, putBytes.length, ...putBytes, ...expected]));
    expect(entrySize(OPERATION.put, putBytes.length, header)).toBe(entry.length);
    const view = new EntryView();
    decodeEntry(new WireReader(), entry, view);
    expect(view).toMatchObject({ operation: OPERATION.put, idPrefix, idSuffix });
    expect(new Uint8Array(entry.slice(view.start, view.end))).toEqual(new Uint8Array(putBytes));
    expect(Buffer.from(entry.subarray(view.userStart, view.userEnd)).toString()).toBe(isUser ? "root" : "");
    expect(view.authRevision).toBe(isUser ? 2 ** 40 : 0);
  }
});

test("entries share slabs without touching each other", () => {
  const encoder = new EntryEncoder();
  const entries: Uint8Array[] = [];
  for (let i = 0; i < 2000; i++) {
    const request = new Uint8Array(i % 300).fill(i);
    entries.push(encoder.encode(OPERATION.txn, request, { idPrefix: 1, idSuffix: i + 1 }));
  }
  const view = new EntryView();
  for (const [i, entry] of entries.entries()) {
    decodeEntry(new WireReader(), entry, view);
    expect([view.operation, view.idSuffix, view.end - view.start]).toEqual([OPERATION.txn, i + 1, i % 300]);
    expect(entry.subarray(view.start, view.end).every((byte) => byte === i % 256)).toBe(true);
  }
  expect(encoder.encode(OPERATION.put, new Uint8Array(100_000), { idPrefix: 1, idSuffix: 1 }).length).toBe(
    100_000 + 1 + 3 + 3 + 8,
  );
});

test("every operation is found, whatever its number", () => {
  for (const operation of Object.values(OPERATION)) {
    const entry = new EntryEncoder().encode(operation, new Uint8Array(0), { idPrefix: 3, idSuffix: 9 });
    const view = new EntryView();
    decodeEntry(new WireReader(), entry, view);
    expect([view.operation, view.idPrefix, view.idSuffix]).toEqual([operation, 3, 9]);
  }
});

test("the id of old entries is field 1 of the request itself", () => {
  const view = new EntryView();
  decodeEntry(new WireReader(), Uint8Array.of(0x08, 0x07, 0x22, 0x00), view);
  expect(view).toMatchObject({ operation: OPERATION.put, idPrefix: 0, idSuffix: 7 });
});

test("the published vector: member 0x12 at 0x3456 ms", () => {
  const ids = new RequestIds(0x3456);
  expect(requestIdPrefix(0x12n)).toBe(0x12);
  expect(requestIdPrefix(0x8e9e05c52164694dn)).toBe(0x694d);
  expect([ids.next(), ids.next()]).toEqual([0x345601, 0x345602]);
  // 40 bits of milliseconds, then 48 bits in all.
  expect(new RequestIds(2 ** 40 + 5).next()).toBe(5 * 256 + 1);
  const last = new RequestIds(2 ** 40 - 1);
  for (let i = 0; i < 255; i++) last.next();
  expect(last.next()).toBe(0);
});
