/** What an operator does to a cluster while it is under load, and afterwards with members that are beyond repair. */
import { etcdserverpb, type DescMessage, type DescMethodUnary, type MessageInitShape } from "@quorate/proto";
import type { SimCluster } from "../cluster/sim-cluster.js";
import { peerUrlOf, type SimMember } from "../cluster/sim-member.js";
import { MEMBERS_MAX, type Plan } from "./plan.js";

const NAME = "admin";
const DEADLINE_MS = 5000;

/** Each answers false when there is nothing that it could be done to. */
export class Operator {
  readonly #cluster: SimCluster;
  readonly #plan: Plan;

  constructor(cluster: SimCluster, plan: Plan) {
    this.#cluster = cluster;
    this.#plan = plan;
  }

  moveLeader(to: SimMember): boolean {
    const { leader } = this.#cluster;
    const target = to.running?.memberId;
    if (leader === undefined || target === undefined || leader === to) return false;
    this.#ask(leader, etcdserverpb.Maintenance.method.moveLeader, { targetID: target });
    return true;
  }

  compact(keep: number): boolean {
    const member = this.#cluster.leader;
    const revision = (member?.open?.machine.store.revision ?? 0) - keep;
    if (member === undefined || revision <= 0) return false;
    this.#ask(member, etcdserverpb.KV.method.compact, { revision: BigInt(revision) });
    return true;
  }

  /** @param start begins the process of the new member. */
  addLearner(start: (member: SimMember) => void): boolean {
    const { leader, members } = this.#cluster;
    if (leader === undefined || members.length >= MEMBERS_MAX) return false;
    const name = `m${members.length + 1}`;
    const request = { peerURLs: [peerUrlOf(name)], isLearner: true };
    const joined = this.#cluster.add(name);
    joined.disk.health.writeMs = this.#plan.diskWriteMs;
    // Nobody knows it before the cluster does; until then its starts fail, and nobody tries for ever.
    joined.isRemoved = true;
    this.#ask(leader, etcdserverpb.Cluster.method.memberAdd, request, (ok) => {
      if (!ok) return;
      joined.isRemoved = false;
      start(joined);
    });
    return true;
  }

  promote(): boolean {
    const { leader } = this.#cluster;
    const learner = leader?.open?.facade.members().find(({ isLearner }) => isLearner);
    if (leader === undefined || learner === undefined) return false;
    this.#ask(leader, etcdserverpb.Cluster.method.memberPromote, { ID: learner.id });
    return true;
  }

  remove(member: SimMember): boolean {
    const { leader } = this.#cluster;
    const row = leader?.open?.facade.members().find(({ peerUrls }) => peerUrls[0] === member.peerUrl);
    if (leader === undefined) return false;
    if (row === undefined) {
      // It was taken out, and the answer that said so was lost.
      if (member.life === undefined) member.isRemoved = true;
      return false;
    }
    this.#ask(leader, etcdserverpb.Cluster.method.memberRemove, { ID: row.id }, (ok) => {
      // One that is down can't be told.
      if (ok && member.life === undefined) member.isRemoved = true;
    });
    return true;
  }

  /** Whether the cluster keeps a quorum when this member is lost for good, with all whose disks are damaged already. */
  canLose(member: SimMember): boolean {
    const { leader, members } = this.#cluster;
    const voters = leader?.open?.facade.members().filter(({ isLearner }) => !isLearner) ?? [];
    const doubtful = members.filter(
      (each) =>
        (each === member || each.disk.isRotten) &&
        !each.isRemoved &&
        voters.some(({ peerUrls }) => peerUrls[0] === each.peerUrl),
    );
    return voters.length > 0 && 2 * doubtful.length < voters.length;
  }

  #ask<I extends DescMessage, O extends DescMessage>(
    member: SimMember,
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    done: (ok: boolean) => void = () => undefined,
  ): void {
    void this.#cluster
      .client(NAME, member)
      .call(method, request, DEADLINE_MS)
      .then(({ ok }) => done(ok));
  }
}
