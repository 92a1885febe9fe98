/**
 * The messages of puts and gets by hand: what `create`, `toBinary` and `fromBinary` do for any message costs more than the rest of such a
 * call. Whatever is unusual about one (an unknown field, a repeated header, text where bytes belong) is left to them, so that both ways
 * mean the same; a test holds them to the same bytes.
 *
 * Source: the protobuf encoding, and etcd's api/etcdserverpb/rpc.proto and api/mvccpb/kv.proto for the numbers.
 */
import {
  etcdserverpb,
  type DescMessage,
  type MessageInitShape,
  type MessageShape,
  type mvccpb,
} from "@quorate/proto";
import { WireReader } from "./wire-reader.js";
import { bytesFieldSize, int64FieldSize, WireWriter } from "./wire-writer.js";

type PutRequest = MessageInitShape<typeof etcdserverpb.PutRequestSchema>;
type RangeRequest = MessageInitShape<typeof etcdserverpb.RangeRequestSchema>;

const { PutRequestSchema, PutResponseSchema, RangeRequestSchema, RangeResponseSchema } = etcdserverpb;

/** @returns undefined for a message that is not among the hot ones. */
export function encodeHot<I extends DescMessage>(
  schema: I,
  input: MessageInitShape<I>,
): Uint8Array | undefined {
  if ((schema as DescMessage) === PutRequestSchema) return encodePut(input as PutRequest);
  if ((schema as DescMessage) === RangeRequestSchema) return encodeRange(input as RangeRequest);
  return undefined;
}

/** @returns undefined for a message that is not among the hot ones, or has something unusual about it. */
export function decodeHot<O extends DescMessage>(schema: O, bytes: Uint8Array): MessageShape<O> | undefined {
  let message: unknown;
  if ((schema as DescMessage) === RangeResponseSchema) message = readRangeResponse(new WireReader(bytes));
  else if ((schema as DescMessage) === PutResponseSchema) message = readPutResponse(new WireReader(bytes));
  return message as MessageShape<O> | undefined;
}

const EMPTY: Uint8Array = new Uint8Array(0);
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -INT64_MAX - 1n;

const isBytes = (value: unknown): boolean => value instanceof Uint8Array;
/** Whether a number fits its field. */
const fits = (value: bigint): boolean =>
  typeof value === "bigint" && value >= INT64_MIN && value <= INT64_MAX;
const isSmall = (value: number): boolean => value >= 0 && value < 0x80;

function encodePut(request: PutRequest): Uint8Array | undefined {
  const { key = EMPTY, value = EMPTY, lease = 0n, prevKv, ignoreValue, ignoreLease } = request;
  if ("$unknown" in request || !isBytes(key) || !isBytes(value) || !fits(lease)) return undefined;
  const flags = (prevKv === true ? 2 : 0) + (ignoreValue === true ? 2 : 0) + (ignoreLease === true ? 2 : 0);
  const writer = new WireWriter(bytesFieldSize(key) + bytesFieldSize(value) + int64FieldSize(lease) + flags);
  writer.bytesField(1, key);
  writer.bytesField(2, value);
  writer.int64Field(3, lease);
  writer.flagField(4, prevKv);
  writer.flagField(5, ignoreValue);
  writer.flagField(6, ignoreLease);
  return writer.bytes;
}

function encodeRange(request: RangeRequest): Uint8Array | undefined {
  const { key = EMPTY, rangeEnd = EMPTY, limit = 0n, revision = 0n, sortOrder = 0, sortTarget = 0 } = request;
  const { serializable, keysOnly, countOnly } = request;
  const {
    minModRevision = 0n,
    maxModRevision = 0n,
    minCreateRevision = 0n,
    maxCreateRevision = 0n,
  } = request;
  if ("$unknown" in request || !isBytes(key) || !isBytes(rangeEnd)) return undefined;
  if (!fits(limit) || !fits(revision) || !isSmall(sortOrder) || !isSmall(sortTarget)) return undefined;
  if (!fits(minModRevision) || !fits(maxModRevision)) return undefined;
  if (!fits(minCreateRevision) || !fits(maxCreateRevision)) return undefined;
  const flags = (serializable === true ? 2 : 0) + (keysOnly === true ? 2 : 0) + (countOnly === true ? 2 : 0);
  const writer = new WireWriter(
    bytesFieldSize(key) +
      bytesFieldSize(rangeEnd) +
      int64FieldSize(limit) +
      int64FieldSize(revision) +
      (sortOrder === 0 ? 0 : 2) +
      (sortTarget === 0 ? 0 : 2) +
      flags +
      int64FieldSize(minModRevision) +
      int64FieldSize(maxModRevision) +
      int64FieldSize(minCreateRevision) +
      int64FieldSize(maxCreateRevision),
  );
  writer.bytesField(1, key);
  writer.bytesField(2, rangeEnd);
  writer.int64Field(3, limit);
  writer.int64Field(4, revision);
  writer.enumField(5, sortOrder);
  writer.enumField(6, sortTarget);
  writer.flagField(7, serializable);
  writer.flagField(8, keysOnly);
  writer.flagField(9, countOnly);
  writer.int64Field(10, minModRevision);
  writer.int64Field(11, maxModRevision);
  writer.int64Field(12, minCreateRevision);
  writer.int64Field(13, maxCreateRevision);
  return writer.bytes;
}

