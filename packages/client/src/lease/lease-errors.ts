/** The one failure that is a lease's own. */
import { formatHexId } from "@quorate/proto";

/**
 * Why a lease is gone.
 * - `expired`: the server says it does not exist any more (its time ran out, or somebody revoked it).
 * - `unrenewed`: no renewal was confirmed in time. The server may still have it for a moment; rely on nothing.
 * - `ended`: this client revoked it, released it, or was closed.
 */
export type LeaseLoss = "expired" | "unrenewed" | "ended";

const TEXTS: Readonly<Record<LeaseLoss, string>> = {
  expired: "does not exist any more",
  unrenewed: "could not be renewed in time",
  ended: "was given up by this client",
};

/** The reason of `lease.lost`, and what calls reject with that need a lease that is gone. */
export class LeaseLostError extends Error {
  override readonly name = "LeaseLostError";
  readonly leaseId: bigint;
  readonly loss: LeaseLoss;

  constructor(leaseId: bigint, loss: LeaseLoss) {
    super(`lease ${formatHexId(leaseId)} ${TEXTS[loss]}`);
    this.leaseId = leaseId;
    this.loss = loss;
  }
}
