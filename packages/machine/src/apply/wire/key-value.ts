/**
 * Encoded `mvccpb.KeyValue`s, the stored form of a revision. Only the store makes records of its own; this is what requests
 * need to know about them, and the abridged record that a keys_only answer has.
 */
import { WireReader } from "./wire-reader.js";
import type { WireWriter } from "./wire-writer.js";

const TAG_KEY = 0x0a;
const TAG_CREATE = 0x10;
const TAG_MOD = 0x18;
const TAG_VERSION = 0x20;
const TAG_VALUE = 0x2a;

/** Where the value of a record is; `start === end` for an empty one. */
export interface ValueRange {
  readonly start: number;
  readonly end: number;
}

/** Finds the value in an encoded record. */
export function findValue(record: Uint8Array): ValueRange {
  const reader = new WireReader();
  reader.reset(record, 0, record.length);
  while (reader.position < record.length) {
    const tag = reader.tag();
    if (tag === TAG_VALUE) {
      const length = reader.length();
      return { start: reader.position, end: reader.position + length };
    }
    reader.skip(tag);
  }
  return { start: 0, end: 0 };
}

/** The record without its value; itself when it has none. */
export function withoutValue(record: Uint8Array): Uint8Array {
  const reader = new WireReader();
  reader.reset(record, 0, record.length);
  while (reader.position < record.length) {
    const start = reader.position;
    const tag = reader.tag();
    if (tag !== TAG_VALUE) {
      reader.skip(tag);
      continue;
    }
    const end = reader.length() + reader.position;
    const out = new Uint8Array(start + record.length - end);
    out.set(record.subarray(0, start));
    out.set(record.subarray(end), start);
    return out;
  }
  return record;
}

/** What the index knows of a live revision. */
export interface IndexRow {
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
}

/** Appends the record that a keys_only answer has: no value, and lease 0, which the index does not have to know. */
export function writeKeyOnly(
  out: WireWriter,
  key: { readonly buffer: Uint8Array; readonly start: number; readonly end: number },
  row: IndexRow,
): void {
  out.bytes(TAG_KEY, key.buffer, key.start, key.end);
  out.uint(TAG_CREATE, row.createRevision);
  out.uint(TAG_MOD, row.modRevision);
  out.uint(TAG_VERSION, row.version);
}

/** Unsigned lexicographic order of two byte ranges: negative, 0 or positive. */
export function compareBytes(
  a: Uint8Array,
  b: Uint8Array,
  ranges: { readonly aStart: number; readonly aEnd: number; readonly bStart: number; readonly bEnd: number },
): number {
  const aLength = ranges.aEnd - ranges.aStart;
  const bLength = ranges.bEnd - ranges.bStart;
  const shared = Math.min(aLength, bLength);
  for (let i = 0; i < shared; i++) {
    const difference = (a[ranges.aStart + i] as number) - (b[ranges.bStart + i] as number);
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

/** Unsigned lexicographic order of two byte strings: negative, 0 or positive. */
export function compareWhole(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}
