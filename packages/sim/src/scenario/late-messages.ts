/**
 * Messages that are on their way for long, while others of the same sender pass them: requests for votes that a candidate has long
 * forgotten, a database that its sender has given up. Raft promises to be right however late a message is.
 */
import { MessageType, type Message } from "@quorate/raft";
import type { SimCluster } from "../cluster/sim-cluster.js";
import type { SimMember } from "../cluster/sim-member.js";
import type { LateCargo } from "./plan.js";

/** Kept for one member; further ones are not late. */
const KEPT_MAX = 16;

const TYPES: Readonly<Record<LateCargo, MessageType>> = {
  votes: MessageType.MsgVote,
  database: MessageType.MsgSnap,
};

interface Delay {
  readonly type: MessageType;
  readonly countMax: number;
  readonly onKept: () => void;
  readonly kept: (() => void)[];
}

export class LateMessages {
  /** By the name of whom they are for: a newer one takes its place, and what the older one keeps comes in its time. */
  readonly #delays = new Map<string, Delay>();
  /** Runs a task unless the plan is over by then. */
  readonly #later: (delayMs: number, task: () => void) => void;

  constructor(cluster: SimCluster, later: (delayMs: number, task: () => void) => void) {
    this.#later = later;
    cluster.keep = (to, message, arrive) => this.#keep(to, message, arrive);
  }

  /** @param onKept is called for each message. */
  keep(
    { name }: SimMember,
    { cargo, gapMs, forMs }: { cargo: LateCargo; gapMs: number; forMs: number },
    onKept: () => void,
  ): void {
    // Of databases the first one: the next one, which is newer, overtakes it.
    const countMax = cargo === "database" ? 1 : KEPT_MAX;
    const delay: Delay = { type: TYPES[cargo], countMax, onKept, kept: [] };
    this.#delays.set(name, delay);
    this.#later(forMs, () => {
      if (this.#delays.get(name) === delay) this.#delays.delete(name);
      for (const [i, arrive] of delay.kept.entries()) this.#later(i * gapMs, arrive);
    });
  }

  /** What is kept is lost. */
  clear(): void {
    this.#delays.clear();
  }

  #keep(to: string, { type }: Message, arrive: () => void): boolean {
    const delay = this.#delays.get(to);
    if (delay?.type !== type || delay.kept.length >= delay.countMax) return false;
    delay.kept.push(arrive);
    delay.onKept();
    return true;
  }
}
