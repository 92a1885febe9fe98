/** What leases need of other members, and what other members may ask of the leases here. */
import type { LeaseTimes } from "../api/ports/lease-port.js";

/** Sends requests about leases to the leader's peer URLs. */
export interface LeasePeers {
  /**
   * POSTs a protobuf message to the URLs of one member until one answers or the time is over.
   * @returns the message it answered with.
   */
  postLease(
    urls: readonly string[],
    request: { readonly path: "/leases" | "/leases/internal"; readonly body: Uint8Array },
    timeoutMs: number,
  ): Promise<Uint8Array | "lease-not-found" | "timeout">;
}

/** Leases on this very member, for those who believe it to be the leader. */
export interface LocalLeases {
  /** @returns the seconds granted again. */
  renew(id: bigint): Promise<bigint | "lease-not-found" | "not-primary-lessor">;
  timeToLive(id: bigint, withKeys: boolean): Promise<LeaseTimes | "lease-not-found" | "not-primary-lessor">;
}
