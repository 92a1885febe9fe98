/**
 * What no member ever takes back: as long as a process lives, its revision, what it has compacted, applied and committed only grow; and
 * the next process of the same member begins with at least what the last one had made durable.
 */
import type { SimCluster } from "../cluster/sim-cluster.js";
import type { SimMember } from "../cluster/sim-member.js";
import { QueueRules } from "./queue-rules.js";

const LOOK_MS = 50;
/** What is broken is broken many times. */
const VIOLATIONS_MAX = 5;

/** Of one member at one moment. */
export interface MemberFacts {
  /** Counts its processes. */
  readonly life: number;
  readonly revision: number;
  readonly compactRevision: number;
  readonly appliedIndex: number;
  readonly committedIndex: number;
  readonly appliedTerm: number;
  /** Of its database: stored up to here, and found there whatever happens. */
  readonly durableIndex: number;
}

const GROWING = [
  "revision",
  "compactRevision",
  "appliedIndex",
  "committedIndex",
  "appliedTerm",
  "durableIndex",
] as const;

export class MemberRules {
  readonly violations: string[] = [];
  readonly #last = new Map<string, MemberFacts>();

  look(name: string, facts: MemberFacts): void {
    const last = this.#last.get(name);
    this.#last.set(name, facts);
    if (last === undefined) return;
    if (last.life !== facts.life) {
      if (facts.appliedIndex < last.durableIndex)
        this.#break(`${name} began with index ${facts.appliedIndex}, and ${last.durableIndex} was durable`);
      return;
    }
    for (const each of GROWING)
      if (facts[each] < last[each])
        this.#break(`${each} of ${name} fell from ${last[each]} to ${facts[each]}`);
  }

  #break(what: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push(what);
  }
}

export interface MemberWatch {
  readonly queues: QueueRules;
  /** Of members and their queues. */
  readonly violations: readonly string[];
}

/** Looks at all members, and at their queues, every `LOOK_MS`, for as long as the cluster exists. */
export function watchMembers(cluster: SimCluster): MemberWatch {
  const rules = new MemberRules();
  const queues = new QueueRules();
  const look = (): void => {
    for (const member of cluster.members) {
      const facts = factsOf(member);
      if (facts === undefined) continue;
      rules.look(member.name, facts);
      // A store that is empty has applied nothing.
      if (facts.appliedIndex > 0 && facts.appliedTerm > 0)
        cluster.rules.lookAtCommitted(member.name, facts.appliedIndex, facts.appliedTerm);
      queues.look(member.name, member.queueLevels());
    }
    cluster.time.after(LOOK_MS, look);
  };
  cluster.time.after(LOOK_MS, look);
  return {
    queues,
    get violations() {
      return [...rules.violations, ...queues.violations];
    },
  };
}

function factsOf({ open, life, startCount }: SimMember): MemberFacts | undefined {
  if (open === undefined || life === undefined || life.isOver) return undefined;
  const { store } = open.machine;
  const { appliedIndex, committedIndex, appliedTerm } = open.member;
  const { revision, compactRevision, durableIndex } = store;
  return {
    life: startCount,
    revision,
    compactRevision,
    appliedIndex,
    committedIndex,
    appliedTerm,
    durableIndex,
  };
}
