/** Makes a plan's faults happen to a cluster, and mends everything at the end. */
import { etcdserverpb, type DescMessage, type DescMethodUnary, type MessageInitShape } from "@quorate/proto";
import type { SimCluster } from "../cluster/sim-cluster.js";
import { peerUrlOf, type SimMember } from "../cluster/sim-member.js";
import { HEALTHY_LINES } from "../world/sim-network.js";
import { MEMBERS_MAX, type Fault, type Plan } from "./plan.js";

const ADMIN = "admin";
const ADMIN_DEADLINE_MS = 5000;
/** A process that failed to start is started again. */
const RESTART_MS = 500;

export class FaultInjector {
  /** How many faults of each kind took effect. */
  readonly counts: Map<string, number> = new Map();
  readonly #cluster: SimCluster;
  readonly #plan: Plan;
  #isOver = false;

  constructor(cluster: SimCluster, plan: Plan) {
    this.#cluster = cluster;
    this.#plan = plan;
  }

  start(): void {
    const { diskWriteMs, lines } = this.#plan;
    this.#cluster.network.health = lines;
    for (const member of this.#cluster.members) member.disk.health.writeMs = diskWriteMs;
    for (const fault of this.#plan.faults) {
      this.#cluster.time.after(fault.atMs, () => {
        if (!this.#isOver) this.#begin(fault);
      });
    }
  }

  /** Lines, disks and processes are well from now on. */
  mend(): void {
    this.#isOver = true;
    const { network, members } = this.#cluster;
    network.mendAll();
    network.health = HEALTHY_LINES;
    for (const member of members) {
      member.disk.health.failsWith = undefined;
      member.disk.health.writeMs = [0.05, 0.5];
    }
    this.#keepAlive();
  }

  /** Processes that ended for want of a disk, or that were killed, come back. */
  #keepAlive(): void {
    for (const member of this.#cluster.members)
      if (member.life === undefined && !member.isRemoved) void this.#restart(member);
    this.#cluster.time.after(RESTART_MS, () => this.#keepAlive());
  }

  #begin(fault: Fault): void {
    this.#cluster.note(`fault ${JSON.stringify(fault)}`);
    if (!this.#cause(fault)) return;
    this.counts.set(fault.kind, (this.counts.get(fault.kind) ?? 0) + 1);
  }

