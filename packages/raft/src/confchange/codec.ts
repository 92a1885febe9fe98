/**
 * Conf changes as bytes: the payload of conf change entries, in upstream's protobuf encoding (proto2, so that Go members
 * of the same group read ours and we theirs).
 *
 *     ConfChange          id=1 type=2 node_id=3 context=4
 *     ConfChangeV2        transition=1 changes=2 (repeated: type=1 node_id=2) context=3
 *
 * Every scalar is written, zero or not, as the older generation of encoders does; absent ones read as zero. Unknown fields
 * are skipped. Empty data is the empty V2 change, which leaves a joint configuration.
 * Source: upstream raftpb/raft.proto. The one place in this room that knows bytes: raft itself must look into these entries.
 */
import {
  type ConfChange,
  type ConfChangeSingle,
  ConfChangeTransition,
  ConfChangeType,
  type ConfChangeV2,
} from "../types/conf-change.js";
import { type Entry, EntryType, emptyBytes } from "../types/entry.js";

const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
const WIRE_BYTES = 2;
const WIRE_FIXED32 = 5;

/** The payload of a conf change entry and the entry type that goes with it. */
export function encodeConfChange(change: ConfChange | ConfChangeV2): { type: EntryType; data: Uint8Array } {
  const out: number[] = [];
  if ("changes" in change) {
    writeVarintField(out, 1, BigInt(change.transition));
    for (const single of change.changes) {
      const inner: number[] = [];
      writeVarintField(inner, 1, BigInt(single.type));
      writeVarintField(inner, 2, single.nodeId);
      writeBytesField(out, 2, inner);
    }
    if (change.context.length > 0) writeBytesField(out, 3, change.context);
    return { type: EntryType.EntryConfChangeV2, data: Uint8Array.from(out) };
  }
  writeVarintField(out, 1, change.id);
  writeVarintField(out, 2, BigInt(change.type));
  writeVarintField(out, 3, change.nodeId);
  if (change.context.length > 0) writeBytesField(out, 4, change.context);
  return { type: EntryType.EntryConfChange, data: Uint8Array.from(out) };
}

/** Reads the payload of a conf change entry. @returns null when it is no conf change or its bytes make no sense. */
export function decodeConfChange(entry: Pick<Entry, "type" | "data">): ConfChange | ConfChangeV2 | null {
  if (entry.type === EntryType.EntryConfChange) return decodeV1(entry.data);
  if (entry.type === EntryType.EntryConfChangeV2) return decodeV2(entry.data);
  return null;
}

function decodeV1(data: Uint8Array): ConfChange | null {
  const fields = readFields(data);
  if (fields === null) return null;
  let id = 0n;
  let type = 0n;
  let nodeId = 0n;
  let context = emptyBytes;
  for (const field of fields) {
    if (field.number === 1 && typeof field.value === "bigint") id = field.value;
    else if (field.number === 2 && typeof field.value === "bigint") type = field.value;
    else if (field.number === 3 && typeof field.value === "bigint") nodeId = field.value;
    else if (field.number === 4 && typeof field.value !== "bigint") context = field.value;
  }
  const known = toChangeType(type);
  return known === null ? null : { id, type: known, nodeId, context };
}

function decodeV2(data: Uint8Array): ConfChangeV2 | null {
  const fields = readFields(data);
  if (fields === null) return null;
  let transition = 0n;
  const changes: ConfChangeSingle[] = [];
  let context = emptyBytes;
  for (const field of fields) {
    if (field.number === 1 && typeof field.value === "bigint") {
      transition = field.value;
    } else if (field.number === 2 && typeof field.value !== "bigint") {
      const single = decodeSingle(field.value);
      if (single === null) return null;
      changes.push(single);
    } else if (field.number === 3 && typeof field.value !== "bigint") {
      context = field.value;
    }
  }
  const known = toTransition(transition);
  return known === null ? null : { transition: known, changes, context };
}

function decodeSingle(data: Uint8Array): ConfChangeSingle | null {
  const fields = readFields(data);
  if (fields === null) return null;
  let type = 0n;
  let nodeId = 0n;
  for (const field of fields) {
    if (field.number === 1 && typeof field.value === "bigint") type = field.value;
    else if (field.number === 2 && typeof field.value === "bigint") nodeId = field.value;
  }
  const known = toChangeType(type);
  return known === null ? null : { type: known, nodeId };
}

function toChangeType(value: bigint): ConfChangeType | null {
  const number = Number(value);
  return Object.values(ConfChangeType).find((type) => type === number) ?? null;
}

function toTransition(value: bigint): ConfChangeTransition | null {
  const number = Number(value);
  return Object.values(ConfChangeTransition).find((transition) => transition === number) ?? null;
}

function writeVarint(out: number[], value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
}

function writeVarintField(out: number[], number: number, value: bigint): void {
  out.push((number << 3) | WIRE_VARINT);
  writeVarint(out, value);
}

function writeBytesField(out: number[], number: number, value: ArrayLike<number>): void {
  out.push((number << 3) | WIRE_BYTES);
  writeVarint(out, BigInt(value.length));
  for (let i = 0; i < value.length; i++) out.push(value[i] as number);
}

/** One field: varints as bigint, length-delimited ones as bytes. Fixed-width fields are unknown here and skipped. */
interface Field {
  readonly number: number;
  readonly value: bigint | Uint8Array;
}

/** Splits a message into fields; null when it is cut short or malformed. */
function readFields(data: Uint8Array): Field[] | null {
  const fields: Field[] = [];
  let at = 0;
  const readVarint = (): bigint | null => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = data[at++];
      if (byte === undefined) return null;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    return null;
  };
  while (at < data.length) {
    const tag = readVarint();
    if (tag === null) return null;
    const number = Number(tag >> 3n);
    const wire = Number(tag & 7n);
    if (number === 0) return null;
    if (wire === WIRE_VARINT) {
      const value = readVarint();
      if (value === null) return null;
      fields.push({ number, value });
    } else if (wire === WIRE_BYTES) {
      const length = readVarint();
      if (length === null || length > BigInt(data.length - at)) return null;
      const end = at + Number(length);
      fields.push({ number, value: data.slice(at, end) });
      at = end;
    } else if (wire === WIRE_FIXED64 || wire === WIRE_FIXED32) {
      at += wire === WIRE_FIXED64 ? 8 : 4;
      if (at > data.length) return null;
    } else {
      return null;
    }
  }
  return fields;
}
