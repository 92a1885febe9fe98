/**
 * What the span of a request is called and what it says, by method. Names and attributes are etcd's, so that what was made for its traces
 * reads these. Requests are read only for spans that are kept. Source: etcd `server/etcdserver/v3_server.go`, `api/v3rpc/watch.go`.
 */
import type { Attributes } from "@opentelemetry/api";
import { etcdserverpb, fromBinary, type DescMessage, type MessageShape } from "@quorate/proto";

export interface RequestSpan {
  readonly name: string;
  readonly attributes: Attributes;
}

type Describe = (message: Uint8Array) => RequestSpan | undefined;

const {
  RangeRequestSchema,
  PutRequestSchema,
  DeleteRangeRequestSchema,
  TxnRequestSchema,
  CompactionRequestSchema,
  LeaseGrantRequestSchema,
  LeaseRevokeRequestSchema,
  LeaseKeepAliveRequestSchema,
  WatchRequestSchema,
} = etcdserverpb;

const DESCRIPTIONS: ReadonlyMap<string, Describe> = new Map<string, Describe>([
  ["/etcdserverpb.KV/Range", described("range", RangeRequestSchema, rangeAttributes)],
  ["/etcdserverpb.KV/RangeStream", described("range_streaming", RangeRequestSchema, rangeAttributes)],
  ["/etcdserverpb.KV/Put", described("put", PutRequestSchema, ({ key }) => ({ key: text(key) }))],
  [
    "/etcdserverpb.KV/DeleteRange",
    described("delete_range", DeleteRangeRequestSchema, ({ key, rangeEnd }) => ({
      range_begin: text(key),
      range_end: text(rangeEnd),
    })),
  ],
  ["/etcdserverpb.KV/Txn", described("txn", TxnRequestSchema, txnAttributes)],
  [
    "/etcdserverpb.KV/Compact",
    described("compact", CompactionRequestSchema, ({ physical, revision }) => ({
      is_physical: physical,
      rev: Number(revision),
    })),
  ],
  [
    "/etcdserverpb.Lease/LeaseGrant",
    described("lease_grant", LeaseGrantRequestSchema, ({ ID, TTL }) => ({
      id: idText(ID),
      ttl: Number(TTL),
    })),
  ],
  [
    "/etcdserverpb.Lease/LeaseRevoke",
    described("lease_revoke", LeaseRevokeRequestSchema, ({ ID }) => ({ id: idText(ID) })),
  ],
  [
    "/etcdserverpb.Lease/LeaseKeepAlive",
    described("lease_renew", LeaseKeepAliveRequestSchema, ({ ID }) => ({ id: idText(ID) })),
  ],
  ["/etcdserverpb.Watch/Watch", describeWatch],
]);

/** The span of one request; undefined for those that have none, and for what can't be read. */
export function describeRequest(path: string, message: Uint8Array): RequestSpan | undefined {
  try {
    return DESCRIPTIONS.get(path)?.(message);
  } catch {
    // Whoever handles the request finds the same, and says so.
    return undefined;
  }
}

function described<D extends DescMessage>(
  name: string,
  schema: D,
  attributesOf: (request: MessageShape<D>) => Attributes,
): Describe {
  return (message) => ({ name, attributes: attributesOf(fromBinary(schema, message)) });
}

function rangeAttributes(range: etcdserverpb.RangeRequest): Attributes {
  return {
    range_begin: text(range.key),
    range_end: text(range.rangeEnd),
    rev: Number(range.revision),
    limit: Number(range.limit),
    count_only: range.countOnly,
    keys_only: range.keysOnly,
  };
}

function txnAttributes({ compare, success, failure }: etcdserverpb.TxnRequest): Attributes {
  const put = success.find(({ request }) => request.case === "requestPut")?.request;
  return {
    compare_first_key: text(compare[0]?.key),
    success_first_key: firstKey(success),
    success_first_type: TYPE_NAMES[success[0]?.request.case ?? ""] ?? "",
    success_first_lease: put?.case === "requestPut" ? idText(put.value.lease) : "-1",
    compare_len: compare.length,
    success_len: success.length,
    failure_len: failure.length,
    read_only: isReadOnly(success) && isReadOnly(failure),
  };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  requestPut: "put",
  requestRange: "range",
  requestDeleteRange: "delete_range",
  requestTxn: "txn",
};

/** Of the first operation that has one. */
function firstKey(operations: readonly etcdserverpb.RequestOp[]): string {
  for (const { request } of operations)
    if (request.case !== undefined && request.case !== "requestTxn" && request.value.key.length > 0)
      return text(request.value.key);
  return "";
}

function isReadOnly(operations: readonly etcdserverpb.RequestOp[]): boolean {
  return operations.every(({ request }) => {
    if (request.case === "requestTxn")
      return isReadOnly(request.value.success) && isReadOnly(request.value.failure);
    return request.case === "requestRange";
  });
}

/** Only creations have spans. */
function describeWatch(message: Uint8Array): RequestSpan | undefined {
  const { requestUnion } = fromBinary(WatchRequestSchema, message);
  if (requestUnion.case !== "createRequest") return undefined;
  const { key, rangeEnd, startRevision, progressNotify, prevKv, fragment } = requestUnion.value;
  return {
    name: "watch",
    attributes: {
      key: text(key),
      range_end: text(rangeEnd),
      start_rev: Number(startRevision),
      progress_notify: progressNotify,
      prev_kv: prevKv,
      fragment,
    },
  };
}

/** Keys are bytes; what is no text shows as U+FFFD. */
function text(key: Uint8Array | undefined): string {
  return key === undefined ? "" : Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString();
}

/** 64 bits, which a number can't hold. */
function idText(id: bigint): string {
  return BigInt.asIntN(64, id).toString();
}
