/**
 * The few messages a load needs, written field by field, so that the measuring side shares no code with what it measures.
 * Field numbers are those of etcd's `rpc.proto` and `kv.proto`.
 */
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

export const paths = {
  put: "/etcdserverpb.KV/Put",
  range: "/etcdserverpb.KV/Range",
  txn: "/etcdserverpb.KV/Txn",
  watch: "/etcdserverpb.Watch/Watch",
  leaseGrant: "/etcdserverpb.Lease/LeaseGrant",
  leaseKeepAlive: "/etcdserverpb.Lease/LeaseKeepAlive",
  leaseLeases: "/etcdserverpb.Lease/LeaseLeases",
  status: "/etcdserverpb.Maintenance/Status",
} as const;

const encoder = new TextEncoder();

/** Bytes of gRPC's frame in front of a message: a flag and the length. */
export const framePrefixBytes = 5;

/** One uncompressed gRPC message in its frame. */
export function frame(message: Uint8Array): Uint8Array {
  const framed = new Uint8Array(framePrefixBytes + message.length);
  new DataView(framed.buffer).setUint32(1, message.length);
  framed.set(message, framePrefixBytes);
  return framed;
}

export function putRequest(key: string, value: Uint8Array): Uint8Array {
  return new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .bytes(encoder.encode(key))
    .tag(2, WireType.LengthDelimited)
    .bytes(value)
    .finish();
}

export interface RangeOptions {
  /** Exclusive end; a single key without it. */
  readonly end?: string;
  readonly serializable?: boolean;
  readonly countOnly?: boolean;
}

export function rangeRequest(
  key: string,
  { end, serializable = false, countOnly = false }: RangeOptions = {},
): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(encoder.encode(key));
  if (end !== undefined) writer.tag(2, WireType.LengthDelimited).bytes(encoder.encode(end));
  if (serializable) writer.tag(7, WireType.Varint).bool(true);
  if (countOnly) writer.tag(9, WireType.Varint).bool(true);
  return writer.finish();
}

/** Puts `next` if the key's value is `expected`; does nothing otherwise. */
export function compareAndSwap(key: string, expected: Uint8Array, next: Uint8Array): Uint8Array {
  const equal = 0;
  const valueTarget = 3;
  const compare = new BinaryWriter()
    .tag(1, WireType.Varint)
    .int32(equal)
    .tag(2, WireType.Varint)
    .int32(valueTarget)
    .tag(3, WireType.LengthDelimited)
    .bytes(encoder.encode(key))
    .tag(7, WireType.LengthDelimited)
    .bytes(expected)
    .finish();
  const writer = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(compare);
  return writer
    .tag(2, WireType.LengthDelimited)
    .bytes(requestOp(putRequest(key, next)))
    .finish();
}

/** One transaction that puts all keys. */
export function putAll(keys: readonly string[], value: Uint8Array): Uint8Array {
  const writer = new BinaryWriter();
  for (const key of keys) writer.tag(2, WireType.LengthDelimited).bytes(requestOp(putRequest(key, value)));
  return writer.finish();
}

/** A watch of one key from now on. */
export function watchCreate(key: string): Uint8Array {
  const create = new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(encoder.encode(key)).finish();
  return new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(create).finish();
}

/** A lease; with id 0, one of the server's choice. */
export function leaseGrant(ttlSeconds: number, id = 0): Uint8Array {
  const writer = new BinaryWriter().tag(1, WireType.Varint).int64(ttlSeconds);
  if (id !== 0) writer.tag(2, WireType.Varint).int64(id);
  return writer.finish();
}

export function leaseKeepAlive(id: number): Uint8Array {
  return new BinaryWriter().tag(1, WireType.Varint).int64(id).finish();
}

/** A put that attaches its key to a lease. */
export function putWithLease(key: string, value: Uint8Array, lease: number): Uint8Array {
  const head = putRequest(key, value);
  const tail = new BinaryWriter().tag(3, WireType.Varint).int64(lease).finish();
  const request = new Uint8Array(head.length + tail.length);
  request.set(head);
  request.set(tail, head.length);
  return request;
}

function requestOp(put: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(2, WireType.LengthDelimited).bytes(put).finish();
}

/** What every reply of the KV service begins with; 0 for fields that are absent. */
export interface ReplyFacts {
  readonly revision: number;
  /** Txn: field 2, whether the comparison held. Range: number of keys, field 4. */
  readonly succeeded: boolean;
  readonly count: number;
}

/** Reads the header's revision and the two fields that tell whether the right thing was done. */
export function readReply(message: Uint8Array): ReplyFacts {
  const reader = new BinaryReader(message);
  let revision = 0;
  let succeeded = false;
  let count = 0;
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 1 && type === WireType.LengthDelimited) revision = readRevision(reader.bytes());
    else if (field === 2 && type === WireType.Varint) succeeded = reader.bool();
    else if (field === 4 && type === WireType.Varint) count = Number(reader.int64());
    else reader.skip(type);
  }
  return { revision, succeeded, count };
}

function readRevision(header: Uint8Array): number {
  const reader = new BinaryReader(header);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === 3) return Number(reader.int64());
    reader.skip(type);
  }
  return 0;
}
