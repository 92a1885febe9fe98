/** Bodies of the requests that members send one another about leases. Source: raft-peers-formats 3.11. */
import { create, etcdserverpb, fromBinary, leasepb, toBinary } from "@quorate/proto";
import type { LeaseTimes } from "../api/ports/lease-port.js";

export const LEASES_PATH = "/leases" as const;
export const LEASES_INTERNAL_PATH = "/leases/internal" as const;

export function encodeRenewRequest(id: bigint): Uint8Array {
  const schema = etcdserverpb.LeaseKeepAliveRequestSchema;
  return toBinary(schema, create(schema, { ID: id }));
}

/** Throws when the bytes are not the message. @returns undefined when the answer is about another lease. */
export function decodeRenewAnswer(body: Uint8Array, id: bigint): bigint | undefined {
  const answer = fromBinary(etcdserverpb.LeaseKeepAliveResponseSchema, body);
  return answer.ID === id ? answer.TTL : undefined;
}

export function encodeTimesRequest(id: bigint, withKeys: boolean): Uint8Array {
  const schema = leasepb.LeaseInternalRequestSchema;
  return toBinary(schema, create(schema, { LeaseTimeToLiveRequest: { ID: id, keys: withKeys } }));
}

/** Throws when the bytes are not the message. @returns undefined when the answer is about another lease. */
export function decodeTimesAnswer(body: Uint8Array, id: bigint): LeaseTimes | undefined {
  const { LeaseTimeToLiveResponse: answer } = fromBinary(leasepb.LeaseInternalResponseSchema, body);
  if (answer === undefined || answer.ID !== id) return undefined;
  return { ttl: answer.TTL, grantedTtl: answer.grantedTTL, keys: answer.keys };
}
