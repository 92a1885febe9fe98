/** The operations that both servers are given, and what they are called over the wire. */
import { etcdserverpb, toJson } from "@quorate/proto";
import type { DescMessage, JsonValue, Message } from "@quorate/proto";
import type { MethodOf } from "../harness/wire-client.js";

export type Operation =
  | { readonly kind: "range"; readonly request: etcdserverpb.RangeRequest }
  | { readonly kind: "put"; readonly request: etcdserverpb.PutRequest }
  | { readonly kind: "delete-range"; readonly request: etcdserverpb.DeleteRangeRequest }
  | { readonly kind: "txn"; readonly request: etcdserverpb.TxnRequest }
  | { readonly kind: "compact"; readonly request: etcdserverpb.CompactionRequest }
  | { readonly kind: "lease-grant"; readonly request: etcdserverpb.LeaseGrantRequest }
  | { readonly kind: "lease-revoke"; readonly request: etcdserverpb.LeaseRevokeRequest }
  | { readonly kind: "hash-kv"; readonly request: etcdserverpb.HashKVRequest };

export type OperationKind = Operation["kind"];

export const METHODS: Readonly<Record<OperationKind, MethodOf<DescMessage, DescMessage>>> = {
  range: etcdserverpb.KV.method.range,
  put: etcdserverpb.KV.method.put,
  "delete-range": etcdserverpb.KV.method.deleteRange,
  txn: etcdserverpb.KV.method.txn,
  compact: etcdserverpb.KV.method.compact,
  "lease-grant": etcdserverpb.Lease.method.leaseGrant,
  "lease-revoke": etcdserverpb.Lease.method.leaseRevoke,
  "hash-kv": etcdserverpb.Maintenance.method.hashKV,
};

const TEXT_CHARS_MAX = 6_000;
/** Runs of one character at least so long are written as their length. */
const LONG_RUN = /(.)\1{39,}/gs;

/** One line that lets a reader repeat the operation by hand. */
export function describeOperation(operation: Operation): string {
  return `${operation.kind} ${describeMessage(METHODS[operation.kind].input, operation.request)}`;
}

export function describeMessage(schema: DescMessage, message: Message): string {
  const text = JSON.stringify(withReadableBytes(toJson(schema, message)));
  return text.length <= TEXT_CHARS_MAX
    ? text
    : `${text.slice(0, TEXT_CHARS_MAX)}... (${text.length} characters)`;
}

/** Keys and values arrive as base64, which nobody reads; fields that hold bytes are spelled as text with escapes. */
function withReadableBytes(value: JsonValue, name = ""): JsonValue {
  if (Array.isArray(value)) return value.map((item) => withReadableBytes(item, name));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([field, item]) => [field, withReadableBytes(item, field)]),
    );
  }
  const isBytes = typeof value === "string" && ["key", "value", "rangeEnd"].includes(name);
  if (!isBytes) return value;
  const text = Buffer.from(value, "base64").toString("latin1");
  return text.replace(LONG_RUN, (run, character: string) => `<${run.length} x ${character}>`);
}
