/** Workloads of a plan, on a simulated cluster. */
import { Prng } from "@quorate/std";
import type { SimCluster } from "../cluster/sim-cluster.js";
import { CLOCK_ERROR_MAX } from "./plan.js";
import { createWorkload, WORKLOAD_NAMES, type WorkloadName } from "./workloads/catalogue.js";
import type { Workload, WorkloadClient, WorkloadVerdict, WorkloadWorld } from "./workloads/world.js";

/** Of seeds that have any. */
const SOME_SHARE = 0.4;
const EACH_SHARE = 0.35;
const WORKERS = 3;
const PAUSE_MS = 60;

/** Drawn from a sequence of its own: a further workload is no other life for the seeds that have none. */
export function drawWorkloads(seed: number): readonly WorkloadName[] {
  const prng = new Prng(seed ^ 0x301d);
  return prng.chance(SOME_SHARE) ? WORKLOAD_NAMES.filter(() => prng.chance(EACH_SHARE)) : [];
}

export class SimWorkloads {
  readonly #workloads: readonly Workload[];

  constructor(cluster: SimCluster, { seed, names }: { seed: number; names: readonly WorkloadName[] }) {
    const world = new SimWorld(cluster);
    this.#workloads = names.map((name, i) =>
      createWorkload(name, world, {
        seed: seed ^ (0xa0 + i),
        workerCount: WORKERS,
        pauseMs: PAUSE_MS,
        // The slowest of them against the fastest.
        clockErrorMax: 2 * CLOCK_ERROR_MAX,
      }),
    );
  }

  start(): void {
    for (const workload of this.#workloads) workload.start();
  }

  end(): void {
    for (const workload of this.#workloads) workload.end();
  }

  get isQuiet(): boolean {
    return this.#workloads.every(({ isQuiet }) => isQuiet);
  }

  get operationCount(): number {
    return this.#workloads.reduce((sum, { operationCount }) => sum + operationCount, 0);
  }

  async judge(): Promise<WorkloadVerdict> {
    const violations: string[] = [];
    const limits: string[] = [];
    for (const workload of this.#workloads) {
      const verdict = await workload.judge();
      violations.push(...verdict.violations.map((each) => `${workload.name}: ${each}`));
      limits.push(...verdict.limits.map((each) => `${workload.name}: ${each}`));
    }
    return { violations, limits };
  }
}

export class SimWorld implements WorkloadWorld {
  readonly #cluster: SimCluster;

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
  }

  get nowMs(): number {
    return this.#cluster.time.nowMs;
  }

  get endpointCount(): number {
    return this.#cluster.members.length;
  }

  sleep(delayMs: number): Promise<void> {
    return this.#cluster.time.sleep(delayMs);
  }

  connect(client: string, endpoint: number, token?: string): WorkloadClient {
    const member = this.#cluster.members[endpoint];
    if (member === undefined) throw new Error(`no member ${endpoint}`);
    return this.#cluster.client(client, member, token);
  }
}
