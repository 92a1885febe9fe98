/**
 * Ids of members and clusters, computed as etcd computes them, so that the same flags give the same cluster.
 * Source: etcd `server/etcdserver/api/membership/member.go` and `cluster.go`.
 */
import { createHash } from "node:crypto";

/**
 * @param peerUrls URL texts as configured; their order does not matter.
 * @param token the initial cluster token; empty for a member added at run time.
 * @param unixSeconds only for a member added at run time.
 */
export function computeMemberId(peerUrls: readonly string[], token: string, unixSeconds?: number): bigint {
  const text = [...peerUrls].sort().join("") + token + (unixSeconds === undefined ? "" : String(unixSeconds));
  return firstEightBytes(Buffer.from(text));
}

/** @param memberIds the members at bootstrap, in any order. */
export function computeClusterId(memberIds: readonly bigint[]): bigint {
  const bytes = Buffer.alloc(memberIds.length * 8);
  const ascending = [...memberIds].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  ascending.forEach((id, i) => bytes.writeBigUInt64BE(id, i * 8));
  return firstEightBytes(bytes);
}

function firstEightBytes(bytes: Uint8Array): bigint {
  return createHash("sha1").update(bytes).digest().readBigUInt64BE(0);
}
