/** Makes a plan's faults happen to a cluster, and mends everything at the end. */
import type { SimCluster } from "../cluster/sim-cluster.js";
import type { SimMember } from "../cluster/sim-member.js";
import type { RotPlace } from "../world/rot.js";
import { HEALTHY_LINES } from "../world/sim-network.js";
import { Ambushes } from "./ambush.js";
import { Crowd } from "./crowd.js";
import { LateMessages } from "./late-messages.js";
import { LineFaults } from "./line-faults.js";
import { MomentCuts } from "./moment-cuts.js";
import { Operator } from "./operator.js";
import { LEADER, type Fault, type Plan } from "./plan.js";

/** A process that failed to start is started again. */
const RESTART_MS = 500;

interface Outage {
  readonly power: boolean;
  readonly forMs: number;
}

export class FaultInjector {
  /** How many faults of each kind took effect. */
  readonly counts: Map<string, number> = new Map();
  readonly #cluster: SimCluster;
  readonly #plan: Plan;
  readonly #lines: LineFaults;
  readonly #operator: Operator;
  readonly #ambushes: Ambushes;
  readonly #cuts: MomentCuts;
  readonly #late: LateMessages;
  readonly #crowd: Crowd;
  #isOver = false;

  constructor(cluster: SimCluster, plan: Plan) {
    this.#cluster = cluster;
    this.#plan = plan;
    this.#lines = new LineFaults(cluster, (delayMs, task) => this.#later(delayMs, task));
    this.#operator = new Operator(cluster, plan);
    this.#ambushes = new Ambushes(cluster);
    this.#cuts = new MomentCuts(cluster);
    this.#late = new LateMessages(cluster, (delayMs, task) => this.#later(delayMs, task));
    this.#crowd = new Crowd(cluster);
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
    this.#ambushes.clear();
    this.#cuts.clear();
    this.#late.clear();
    const { network, members } = this.#cluster;
    network.mendAll();
    network.health = HEALTHY_LINES;
    for (const member of members) {
      const { health } = member.disk;
      health.failsWith = undefined;
      health.failsOnce = false;
      health.cutsReceived = false;
      health.writeMs = HEALTHY_WRITE_MS;
    }
    this.#keepAlive();
  }

  /** Processes that ended for want of a disk, or that were killed, come back; members that can't are taken out of the cluster. */
  #keepAlive(): void {
    for (const member of this.#cluster.members) {
      if (member.life !== undefined || member.isRemoved) continue;
      if (member.disk.isRotten && this.#endedByRot(member)) this.#operator.remove(member);
      else void this.#restart(member);
    }
    this.#cluster.time.after(RESTART_MS, () => this.#keepAlive());
  }

