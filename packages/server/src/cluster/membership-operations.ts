/**
 * Changes of the membership, of leadership and of the cluster's version, as clients ask for them: checks, proposes, waits, and says
 * what came of it. Any member takes them; a promotion needs the leader, who alone knows how far a learner is.
 *
 *     request -> can it be risked? (reconfiguration-checks) -> log -> applied or refused (the replicated list decides) -> answer
 *
 * Source: operations 2.2 to 2.4, 3.4.
 */
import type { MembershipRefusal } from "@quorate/machine";
import { formatHexId, type ErrorName } from "@quorate/proto";
import type { MemberFailure } from "../api/member-port.js";
import type {
  ClusterPort,
  DowngradeAction,
  MembershipAnswer,
  MembershipRequest,
} from "../api/ports/cluster-port.js";
import type { ClockPort, ReportPort, SchedulerPort } from "../member/ports.js";
import { Downgrades } from "./downgrades.js";
import { moveLeader } from "./leadership-move.js";
import { toConfChange } from "./member-context.js";
import type {
  ClusterFacts,
  ConfChangePort,
  ForwardPromotePort,
  LeadershipPort,
  ProposePort,
} from "./ports.js";
import { forwardPromotion, refusePromotionHere } from "./promotion.js";
import { refuseAdd, refuseRemove, type ClusterSight } from "./reconfiguration-checks.js";

export interface MembershipOperationsOptions {
  readonly member: ClusterFacts;
  readonly leadership: LeadershipPort;
  readonly changes: ConfChangePort;
  readonly propose: ProposePort;
  readonly forwardPromote: ForwardPromotePort;
  /** Monotonic milliseconds since which the link to a member has been up; undefined while it is down. */
  readonly activeSinceMs: (id: bigint) => number | undefined;
  /** Id of a member that is added now. @param unixSeconds makes ids differ when URLs are used again. */
  readonly computeId: (peerUrls: readonly string[], unixSeconds: number) => bigint;
  readonly clock: ClockPort;
  readonly scheduler: SchedulerPort;
  readonly report: ReportPort;
  /** --strict-reconfig-check. */
  readonly strictReconfigCheck: boolean;
  readonly requestTimeoutMs: number;
  /** A promotion was tried here, where the leader is: what came of it, undefined for success. */
  readonly onPromotion?: (failure: MemberFailure | undefined) => void;
  /** How long a forwarded promotion waits before it looks for a leader again. */
  readonly electionTimeoutMs: number;
}

/** The replicated list's words for a refusal, in the words of the catalogue. */
const REFUSALS: Readonly<Record<MembershipRefusal, ErrorName>> = {
  "member-not-found": "member-not-found",
  "member-exists": "member-exist",
  "peer-url-exists": "peer-url-exist",
  "too-many-learners": "too-many-learners",
  "member-not-learner": "member-not-learner",
};

export class MembershipOperations implements ClusterPort {
  readonly #options: MembershipOperationsOptions;
  readonly #downgrades: Downgrades;

  constructor(options: MembershipOperationsOptions) {
    this.#options = options;
    this.#downgrades = new Downgrades(options);
  }

  async changeMembership(request: MembershipRequest): Promise<MembershipAnswer> {
    if (request.kind !== "promote") return this.#change(request);
    const answer = await this.promoteHere(request.id);
    if (answer.kind === "done" || answer.failure !== "not-leader") return answer;
    return forwardPromotion(this.#options, request);
  }

  /** Promotes a learner if this member leads, else fails with `not-leader`: what other members ask over the peer port. */
  async promoteHere(id: bigint): Promise<MembershipAnswer> {
    const answer = await this.#promoteHere(id);
    const failure = answer.kind === "done" ? undefined : answer.failure;
    if (failure !== "not-leader") this.#options.onPromotion?.(failure);
    return answer;
  }

  async #promoteHere(id: bigint): Promise<MembershipAnswer> {
    const refusal = await refusePromotionHere({ ...this.#options, sight: () => this.#sight() }, id);
    if (refusal === undefined) return this.#propose({ kind: "promote", id }, id);
    if (refusal !== "not-leader") this.#reportRefusal("promote", id, refusal);
    return { kind: "failed", failure: refusal };
  }

  async moveLeader(target: bigint): Promise<MemberFailure | undefined> {
    return moveLeader(this.#options, target);
  }

  async downgrade(
    action: DowngradeAction,
    version: string,
  ): Promise<{ readonly version: string } | { readonly failure: MemberFailure }> {
    return this.#downgrades.handle(action, version);
  }

  #change(request: Exclude<MembershipRequest, { kind: "promote" }>): Promise<MembershipAnswer> {
    const { computeId, clock } = this.#options;
    const id =
      request.kind === "add" ? computeId(request.peerUrls, Math.floor(clock.unixMs() / 1000)) : request.id;
    const refusal = this.#refuse(request);
    if (refusal === undefined) return this.#propose(request, id);
    this.#reportRefusal(request.kind, id, refusal);
    return Promise.resolve({ kind: "failed", failure: refusal });
  }

  #refuse(request: Exclude<MembershipRequest, { kind: "promote" }>): ErrorName | undefined {
    if (!this.#options.strictReconfigCheck) return undefined;
    if (request.kind === "add") return refuseAdd(this.#sight(), request.isLearner);
    return request.kind === "remove" ? refuseRemove(this.#sight(), request.id) : undefined;
  }

  #sight(): ClusterSight {
    const { member, activeSinceMs, clock } = this.#options;
    return {
      memberId: member.memberId,
      members: member.members(),
      nowMs: clock.monotonicMs(),
      activeSinceMs,
    };
  }

  async #propose(request: MembershipRequest, id: bigint): Promise<MembershipAnswer> {
    const { member, changes, report } = this.#options;
    const wish = toConfChange(request, id);
    const failure = await changes.proposeConfChange(wish);
    if (failure !== undefined) return { kind: "failed", failure: toFailure(failure) };
    report.info("applied a configuration change through raft", {
      "local-member-id": formatHexId(member.memberId),
      "raft-conf-change": RAFT_NAMES[wish.kind],
      "raft-conf-change-node-id": formatHexId(id),
    });
    return { kind: "done", members: member.members(), id };
  }

  #reportRefusal(kind: MembershipRequest["kind"], id: bigint, refusal: MemberFailure): void {
    const { member, report } = this.#options;
    report.warn(`rejecting member ${kind} request`, {
      "local-member-id": formatHexId(member.memberId),
      "requested-member-id": formatHexId(id),
      reason: typeof refusal === "string" ? refusal : refusal.unknown,
    });
  }
}

const RAFT_NAMES = {
  "add-node": "ConfChangeAddNode",
  "add-learner": "ConfChangeAddLearnerNode",
  "remove-node": "ConfChangeRemoveNode",
  "update-node": "ConfChangeUpdateNode",
} as const;

function toFailure(answer: MemberFailure | MembershipRefusal): MemberFailure {
  return typeof answer === "string" && answer in REFUSALS
    ? REFUSALS[answer as MembershipRefusal]
    : (answer as MemberFailure);
}
