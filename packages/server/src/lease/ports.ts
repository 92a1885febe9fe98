/** What leases need of other members. */

export interface LeaseAnswer {
  /** HTTP status. */
  readonly status: number;
  readonly body: Uint8Array;
}

/** Sends requests about leases to the leader's peer URLs. */
export interface LeasePeers {
  /**
   * POSTs `body` (protobuf) to `path` below one of the URLs of one member, in order until one answers.
   * Rejects when none has answered within `timeoutMs`.
   */
  postLease(urls: readonly string[], path: string, body: Uint8Array, timeoutMs: number): Promise<LeaseAnswer>;
}