  #endedByRot(member: SimMember): boolean {
    const last = this.#cluster.ends.findLast((end) => end.member === member.name);
    return last !== undefined && isDamage(last.error);
  }

  #begin(fault: Fault): void {
    this.#cluster.note(`fault ${JSON.stringify(fault)}`);
    if (this.#cause(fault)) this.#count(fault.kind);
  }

  #count(kind: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
  }

  /** @returns false when there is nothing that it could happen to, or when it is yet to happen. */
  #cause(fault: Fault): boolean {
    const { members, leader } = this.#cluster;
    switch (fault.kind) {
      case "isolate":
        return this.#lines.separate([this.#at(fault.member)], fault.forMs);
      case "split":
        return this.#lines.separate(this.#some(this.#at(fault.member), fault.count), fault.forMs);
      case "cut":
        return this.#lines.cut(this.#at(fault.from), this.#at(fault.to), fault.forMs);
      case "half-cut":
        return this.#lines.halfCut(this.#at(fault.member), fault.side, fault.forMs);
      case "flap":
        return this.#lines.flap(this.#at(fault.member), fault.everyMs, fault.forMs);
      case "clog":
        return this.#lines.clog(this.#at(fault.member), fault.forMs);
      case "slow-lines":
        return this.#lines.slow(this.#at(fault.member), fault.extraMs, fault.forMs);
      case "kill":
        return this.#kill(this.#at(fault.member), fault);
      case "kill-leader":
        return leader !== undefined && this.#kill(leader, fault);
      case "kill-all":
        return members.map((member) => this.#kill(member, fault)).includes(true);
      case "storm":
        for (let i = 0; i < fault.count; i++)
          this.#later(i * fault.everyMs, () => void this.#kill(this.#at(i), fault));
        return true;
      case "ambush":
        this.#ambushes.set(fault.on, (member) => {
          if (!this.#isOver && this.#kill(member, fault)) this.#count(`ambush ${fault.on}`);
        });
        return false;
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
      case "failed-write": {
        const member = this.#at(fault.member);
        member.disk.health.failsOnce = true;
        this.#later(fault.forMs, () => void this.#restart(member));
        return true;
      }
      case "rot":
        return this.#rot(this.#at(fault.member), fault);
      case "short-databases": {
        const { health } = this.#at(fault.member).disk;
        health.cutsReceived = true;
        this.#later(fault.forMs, () => (health.cutsReceived = false));
        return true;
      }
      case "jump-clock":
        this.#at(fault.member).life?.jumpWallClock(fault.byMs);
        return true;
      case "move-leader":
        return this.#operator.moveLeader(this.#at(fault.member));
      case "compact":
        return this.#operator.compact(fault.keep);
      case "add-learner":
        return this.#operator.addLearner((member) => void this.#restart(member));
      case "promote":
        return this.#operator.promote();
      case "remove": {
        const member = this.#at(fault.member);
        // Those with a damaged disk may be the next to go.
        const isSafe = !members.some((each) => each !== member && each.disk.isRotten && !each.isRemoved);
        return isSafe && this.#operator.remove(member);
      }
      case "cut-at":
        this.#cuts.set(fault.on, (member) => {
          const cut = (): void => {
            this.#cluster.note(`${member.name} is cut off`);
            this.#lines.separate(this.#some(member, fault.count), fault.forMs);
            this.#count(`cut-at ${fault.on}`);
          };
          if (fault.afterMs === 0) cut();
          else this.#later(fault.afterMs, cut);
        });
        return false;
      case "late":
        this.#late.keep(this.#at(fault.member), fault, () => this.#count(`late ${fault.cargo}`));
        return false;
      case "crowd":
        return this.#crowd.gather(this.#at(fault.member), fault);
    }
  }

  #at(index: number): SimMember {
    const { members, leader } = this.#cluster;
    const first = index > LEADER || leader === undefined ? 0 : members.indexOf(leader);
    const places = index > LEADER ? index : LEADER - index;
    const member = members[(first + places) % members.length];
    if (member === undefined) throw new Error(`no member ${index}`);
    return member;
  }

  /** A member and those behind it, but never all. */
  #some(member: SimMember, count: number): SimMember[] {
    const { members } = this.#cluster;
    const first = members.indexOf(member);
    const length = Math.min(count, members.length - 1);
    return Array.from({ length }, (_, i) => this.#at((first + i) % members.length));
  }

  #later(delayMs: number, task: () => void): void {
    this.#cluster.time.after(delayMs, () => {
      if (!this.#isOver) task();
    });
  }

  #kill(member: SimMember, { power, forMs }: Outage): boolean {
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

  #rot(member: SimMember, { place, power, forMs }: Outage & { readonly place: RotPlace }): boolean {
    if (member.life === undefined || !this.#operator.canLose(member)) return false;
    void member.kill(power ? "power-lost" : "killed").then(async () => {
      const damaged = await member.disk.rot(place);
      this.#cluster.note(`${member.name} rots: ${damaged ?? "nothing there"}`);
    });
    this.#later(forMs, () => void this.#restart(member));
    return true;
  }
}

const HEALTHY_WRITE_MS = [0.05, 0.5] as const;

/** What the storage says of bytes that are not those that were written, and the member of a log that ends too soon. */
export function isDamage(error: Error): boolean {
  if (error.message.includes("the log has lost its end")) return true;
  for (let each: unknown = error; each instanceof Error; each = each.cause)
    if (each.name === "CorruptionError" || ("code" in each && each.code === "corrupt")) return true;
  return false;
}
