import { expect, test } from "vitest";
import { compareBytes } from "./byte-range.js";
import { CorruptionError } from "./corruption-error.js";
import {
  checkRevisionKey,
  createMetaRevision,
  createRevisionKey,
  isTombstoneKey,
  mainOfKey,
  parseMetaRevision,
  subOfKey,
} from "./revision-key.js";
import { TABLE_NAMES, tableBounds, tableKey, tableOfPrefix } from "./table-keys.js";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const MAINS = [0, 1, 2, 255, 256, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, Number.MAX_SAFE_INTEGER];

test("revision 2 is etcd's 17 bytes behind the table's, a tombstone one more", () => {
  expect(hex(createRevisionKey(2, 0, false).subarray(1))).toBe("00000000000000025f0000000000000000");
  expect(hex(createRevisionKey(2, 3, true).subarray(1))).toBe("00000000000000025f000000000000000374");
});

test("keys of revisions read back and sort like (main, sub)", () => {
  const keys = MAINS.flatMap((main) =>
    [0, 1, 300].map((sub) => {
      const key = createRevisionKey(main, sub, sub === 1);
      checkRevisionKey(key);
      expect([mainOfKey(key), subOfKey(key), isTombstoneKey(key)]).toEqual([main, sub, sub === 1]);
      return key;
    }),
  );
  for (let i = 1; i < keys.length; i++) {
    expect(compareBytes(keys[i - 1] as Uint8Array, keys[i] as Uint8Array)).toBeLessThan(0);
  }
});

test("revisions in meta rows read back; other bytes are corrupt and named", () => {
  for (const main of MAINS) expect(parseMetaRevision(createMetaRevision(main), "x")).toBe(main);
  expect(() => parseMetaRevision(new Uint8Array(17), "scheduledCompactRev")).toThrow(
    /scheduledCompactRev.*0000/,
  );
  expect(() =>
    parseMetaRevision(Uint8Array.from([255, 0, 0, 0, 0, 0, 0, 0, 0x5f, 0, 0, 0, 0, 0, 0, 0, 0]), "x"),
  ).toThrow(CorruptionError);
});

test("malformed revision keys are corrupt", () => {
  const good = createRevisionKey(5, 0, true);
  for (const bad of [
    good.subarray(0, 17),
    good.with(9, 0x5e),
    good.with(18, 0x75),
    good.with(0, 1),
    new Uint8Array(20),
  ]) {
    expect(() => {
      checkRevisionKey(bad);
    }).toThrow(CorruptionError);
  }
});

test("tables lie apart in the order of their names, and a prefix between them is of none", () => {
  expect([...TABLE_NAMES].sort()).toEqual(TABLE_NAMES);
  let end: Uint8Array = Uint8Array.of(0);
  for (const table of TABLE_NAMES) {
    const { from, to } = tableBounds(table);
    expect(compareBytes(end, from)).toBeLessThanOrEqual(0);
    expect(tableOfPrefix(tableKey(table, Uint8Array.of(7))[0])).toBe(table);
    end = to;
  }
  expect(() => tableOfPrefix(1)).toThrow(CorruptionError);
  expect(() => tableOfPrefix(0)).toThrow(CorruptionError);
});
