/** Workers that take turns for as long as the workload lasts: each does one thing after another, at whatever member it is with. */
import { Prng } from "@quorate/std";
import type { WorkloadClient, WorkloadWorld } from "./world.js";

/** How long an operation may take before its outcome is called unknown. */
export const CALL_MS_MAX = 3000;
const REST_AFTER_ERROR_MS = 50;
/** Rounds of asking in a cluster that is well; each asks another member. */
const ASK_ROUNDS_MAX = 60;
const ASK_AGAIN_MS = 500;

export interface CrewOptions {
  /** Of the workload: the beginning of its clients' names. */
  readonly name: string;
  readonly seed: number;
  readonly workerCount: number;
  /** Mean pause of a worker between two turns. */
  readonly pauseMs: number;
}

export class Worker {
  readonly number: number;
  readonly prng: Prng;
  readonly #world: WorkloadWorld;
  readonly #name: string;
  #endpoint: number;

  constructor(world: WorkloadWorld, number: number, { name, prng }: { name: string; prng: Prng }) {
    this.number = number;
    this.prng = prng;
    this.#world = world;
    this.#name = `${name}${number}`;
    this.#endpoint = number % world.endpointCount;
  }

  get endpoint(): number {
    return this.#endpoint;
  }

  /** Calls to the member that the worker is with. */
  client(token?: string): WorkloadClient {
    return this.#world.connect(this.#name, this.#endpoint, token);
  }

  /** After an error: the next member, and a rest. */
  async moveOn(): Promise<void> {
    this.#endpoint = (this.#endpoint + 1) % this.#world.endpointCount;
    await this.#world.sleep(REST_AFTER_ERROR_MS);
  }

  /** Any member, without a reason. */
  wander(): void {
    this.#endpoint = this.prng.below(this.#world.endpointCount);
  }
}

export class Crew {
  readonly #world: WorkloadWorld;
  readonly #options: CrewOptions;
  #isRunning = false;
  #underWay = 0;

  constructor(world: WorkloadWorld, options: CrewOptions) {
    this.#world = world;
    this.#options = options;
  }

  /** @param turn one thing; a worker takes its next turn a while after the last one has ended. */
  start(turn: (worker: Worker) => Promise<void>): void {
    const { name, seed, workerCount } = this.#options;
    const seeds = new Prng(seed);
    this.#isRunning = true;
    for (let number = 0; number < workerCount; number++)
      void this.#live(new Worker(this.#world, number, { name, prng: new Prng(seeds.uint32()) }), turn);
  }

  end(): void {
    this.#isRunning = false;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  get isQuiet(): boolean {
    return this.#underWay === 0;
  }

  async #live(worker: Worker, turn: (worker: Worker) => Promise<void>): Promise<void> {
    while (this.#isRunning) {
      await this.#world.sleep(worker.prng.float() * 2 * this.#options.pauseMs);
      if (!this.#isRunning) return;
      this.#underWay += 1;
      try {
        await turn(worker);
      } finally {
        this.#underWay -= 1;
      }
    }
  }
}

/** Asks members in turn until one answers; for what comes after the faults. @returns undefined when nobody does. */
export async function askUntil<T>(
  world: WorkloadWorld,
  client: string,
  ask: (client: WorkloadClient) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (let round = 0; round < ASK_ROUNDS_MAX; round++) {
    const answer = await ask(world.connect(client, round % world.endpointCount));
    if (answer !== undefined) return answer;
    await world.sleep(ASK_AGAIN_MS);
  }
  return undefined;
}
