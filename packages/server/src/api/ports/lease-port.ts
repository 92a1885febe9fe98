/**
 * Port: leases as the API services see them. Granting and revoking go through the log like writes and are not here; what is
 * here needs the primary lessor, which is the leader's: on a follower these calls go to the leader over the peer port.
 */
import type { AttachedKeySource } from "@quorate/machine";
import type { MemberFailure } from "../member-port.js";

export interface LeaseTimes {
  /** Seconds left, rounded as etcd does. */
  readonly ttl: bigint;
  /** Seconds granted. */
  readonly grantedTtl: bigint;
  /** Attached keys ascending; empty unless asked for. */
  readonly keys: readonly Uint8Array[];
}

export interface LeasePort extends AttachedKeySource {
  /** @returns the renewed time to live in seconds; 0 when there is no such lease (any more). */
  renew(id: bigint): Promise<{ readonly ttl: bigint } | { readonly failure: MemberFailure }>;
  /** undefined when there is no such lease. */
  timeToLive(
    id: bigint,
    withKeys: boolean,
  ): Promise<LeaseTimes | undefined | { readonly failure: MemberFailure }>;
  /** Ids of all leases known here, ordered as etcd orders them. */
  list(): readonly bigint[];
}
