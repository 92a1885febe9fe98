/** Lies in wait for a moment in a member's life, in which it is to die: between what it says and what it has written, for instance. */
import { MessageType, EntryType, type Message } from "@quorate/raft";
import type { SimCluster } from "../cluster/sim-cluster.js";
import type { SimMember } from "../cluster/sim-member.js";
import type { AmbushMoment } from "./plan.js";

/** About how long a database is being put in the place of another one. */
const INSTALLATION_MS = 6;

interface Trap {
  readonly on: AmbushMoment;
  readonly spring: (member: SimMember) => void;
}

export class Ambushes {
  #traps: Trap[] = [];

  constructor(cluster: SimCluster) {
    const meet = (member: SimMember, moment: AmbushMoment | undefined): void => {
      if (moment === undefined || this.#traps.length === 0) return;
      const trap = this.#traps.find(({ on }) => on === moment);
      if (trap === undefined) return;
      this.#traps = this.#traps.filter((other) => other !== trap);
      // The turn that it happens in goes on to its end; what it has asked of its disk is under way then. An installation has many steps.
      const delayMs = moment === "snapshot-installing" ? cluster.prng.float() * INSTALLATION_MS : 0;
      cluster.time.after(delayMs, () => trap.spring(member));
    };
    cluster.onSent = (member, message) => meet(member, momentOfMessage(message));
    cluster.onLine = (member, line) => meet(member, momentOfLine(line));
  }

  set(on: AmbushMoment, spring: (member: SimMember) => void): void {
    this.#traps.push({ on, spring });
  }

  clear(): void {
    this.#traps = [];
  }
}

function momentOfMessage({ type, reject, entries, index }: Message): AmbushMoment | undefined {
  switch (type) {
    case MessageType.MsgVote:
      return "vote-asked";
    case MessageType.MsgVoteResp:
      return reject ? undefined : "vote-given";
    case MessageType.MsgApp:
      if (entries.some((entry) => entry.type !== EntryType.EntryNormal)) return "conf-change-sent";
      return entries.length > 0 ? "append-sent" : undefined;
    case MessageType.MsgAppResp:
      return reject || index === 0 ? undefined : "append-acknowledged";
    default:
      return undefined;
  }
}

function momentOfLine(line: string): AmbushMoment | undefined {
  if (line.includes("saved snapshot")) return "snapshot-marked";
  return line.includes("applying snapshot") ? "snapshot-installing" : undefined;
}
