/** One member's view of a cluster, moved by tests: members, links, leadership, and a log that decides as the replicated list does. */
import { Membership, parseMember, type MembershipRefusal } from "@quorate/machine";
import type { MemberFailure, MemberRow, ReadWaiter } from "../../api/member-port.js";
import type { ReportPort } from "../../member/ports.js";
import { MembershipOperations, type MembershipOperationsOptions } from "../membership-operations.js";
import type {
  ClusterFacts,
  ClusterRequest,
  ConfChangePort,
  ConfChangeWish,
  LeadershipPort,
} from "../ports.js";
import { VirtualTime } from "./virtual-time.js";

export const OWN_ID = 1n;
/** Links of this age count as connected. */
const LINK_AGE_MS = 6000;

/** `m1` has started, `-m2` has not, `l3` is a learner; a `!` behind it: its link is down; a `?`: its link is young. */
export function row(text: string): MemberRow {
  const id = BigInt(/\d+/.exec(text)?.[0] ?? "0");
  const isStarted = !text.startsWith("-");
  return {
    id,
    name: isStarted ? `m${id}` : "",
    peerUrls: [`http://10.0.0.${id}:2380`],
    clientUrls: isStarted ? [`http://10.0.0.${id}:2379`] : [],
    isLearner: text.includes("l"),
  };
}

export class FakeCluster implements ClusterFacts, LeadershipPort, ConfChangePort {
  readonly memberId = OWN_ID;
  readonly time = new VirtualTime();
  readonly membership = new Membership(1);
  readonly activeSince = new Map<bigint, number>();
  readonly wishes: ConfChangeWish[] = [];
  readonly requests: ClusterRequest[] = [];
  readonly transfers: bigint[] = [];
  readonly lines: string[] = [];
  leader = OWN_ID;
  stopped = false;
  committedIndex = 100;
  appliedIndex = 100;
  version: string | undefined = "3.7.0";
  downgrade = { enabled: false, targetVersion: "" };
  matches = new Map<bigint, number>();
  /** Why linearizable reads fail. */
  readFailure: MemberFailure | undefined;
  /** Why requests and changes do not get into the log. */
  failure: MemberFailure | undefined;
  readonly report: ReportPort = {
    info: (message) => void this.lines.push(message),
    warn: (message) => void this.lines.push(message),
  };

  constructor(...members: readonly string[]) {
    for (const text of members) {
      const member = row(text);
      this.membership.apply({ kind: "add", member: { ...member, isPromote: false } }, () => undefined);
      const age = text.endsWith("?") ? LINK_AGE_MS - 1000 : LINK_AGE_MS;
      if (!text.endsWith("!")) this.activeSince.set(member.id, this.time.nowMs - age);
      this.matches.set(member.id, 100);
    }
  }

  get isLeader(): boolean {
    return this.leader === OWN_ID;
  }

  members(): readonly MemberRow[] {
    return this.membership.list();
  }

  clusterVersion(): string | undefined {
    return this.version;
  }

  awaitReadIndex(waiter: ReadWaiter): void {
    if (this.readFailure === undefined) waiter.onReady();
    else waiter.onFailed(this.readFailure);
  }

  transferLeader(target: bigint): void {
    this.transfers.push(target);
  }

  matchIndexes(): ReadonlyMap<bigint, number> | undefined {
    return this.isLeader ? this.matches : undefined;
  }

  proposeConfChange(wish: ConfChangeWish): Promise<MemberFailure | MembershipRefusal | undefined> {
    this.wishes.push(wish);
    return Promise.resolve(this.failure ?? this.#apply(wish));
  }

  #apply({ kind, nodeId, context }: ConfChangeWish): MembershipRefusal | undefined {
    const member = parseMember(context);
    const change =
      member === undefined || kind === "remove-node"
        ? ({ kind: "remove", id: nodeId } as const)
        : kind === "update-node"
          ? ({ kind: "update", id: nodeId, peerUrls: member.peerUrls } as const)
          : member.isPromote
            ? ({ kind: "promote", id: nodeId } as const)
            : ({ kind: "add", member } as const);
    const refusal = this.membership.check(change);
    if (refusal === undefined) this.membership.apply(change, () => undefined);
    return refusal;
  }

  readonly propose = (request: ClusterRequest): Promise<MemberFailure | undefined> => {
    this.requests.push(request);
    if (this.failure === undefined) {
      if ("clusterVersionSet" in request) this.version = request.clusterVersionSet.ver;
      if ("downgradeInfoSet" in request) {
        const { enabled, ver } = request.downgradeInfoSet;
        this.downgrade = { enabled, targetVersion: ver };
      }
    }
    return Promise.resolve(this.failure);
  };

  operations(options: Partial<MembershipOperationsOptions> = {}): MembershipOperations {
    return new MembershipOperations({
      member: this,
      leadership: this,
      changes: this,
      propose: this.propose,
      forwardPromote: () => Promise.reject(new Error("nobody is asked")),
      activeSinceMs: (id) => this.activeSince.get(id),
      computeId: (peerUrls, unixSeconds) => BigInt(peerUrls.length * 1000 + (unixSeconds % 1000)),
      clock: this.time,
      scheduler: this.time,
      report: this.report,
      strictReconfigCheck: true,
      requestTimeoutMs: 7000,
      electionTimeoutMs: 1000,
      ...options,
    });
  }
}