/** Wire types, in the low bits of a tag. */
const VARINT = 0;
const DELIMITED = 2;
const tag = (field: number, type: number): number => (field << 3) | type;

function readPutResponse(reader: WireReader): etcdserverpb.PutResponse | undefined {
  let header: etcdserverpb.ResponseHeader | undefined;
  let prevKv: mvccpb.KeyValue | undefined;
  while (reader.hasMore) {
    const next = reader.tag();
    if (next === tag(1, DELIMITED) && header === undefined) header = readWithin(reader, readHeader);
    else if (next === tag(2, DELIMITED) && prevKv === undefined) prevKv = readWithin(reader, readKeyValue);
    else return undefined;
    if (reader.hasFailed) return undefined;
  }
  const message: etcdserverpb.PutResponse = { $typeName: "etcdserverpb.PutResponse" };
  if (header !== undefined) message.header = header;
  if (prevKv !== undefined) message.prevKv = prevKv;
  return message;
}

function readRangeResponse(reader: WireReader): etcdserverpb.RangeResponse | undefined {
  let header: etcdserverpb.ResponseHeader | undefined;
  const kvs: mvccpb.KeyValue[] = [];
  let more = false;
  let count = 0n;
  while (reader.hasMore) {
    const next = reader.tag();
    if (next === tag(2, DELIMITED)) {
      const pair = readWithin(reader, readKeyValue);
      if (pair !== undefined) kvs.push(pair);
    } else if (next === tag(1, DELIMITED) && header === undefined) header = readWithin(reader, readHeader);
    else if (next === tag(3, VARINT)) more = reader.int64() !== 0n;
    else if (next === tag(4, VARINT)) count = reader.int64();
    else return undefined;
    if (reader.hasFailed) return undefined;
  }
  const message: etcdserverpb.RangeResponse = { $typeName: "etcdserverpb.RangeResponse", kvs, more, count };
  if (header !== undefined) message.header = header;
  return message;
}

/** A message within a message: `read` sees its bytes alone. Marks the reader as failed for one that is unusual. */
function readWithin<T>(reader: WireReader, read: (reader: WireReader) => T | undefined): T | undefined {
  const outer = reader.enter();
  const message = read(reader);
  if (message === undefined) reader.fail();
  reader.leave(outer);
  return message;
}

function readHeader(reader: WireReader): etcdserverpb.ResponseHeader | undefined {
  let clusterId = 0n;
  let memberId = 0n;
  let revision = 0n;
  let raftTerm = 0n;
  while (reader.hasMore) {
    switch (reader.tag()) {
      case tag(1, VARINT):
        clusterId = reader.uint64();
        break;
      case tag(2, VARINT):
        memberId = reader.uint64();
        break;
      case tag(3, VARINT):
        revision = reader.int64();
        break;
      case tag(4, VARINT):
        raftTerm = reader.uint64();
        break;
      default:
        return undefined;
    }
  }
  return { $typeName: "etcdserverpb.ResponseHeader", clusterId, memberId, revision, raftTerm };
}

function readKeyValue(reader: WireReader): mvccpb.KeyValue | undefined {
  let key: Uint8Array = EMPTY;
  let createRevision = 0n;
  let modRevision = 0n;
  let version = 0n;
  let value: Uint8Array = EMPTY;
  let lease = 0n;
  while (reader.hasMore) {
    switch (reader.tag()) {
      case tag(1, DELIMITED):
        key = reader.delimited();
        break;
      case tag(2, VARINT):
        createRevision = reader.int64();
        break;
      case tag(3, VARINT):
        modRevision = reader.int64();
        break;
      case tag(4, VARINT):
        version = reader.int64();
        break;
      case tag(5, DELIMITED):
        value = reader.delimited();
        break;
      case tag(6, VARINT):
        lease = reader.int64();
        break;
      default:
        return undefined;
    }
  }
  return { $typeName: "mvccpb.KeyValue", key, createRevision, modRevision, version, value, lease };
}
