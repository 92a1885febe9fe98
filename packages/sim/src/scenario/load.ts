/** Clients of a simulated cluster: each asks, waits, notes, and asks again, at whatever member it is with. */
import { Prng } from "@quorate/std";
import type { SimCluster } from "../cluster/sim-cluster.js";
import type { KvOperation, KvOutcome } from "../history/operation.js";
import { classifyError } from "../load/classify-error.js";
import { callKv } from "../load/key-value-wire.js";
import { OperationLog } from "../load/operation-log.js";
import { RequestSource, type SeenKeys } from "../load/request-source.js";

const DEADLINE_MS = 3000;
const REST_AFTER_ERROR_MS = 50;
const OPERATIONS_MAX = 200_000;
export const PREFIX = "load/";

export interface LoadOptions {
  readonly seed: number;
  readonly clientCount: number;
  /** Single keys that the clients fight for. */
  readonly keyCount: number;
  /** Mean pause of a client between two operations. */
  readonly pauseMs: number;
}

export class Load {
  readonly log: OperationLog = new OperationLog(OPERATIONS_MAX);
  readonly #cluster: SimCluster;
  readonly #options: LoadOptions;
  readonly #seen: SeenKeys = new Map();
  #isRunning = true;
  #underWay = 0;

  constructor(cluster: SimCluster, options: LoadOptions) {
    this.#cluster = cluster;
    this.#options = options;
  }

  start(): void {
    const seeds = new Prng(this.#options.seed);
    for (let client = 0; client < this.#options.clientCount; client++)
      void this.#live(client, new Prng(seeds.uint32()));
  }

  /** No operation begins any more. */
  end(): void {
    this.#isRunning = false;
  }

  get isQuiet(): boolean {
    return this.#underWay === 0;
  }

  async #live(client: number, prng: Prng): Promise<void> {
    const { keyCount: keys, pauseMs } = this.#options;
    const { time, members } = this.#cluster;
    const source = new RequestSource(new Prng(prng.uint32()), client, {
      prefix: PREFIX,
      keys,
      seen: this.#seen,
    });
    let endpoint = client % members.length;
    while (this.#isRunning && !this.log.isFull) {
      await time.sleep(prng.float() * 2 * pauseMs);
      if (!this.#isRunning) return;
      this.#underWay += 1;
      const operation = await this.#perform(client, endpoint, source);
      this.#underWay -= 1;
      this.log.add(operation);
      if (operation.outcome.kind === "ok") continue;
      endpoint = (endpoint + 1) % members.length;
      await time.sleep(REST_AFTER_ERROR_MS);
    }
  }

  async #perform(client: number, endpoint: number, source: RequestSource): Promise<KvOperation> {
    const { time, members } = this.#cluster;
    const member = members[endpoint];
    if (member === undefined) throw new Error(`no member ${endpoint}`);
    const request = source.next();
    const id = this.log.takeId();
    const startMs = time.nowMs;
    const answer = await callKv(this.#cluster.client(`c${client}`, member), request, DEADLINE_MS);
    const endMs = time.nowMs;
    let outcome: KvOutcome;
    if (answer.ok) {
      source.learn(request, answer.message);
      outcome = { kind: "ok", result: answer.message };
    } else outcome = { kind: classifyError(answer.code, answer.text), error: answer.text };
    return { id, client, endpoint, request, outcome, startMs, endMs };
  }
}
