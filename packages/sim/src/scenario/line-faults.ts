/** Faults of the lines between members. Each lasts for its time, whatever others do to the same lines. */
import type { SimCluster } from "../cluster/sim-cluster.js";
import type { SimMember } from "../cluster/sim-member.js";

type Mend = () => void;

export class LineFaults {
  readonly #cluster: SimCluster;
  /** Runs a task unless the plan is over by then. */
  readonly #later: (delayMs: number, task: () => void) => void;

  constructor(cluster: SimCluster, later: (delayMs: number, task: () => void) => void) {
    this.#cluster = cluster;
    this.#later = later;
  }

  cut(from: SimMember, to: SimMember, forMs: number): boolean {
    this.#later(forMs, this.#cluster.network.cut(from.name, to.name));
    return true;
  }

  /** Both directions between some members and all others. */
  separate(some: readonly SimMember[], forMs: number): boolean {
    const mend = [...this.#cutOff(some, "deaf"), ...this.#cutOff(some, "mute")];
    this.#later(forMs, () => mendAll(mend));
    return true;
  }

  halfCut(member: SimMember, side: "deaf" | "mute", forMs: number): boolean {
    const mend = this.#cutOff([member], side);
    this.#later(forMs, () => mendAll(mend));
    return true;
  }

  flap(member: SimMember, everyMs: number, forMs: number): boolean {
    const untilMs = this.#cluster.time.nowMs + forMs;
    const away = (): void => {
      if (this.#cluster.time.nowMs >= untilMs) return;
      this.separate([member], everyMs);
      this.#later(2 * everyMs, away);
    };
    away();
    return true;
  }

  clog(member: SimMember, forMs: number): boolean {
    const { network } = this.#cluster;
    network.clog(member.name);
    this.#later(forMs, () => network.unclog(member.name));
    return true;
  }

  slow(member: SimMember, extraMs: number, forMs: number): boolean {
    const { network } = this.#cluster;
    network.slowMs.set(member.name, extraMs);
    this.#later(forMs, () => network.slowMs.delete(member.name));
    return true;
  }

  /** @param side the deaf hear nothing of the others, the mute are not heard. */
  #cutOff(some: readonly SimMember[], side: "deaf" | "mute"): Mend[] {
    const { members, network } = this.#cluster;
    return some.flatMap((one) =>
      members
        .filter((other) => !some.includes(other))
        .map((other) =>
          side === "deaf" ? network.cut(other.name, one.name) : network.cut(one.name, other.name),
        ),
    );
  }
}

function mendAll(mends: readonly Mend[]): void {
  for (const mend of mends) mend();
}
