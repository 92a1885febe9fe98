/**
 * Renewals and times as the leader answers them, for its own clients and for other members.
 * Source: kv-watch-lease 8.3 and 8.4.
 */
import type { Lessor } from "@quorate/machine";
import type { MemberFailure, MemberPort } from "../api/member-port.js";
import type { LeaseTimes } from "../api/ports/lease-port.js";
import type { CatchUp } from "./catch-up.js";
import type { LeadershipCheck } from "./leadership-check.js";
import type { LeaseProposals } from "./lease-proposals.js";
import { KEYS_PER_TURN } from "./limits.js";
import type { RevocationWaits } from "./revocation-waits.js";

export interface PrimaryLeasesParts {
  readonly lessor: Lessor;
  readonly member: Pick<MemberPort, "yieldTurn">;
  readonly leadership: LeadershipCheck;
  readonly catchUp: CatchUp;
  readonly proposals: LeaseProposals;
  readonly waits: RevocationWaits;
}

/** Seconds granted again; `not-primary` when another member is to be asked. */
export type PrimaryRenewal = bigint | "not-found" | "not-primary" | { readonly failure: MemberFailure };

export class PrimaryLeases {
  readonly #parts: PrimaryLeasesParts;

  constructor(parts: PrimaryLeasesParts) {
    this.#parts = parts;
  }

  async renew(id: bigint): Promise<PrimaryRenewal> {
    const { lessor, leadership, catchUp } = this.#parts;
    const leads = leadership.ensure();
    // The client shall move on to another member rather than wait for one that is cut off.
    if (leads !== true && !(await leads)) return { failure: "not-primary-lessor" };
    if (!lessor.exists(id) && !(await catchUp.wait())) return { failure: "timeout-wait-applied-index" };
    for (;;) {
      const failure = await this.#clearCheckpoint(id);
      if (failure !== undefined) return { failure };
      const renewal = lessor.renew(id);
      if (typeof renewal === "number") return this.#confirm(id, renewal);
      if (renewal === "not-found") return this.#confirmMissing(id);
      if (renewal !== "expired") return renewal;
      const revoked = this.#parts.waits.wait(id);
      if (revoked === undefined) return { failure: "too-many-requests" };
      await revoked;
    }
  }

  /**
   * The lease has its time again; but a revocation may be committed that this member has not applied yet, or that another leader has
   * acknowledged while this one was cut off. (etcd answers at once.)
   */
  async #confirm(id: bigint, seconds: number): Promise<PrimaryRenewal> {
    const { lessor, leadership } = this.#parts;
    if (!(await leadership.confirm())) return "not-primary";
    if (!lessor.exists(id)) return "not-found";
    return lessor.isPrimary ? BigInt(seconds) : "not-primary";
  }

  /** It may have been granted by another leader; whoever is told that it is gone lets go of all that hangs on it. */
  async #confirmMissing(id: bigint): Promise<PrimaryRenewal> {
    const { lessor, leadership } = this.#parts;
    return (await leadership.confirm()) && !lessor.exists(id) ? "not-found" : "not-primary";
  }

  /** What a later leader would give the lease must not be less than what is promised now. */
  async #clearCheckpoint(id: bigint): Promise<MemberFailure | undefined> {
    const { lessor, proposals } = this.#parts;
    if (!lessor.isPrimary || !lessor.hasCheckpoint(id) || lessor.isExpired(id)) return undefined;
    const result = await proposals.checkpoint([{ id, remainingTtl: 0 }]);
    return "failure" in result ? result.failure : undefined;
  }

  /** undefined when there is no such lease; `leader-changed` when this member does not lead (any more). */
  async timeToLive(
    id: bigint,
    withKeys: boolean,
  ): Promise<LeaseTimes | undefined | { readonly failure: MemberFailure }> {
    const { lessor, leadership, catchUp } = this.#parts;
    if (!(await catchUp.wait())) return { failure: "timeout-wait-applied-index" };
    if (!lessor.isPrimary || !(await leadership.confirm())) return { failure: "leader-changed" };
    if (!lessor.exists(id)) return undefined;
    const keys = withKeys ? await this.#readKeys(id) : [];
    const times = lessor.timeToLive(id);
    if (times === undefined) return undefined;
    // Only the primary knows what is left, and keys may have taken turns to read.
    if (!lessor.isPrimary) return { failure: "leader-changed" };
    return { ttl: BigInt(times.ttl), grantedTtl: BigInt(times.grantedTtl), keys };
  }

  async #readKeys(id: bigint): Promise<Uint8Array[]> {
    const { lessor, member } = this.#parts;
    const keys: Uint8Array[] = [];
    for (;;) {
      const part = lessor.keysOf(id, KEYS_PER_TURN, keys[keys.length - 1]);
      for (const key of part) keys.push(key);
      if (part.length < KEYS_PER_TURN) return keys;
      await member.yieldTurn();
    }
  }
}
