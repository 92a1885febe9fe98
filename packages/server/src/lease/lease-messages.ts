/** Bodies of the requests that members send one another about leases. Source: raft-peers-formats 3.11. */
import { create, etcdserverpb, fromBinary, leasepb, toBinary } from "@quorate/proto";
import type { LeaseTimes } from "../api/ports/lease-port.js";

export const LEASES_PATH = "/leases";
export const LEASES_INTERNAL_PATH = "/leases/internal";

export function encodeRenewRequest(id: bigint): Uint8Array {
  const schema = etcdserverpb.LeaseKeepAliveRequestSchema;
  return toBinary(schema, create(schema, { ID: id }));
}

/** The functions that decode throw when the bytes are not the message. */
export function decodeRenewRequest(body: Uint8Array): bigint {
  return fromBinary(etcdserverpb.LeaseKeepAliveRequestSchema, body).ID;
}

export function encodeRenewAnswer(id: bigint, ttl: bigint): Uint8Array {
  const schema = etcdserverpb.LeaseKeepAliveResponseSchema;
  return toBinary(schema, create(schema, { ID: id, TTL: ttl }));
}

/** @returns undefined when the answer is about another lease. */
export function decodeRenewAnswer(body: Uint8Array, id: bigint): bigint | undefined {
  const answer = fromBinary(etcdserverpb.LeaseKeepAliveResponseSchema, body);
  return answer.ID === id ? answer.TTL : undefined;
}

export function encodeTimesRequest(id: bigint, withKeys: boolean): Uint8Array {
  const schema = leasepb.LeaseInternalRequestSchema;
  return toBinary(schema, create(schema, { LeaseTimeToLiveRequest: { ID: id, keys: withKeys } }));
}

export function decodeTimesRequest(body: Uint8Array): { readonly id: bigint; readonly withKeys: boolean } {
  const { LeaseTimeToLiveRequest: request } = fromBinary(leasepb.LeaseInternalRequestSchema, body);
  return { id: request?.ID ?? 0n, withKeys: request?.keys ?? false };
}

export function encodeTimesAnswer(id: bigint, { ttl, grantedTtl, keys }: LeaseTimes): Uint8Array {
  const schema = leasepb.LeaseInternalResponseSchema;
  const answer = { header: {}, ID: id, TTL: ttl, grantedTTL: grantedTtl, keys: [...keys] };
  return toBinary(schema, create(schema, { LeaseTimeToLiveResponse: answer }));
}

/** @returns undefined when the answer is about another lease. */
export function decodeTimesAnswer(body: Uint8Array, id: bigint): LeaseTimes | undefined {
  const { LeaseTimeToLiveResponse: answer } = fromBinary(leasepb.LeaseInternalResponseSchema, body);
  if (answer === undefined || answer.ID !== id) return undefined;
  return { ttl: answer.TTL, grantedTtl: answer.grantedTTL, keys: answer.keys };
}
