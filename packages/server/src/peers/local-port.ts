/** Port: what the peer server asks of the member it stands for. */
import type { HashKvAnswer, MemberRow } from "../api/member-port.js";
import type { MembershipAnswer } from "../api/ports/cluster-port.js";
import type { LeaseTimes } from "../api/ports/lease-port.js";

/** Leases on this very member; other members ask when they believe it to be the leader. */
export interface LocalLeases {
  /** @returns the renewed time to live in seconds. */
  renew(id: bigint): Promise<bigint | "lease-not-found" | "not-primary-lessor">;
  timeToLive(id: bigint, withKeys: boolean): Promise<LeaseTimes | "lease-not-found" | "not-primary-lessor">;
}

export interface PeerHashKv extends HashKvAnswer {
  /** Revision of the store at the time of the answer. */
  readonly revision: number;
}

export interface PeerLocalPort {
  readonly memberId: bigint;
  readonly clusterId: bigint;
  /** As `3.7.0`. */
  readonly serverVersion: string;
  /** As `3.7.0`, or undefined before one is decided. */
  clusterVersion(): string | undefined;
  storageVersion(): string | undefined;
  /** Ascending by id. */
  members(): readonly MemberRow[];
  /** Promotes a learner, on the leader; `token` is the client's, when it gave one. */
  promote(id: bigint, token: string | undefined): Promise<MembershipAnswer>;
  readonly leases: LocalLeases;
  readonly committedIndex: number;
  readonly appliedIndex: number;
  /** @param revision 0 for the newest. */
  hashKv(revision: number): Promise<PeerHashKv | "compacted" | "future-revision">;
  /** After a linearizable read. Rejects with why that failed. */
  downgradeEnabled(): Promise<boolean>;
}
