/** Port: changes of the membership, of leadership and of the cluster's version, as the API services ask for them. */
import type { MemberFailure, MemberRow } from "../member-port.js";

export type MembershipRequest =
  | { readonly kind: "add"; readonly peerUrls: readonly string[]; readonly isLearner: boolean }
  | { readonly kind: "remove"; readonly id: bigint }
  | { readonly kind: "update"; readonly id: bigint; readonly peerUrls: readonly string[] }
  /** `token` is the caller's, for the leader when it is another member. */
  | { readonly kind: "promote"; readonly id: bigint; readonly token?: string | undefined };

export type MembershipAnswer =
  | {
      readonly kind: "done";
      /** All members afterwards, ascending by id. */
      readonly members: readonly MemberRow[];
      /** The member that was added, removed, updated or promoted; it is not in `members` when it was removed. */
      readonly id: bigint;
    }
  | { readonly kind: "failed"; readonly failure: MemberFailure };

export type DowngradeAction = "validate" | "enable" | "cancel";

export interface ClusterPort {
  /** Checks (operations 2.2 to 2.4), proposes, and waits until the change is applied here; bounded by the request timeout. */
  changeMembership(request: MembershipRequest): Promise<MembershipAnswer>;
  /** Hands leadership to `target` and waits until it leads; only the leader can. @returns why not, or undefined. */
  moveLeader(target: bigint): Promise<MemberFailure | undefined>;
  /** @returns the cluster version as `3.7.0`, or why not. Source: operations 3.4. */
  downgrade(
    action: DowngradeAction,
    version: string,
  ): Promise<{ readonly version: string } | { readonly failure: MemberFailure }>;
}
