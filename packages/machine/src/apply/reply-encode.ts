/**
 * Encodes replies without the outermost header. Two passes: lengths, then bytes; a length is needed once per level, so it is
 * remembered in a list that the second pass reads in the same order.
 */
import { PartsWriter } from "./wire/parts-writer.js";
import { varintSize } from "./wire/wire-writer.js";
import type { DeleteReply, PutReply, RangeReply, Reply, TxnReply } from "./reply-tree.js";

const TAG_HEADER = 0x0a;
const TAG_HEADER_REVISION = 0x18;
const TAG_RANGE_KVS = 0x12;
const TAG_RANGE_MORE = 0x18;
const TAG_RANGE_COUNT = 0x20;
const TAG_PUT_PREV_KV = 0x12;
const TAG_DELETED = 0x10;
const TAG_DELETE_PREV_KVS = 0x1a;
const TAG_SUCCEEDED = 0x10;
const TAG_RESPONSES = 0x1a;
const VARINT_BYTES_MAX = 10;
const NONE: readonly Uint8Array[] = [];

/** The response behind its header, as parts. All quoted records must be there. */
export function encodeReply(reply: Reply): Uint8Array[] {
  const lengths: number[] = [];
  // Room for the varint that is written last, which asks for the longest one.
  const parts = new PartsWriter(bodySize(reply, lengths) + VARINT_BYTES_MAX);
  writeBody(reply, { parts, lengths, next: 0 });
  return parts.finish();
}

interface WritePass {
  readonly parts: PartsWriter;
  readonly lengths: readonly number[];
  next: number;
}

function bodySize(reply: Reply, lengths: number[]): number {
  switch (reply.kind) {
    case "range":
      return rangeBodySize(reply);
    case "put":
      return recordsSize(recordsOf(reply));
    case "delete":
      return fieldSize(reply.deleted) + recordsSize(recordsOf(reply));
    case "txn":
      return txnBodySize(reply, lengths);
  }
}

function writeBody(reply: Reply, pass: WritePass): void {
  switch (reply.kind) {
    case "range":
      writeRangeBody(reply, pass.parts);
      return;
    case "put":
      for (const record of recordsOf(reply)) pass.parts.record(TAG_PUT_PREV_KV, record);
      return;
    case "delete":
      pass.parts.chunk.uint(TAG_DELETED, reply.deleted);
      for (const record of recordsOf(reply)) pass.parts.record(TAG_DELETE_PREV_KVS, record);
      return;
    case "txn":
      writeTxnBody(reply, pass);
  }
}

function rangeBodySize(reply: RangeReply): number {
  return recordsSize(recordsOf(reply)) + (reply.more ? 2 : 0) + fieldSize(reply.count);
}

function writeRangeBody(reply: RangeReply, parts: PartsWriter): void {
  for (const record of recordsOf(reply)) parts.record(TAG_RANGE_KVS, record);
  parts.chunk.bool(TAG_RANGE_MORE, reply.more);
  parts.chunk.uint(TAG_RANGE_COUNT, reply.count);
}

function txnBodySize(reply: TxnReply, lengths: number[]): number {
  let size = reply.succeeded ? 2 : 0;
  for (const op of reply.ops) {
    // Outer lengths are written first, so their place is taken before the content is measured.
    const at = lengths.length;
    lengths.push(0, 0);
    const content = headerSize(op) + bodySize(op, lengths);
    const wrapped = 1 + varintSize(content) + content;
    lengths[at] = wrapped;
    lengths[at + 1] = content;
    size += 1 + varintSize(wrapped) + wrapped;
  }
  return size;
}

function writeTxnBody(reply: TxnReply, pass: WritePass): void {
  pass.parts.chunk.bool(TAG_SUCCEEDED, reply.succeeded);
  for (const op of reply.ops) {
    const { chunk } = pass.parts;
    chunk.varint(TAG_RESPONSES);
    chunk.varint(pass.lengths[pass.next++] as number);
    chunk.varint(responseTag(op));
    chunk.varint(pass.lengths[pass.next++] as number);
    writeHeader(op, pass.parts);
    writeBody(op, pass);
  }
}

/** Inside a transaction a header has a revision only; that of a nested transaction is there but empty. */
function headerSize(op: Reply): number {
  return 2 + (op.kind === "txn" ? 0 : fieldSize(op.revision));
}

function writeHeader(op: Reply, parts: PartsWriter): void {
  const { chunk } = parts;
  chunk.varint(TAG_HEADER);
  chunk.varint(headerSize(op) - 2);
  if (op.kind !== "txn") chunk.uint(TAG_HEADER_REVISION, op.revision);
}

/** ResponseOp's member for each kind of reply. */
function responseTag(op: Reply): number {
  switch (op.kind) {
    case "range":
      return 0x0a;
    case "put":
      return 0x12;
    case "delete":
      return 0x1a;
    case "txn":
      return 0x22;
  }
}

function recordsOf(reply: RangeReply | PutReply | DeleteReply): readonly Uint8Array[] {
  return reply.quotes === undefined ? NONE : (reply.quotes.records as Uint8Array[]);
}

function recordsSize(records: readonly Uint8Array[]): number {
  let size = 0;
  for (const record of records) size += 1 + varintSize(record.length) + record.length;
  return size;
}

/** A number field with a one-byte tag, left out when 0. */
function fieldSize(value: number): number {
  return value === 0 ? 0 : 1 + varintSize(value);
}
