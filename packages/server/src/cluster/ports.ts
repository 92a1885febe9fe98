/** What the rules about membership and versions ask of the member driver. */
import type { MembershipRefusal } from "@quorate/machine";
import type { MemberFailure } from "../api/member-port.js";

export type ConfChangeKind = "add-node" | "add-learner" | "remove-node" | "update-node";

export interface ConfChangeWish {
  readonly kind: ConfChangeKind;
  readonly nodeId: bigint;
  /** Member JSON as in raft-peers-formats 4.4; empty for a removal. */
  readonly context: string;
}

/** How the driver puts a change into the log. */
export interface ConfChangePort {
  /**
   * Proposes the change and resolves once it is applied here and raft has moved past it, so that the next change is not
   * refused. @returns why nothing was changed, or undefined.
   */
  proposeConfChange(wish: ConfChangeWish): Promise<MemberFailure | MembershipRefusal | undefined>;
  /** Highest log index known to be on each member; undefined when this member is not the leader. */
  matchIndexes(): ReadonlyMap<bigint, number> | undefined;
}
