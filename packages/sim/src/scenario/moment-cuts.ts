/**
 * Cuts a member off in the moment in which it says something: nobody hears it. What independent faults would have to hit within the delay of
 * a line happens surely.
 */
import { EntryType, MessageType, type Message } from "@quorate/raft";
import type { SimCluster } from "../cluster/sim-cluster.js";
import type { SimMember } from "../cluster/sim-member.js";
import type { CutMoment } from "./plan.js";

export class MomentCuts {
  /** One for each moment: a newer one takes its place. */
  readonly #traps = new Map<CutMoment, (member: SimMember) => void>();
  /** By member: the commit index that it told last, and the first change that it sent and has not told to be committed. */
  readonly #toldCommits = new Map<SimMember, number>();
  readonly #sentChanges = new Map<SimMember, number>();

  constructor(cluster: SimCluster) {
    const { onSent } = cluster;
    cluster.onSent = (member, message) => {
      onSent(member, message);
      if (message.type === MessageType.MsgApp) this.#look(member, message);
    };
  }

  set(on: CutMoment, spring: (member: SimMember) => void): void {
    this.#traps.set(on, spring);
  }

  clear(): void {
    this.#traps.clear();
  }

  #look(member: SimMember, { entries, term, commit }: Message): void {
    const first = entries[0];
    if (first?.term === term && first.type === EntryType.EntryNormal && first.data.length === 0)
      this.#meet("term-begun", member);
    if (commit > (this.#toldCommits.get(member) ?? Infinity)) this.#meet("commit-told", member);
    this.#toldCommits.set(member, commit);
    const change = this.#sentChanges.get(member);
    if (change !== undefined && commit >= change) {
      this.#sentChanges.delete(member);
      this.#meet("change-committed", member);
    } else if (change === undefined) {
      const sent = entries.find(({ type, index }) => type !== EntryType.EntryNormal && index > commit);
      if (sent !== undefined) this.#sentChanges.set(member, sent.index);
    }
  }

  #meet(moment: CutMoment, member: SimMember): void {
    const spring = this.#traps.get(moment);
    if (spring === undefined) return;
    this.#traps.delete(moment);
    spring(member);
  }
}