  /** @returns false when there is nothing that it could happen to. */
  #cause(fault: Fault): boolean {
    const { members, network, leader } = this.#cluster;
    switch (fault.kind) {
      case "isolate":
        return this.#separate([this.#at(fault.member)], fault.forMs);
      case "split": {
        const count = Math.min(fault.count, members.length - 1);
        const some = Array.from({ length: count }, (_, i) => this.#at((fault.member + i) % members.length));
        return this.#separate(some, fault.forMs);
      }
      case "cut":
        network.cut(this.#at(fault.from).name, this.#at(fault.to).name);
        this.#later(fault.forMs, () => network.mendAll());
        return true;
      case "kill":
        return this.#kill(this.#at(fault.member), fault);
      case "kill-leader":
        return leader !== undefined && this.#kill(leader, fault);
      case "kill-all":
        return members.map((member) => this.#kill(member, fault)).includes(true);
      case "stop":
        return this.#stop(this.#at(fault.member), fault.forMs);
      case "pause": {
        const { life } = this.#at(fault.member);
        life?.stop(fault.forMs);
        return life !== undefined;
      }
      case "slow-disk": {
        const { health } = this.#at(fault.member).disk;
        health.writeMs = [0.1, fault.writeMs];
        this.#later(fault.forMs, () => (health.writeMs = this.#plan.diskWriteMs));
        return true;
      }
      case "bad-disk":
        return this.#breakDisk(this.#at(fault.member), fault);
      case "slow-lines": {
        const { name } = this.#at(fault.member);
        network.slowMs.set(name, fault.extraMs);
        this.#later(fault.forMs, () => network.slowMs.delete(name));
        return true;
      }
      case "jump-clock":
        this.#at(fault.member).life?.jumpWallClock(fault.byMs);
        return true;
      case "move-leader":
        return this.#moveLeader(this.#at(fault.member));
      case "compact":
        return this.#compact(fault.keep);
      case "add-learner":
        return this.#addLearner();
      case "promote":
        return this.#promote();
      case "remove":
        return this.#remove(this.#at(fault.member));
    }
  }

  #at(index: number): SimMember {
    const { members } = this.#cluster;
    const member = members[index % members.length];
    if (member === undefined) throw new Error(`no member ${index}`);
    return member;
  }

  #later(delayMs: number, task: () => void): void {
    this.#cluster.time.after(delayMs, () => {
      if (!this.#isOver) task();
    });
  }

  #separate(some: readonly SimMember[], forMs: number): boolean {
    const { members, network } = this.#cluster;
    for (const one of some) {
      for (const other of members) {
        if (some.includes(other)) continue;
        network.cut(one.name, other.name);
        network.cut(other.name, one.name);
      }
    }
    this.#later(forMs, () => network.mendAll());
    return true;
  }

  #kill(member: SimMember, { power, forMs }: { readonly power: boolean; readonly forMs: number }): boolean {
    if (member.life === undefined) return false;
    const gone = member.kill(power ? "power-lost" : "killed");
    this.#later(forMs, () => void gone.then(() => this.#restart(member)));
    return true;
  }

  #stop(member: SimMember, forMs: number): boolean {
    if (member.services === undefined) return false;
    void member.stop();
    // It may hang for want of a quorum, or of a disk.
    this.#later(forMs + 3000, () => {
      void (member.life === undefined
        ? this.#restart(member)
        : member.kill("killed").then(() => this.#restart(member)));
    });
    return true;
  }

  async #restart(member: SimMember): Promise<void> {
    if (member.life !== undefined || member.isRemoved) return;
    await member.start();
  }

  #breakDisk(member: SimMember, { code, forMs }: { code: "ENOSPC" | "EIO"; forMs: number }): boolean {
    const { health } = member.disk;
    health.failsWith = code;
    this.#later(forMs, () => {
      health.failsWith = undefined;
      this.#later(RESTART_MS, () => void this.#restart(member));
    });
    return true;
  }

  #moveLeader(to: SimMember): boolean {
    const { leader } = this.#cluster;
    const target = to.running?.memberId;
    if (leader === undefined || target === undefined || leader === to) return false;
    this.#ask(leader, etcdserverpb.Maintenance.method.moveLeader, { targetID: target });
    return true;
  }

  #compact(keep: number): boolean {
    const member = this.#cluster.leader;
    const revision = (member?.open?.machine.store.revision ?? 0) - keep;
    if (member === undefined || revision <= 0) return false;
    this.#ask(member, etcdserverpb.KV.method.compact, { revision: BigInt(revision) });
    return true;
  }

  #addLearner(): boolean {
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
      void this.#restart(joined);
    });
    return true;
  }

  #promote(): boolean {
    const { leader } = this.#cluster;
    const learner = leader?.open?.facade.members().find(({ isLearner }) => isLearner);
    if (leader === undefined || learner === undefined) return false;
    this.#ask(leader, etcdserverpb.Cluster.method.memberPromote, { ID: learner.id });
    return true;
  }

  #remove(member: SimMember): boolean {
    const { leader } = this.#cluster;
    const id = member.running?.memberId;
    if (leader === undefined || id === undefined) return false;
    this.#ask(leader, etcdserverpb.Cluster.method.memberRemove, { ID: id });
    return true;
  }

  #ask<I extends DescMessage, O extends DescMessage>(
    member: SimMember,
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    done: (ok: boolean) => void = () => undefined,
  ): void {
    void this.#cluster
      .client(ADMIN, member)
      .call(method, request, ADMIN_DEADLINE_MS)
      .then(({ ok }) => done(ok));
  }
}
