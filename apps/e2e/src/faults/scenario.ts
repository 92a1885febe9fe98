/** What a scenario of faults is, and what it gets to work with. */
import type { Prng } from "@quorate/std";
import type { FaultCluster } from "./fault-cluster.js";
import type { Network } from "./network.js";
import type { PlacedMember } from "./placed-member.js";

/** Raft's own time, by default flags. */
export const ELECTION_MS = 1_000;

export interface Stage {
  readonly cluster: FaultCluster;
  /** Undefined on loopback; scenarios that need it are not run there. */
  readonly network: Network | undefined;
  readonly random: Prng;
  /** How long a fault is held, in milliseconds: above two election timeouts, so that it has its effect. */
  readonly faultMs: number;
  /** Notes a moment from which on the time without an acknowledged write is held to the limit of one election. */
  expectElectionFrom(label: string): void;
}

export interface Scenario {
  readonly title: string;
  /** Where false, a new term in a round is a failure. */
  readonly provokesElection: boolean;
  readonly needsNetwork: boolean;
  /** Hurts, waits and heals. The cluster is healthy before it, and is waited for afterwards. */
  round(stage: Stage): Promise<void>;
}

/** @returns one of the followers, by chance. */
export async function pickFollower({ cluster, random }: Stage): Promise<PlacedMember> {
  const followers = await cluster.followers();
  const picked = followers[random.below(followers.length)];
  if (picked === undefined) throw new Error("there are no followers");
  return picked;
}

/** @throws on loopback. */
export function demandNetwork({ network }: Stage): Network {
  if (network === undefined) throw new Error("this scenario needs a network of its own");
  return network;
}
