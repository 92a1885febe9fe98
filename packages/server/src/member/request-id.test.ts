import { describe, expect, test } from "vitest";
import { NO_SUFFIX, OwnRequestIds } from "./request-id.js";

/** put a=b with header.ID `id`, header last as etcd writes it, or first. */
function entryWithId(id: bigint, headerFirst: boolean): Uint8Array {
  const varint: number[] = [];
  for (let rest = id; ; rest >>= 7n) {
    if (rest < 0x80n) {
      varint.push(Number(rest));
      break;
    }
    varint.push(Number(rest & 0x7fn) | 0x80);
  }
  const put = [0x22, 6, 0x0a, 1, 0x61, 0x12, 1, 0x62];
  const header = [0xa2, 0x06, varint.length + 1, 0x08, ...varint];
  return Uint8Array.from(headerFirst ? [...header, ...put] : [...put, ...header]);
}

function firstId(memberId: bigint, unixMs: number): bigint {
  const ids = new OwnRequestIds(memberId, unixMs);
  return ids.idOf(ids.nextSuffix());
}

describe("request ids", () => {
  test("the first id follows etcd's recipe", () => {
    expect(firstId(0x12n, 0x3456)).toBe(0x0012000000345601n);
  });

  test.each([false, true])(
    "an id is found again in the entry that carries it (header first: %j)",
    (headerFirst) => {
      for (const memberId of [0x0n, 0x12n, 0x8e9e05c52164694dn, 0xffffn, 0x8000n]) {
        const ids = new OwnRequestIds(memberId, 1_763_832_000_123);
        for (let i = 0; i < 300; i++) {
          const suffix = ids.nextSuffix();
          expect(ids.suffixOf(entryWithId(ids.idOf(suffix), headerFirst))).toBe(suffix);
        }
      }
    },
  );

  test("ids of other members and entries without an id give none", () => {
    const ids = new OwnRequestIds(0x12n, 5);
    expect(ids.suffixOf(entryWithId(0x0013000000345601n, false))).toBe(NO_SUFFIX);
    expect(ids.suffixOf(Uint8Array.of())).toBe(NO_SUFFIX);
    expect(ids.suffixOf(Uint8Array.of(0x22, 6, 0x0a, 1))).toBe(NO_SUFFIX);
    expect(ids.suffixOf(Uint8Array.of(0xa2, 0x06, 2, 0x08))).toBe(NO_SUFFIX);
    expect(ids.suffixOf(Uint8Array.of(0x23, 1))).toBe(NO_SUFFIX);
  });
});
