/** All workloads by name. A seed, or a test of real processes, picks some of them. */
import { AppendLists } from "./append-lists.js";
import { AuthChanges } from "./auth-changes.js";
import { Fencing } from "./fencing.js";
import { Leases } from "./leases.js";
import { ListWatch } from "./list-watch.js";
import { MemberLists } from "./member-lists.js";
import { Sets } from "./sets.js";
import type { Workload, WorkloadWorld } from "./world.js";

export const WORKLOAD_NAMES = [
  "append-lists",
  "sets",
  "leases",
  "fencing",
  "list-watch",
  "member-lists",
  "auth-changes",
] as const;

export type WorkloadName = (typeof WORKLOAD_NAMES)[number];

export interface WorkloadOptions {
  readonly seed: number;
  readonly workerCount: number;
  /** Mean pause of a worker between two turns. */
  readonly pauseMs: number;
  /** How much faster or slower than the clients' the clocks of members go at most, as a share. */
  readonly clockErrorMax: number;
}

type Create = (world: WorkloadWorld, options: WorkloadOptions) => Workload;

const CREATE: Readonly<Record<WorkloadName, Create>> = {
  "append-lists": (world, options) => new AppendLists(world, options),
  sets: (world, options) => new Sets(world, options),
  leases: (world, options) => new Leases(world, options),
  fencing: (world, options) => new Fencing(world, options),
  "list-watch": (world, options) => new ListWatch(world, options),
  "member-lists": (world, options) => new MemberLists(world, options),
  "auth-changes": (world, options) => new AuthChanges(world, options),
};

export function createWorkload(name: WorkloadName, world: WorkloadWorld, options: WorkloadOptions): Workload {
  return CREATE[name](world, options);
}
