/** One client of a load: asks, waits, notes, and asks again. */
import type { Prng } from "@quorate/std";
import type { KvOperation, KvOutcome } from "@quorate/sim";
import { sleep } from "../harness/member.js";
import { WireClient } from "../harness/wire-client.js";
import { classifyError } from "@quorate/sim";
import { callKv } from "@quorate/sim";
import type { OperationLog } from "@quorate/sim";
import type { RequestSource } from "@quorate/sim";

/** A member that is gone refuses at once; without a rest its clients would do nothing but ask it. */
const REST_AFTER_ERROR_MS = 25;

export interface LoadClientOptions {
  readonly client: number;
  readonly endpoints: readonly string[];
  readonly firstEndpoint: number;
  readonly rotates: boolean;
  readonly deadlineMs: number;
  /** Mean time from the start of one operation to the start of the next. */
  readonly intervalMs: number;
  readonly prng: Prng;
  readonly source: RequestSource;
  readonly log: OperationLog;
}

export class LoadClient {
  readonly #options: LoadClientOptions;
  readonly #connections: (WireClient | undefined)[];
  #endpoint: number;
  #isRunning = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: LoadClientOptions) {
    this.#options = options;
    this.#endpoint = options.firstEndpoint;
    this.#connections = options.endpoints.map(() => undefined);
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    // A start right after a pause waits for the operation that is still under way.
    this.#loop = this.#loop.then(() => this.#run());
  }

  /** Resolves when the operation under way has ended. */
  async pause(): Promise<void> {
    this.#isRunning = false;
    await this.#loop;
  }

  async close(): Promise<void> {
    await this.pause();
    for (const connection of this.#connections) connection?.close();
  }

  async #run(): Promise<void> {
    const { log, prng, intervalMs } = this.#options;
    let dueMs = performance.now() + prng.float() * intervalMs;
    while (this.#isRunning && !log.isFull) {
      const waitMs = dueMs - performance.now();
      if (waitMs > 1) await sleep(waitMs);
      // After a stall nothing is made up for: that would be another load.
      dueMs = Math.max(dueMs, performance.now() - intervalMs) + intervalMs * (0.5 + prng.float());
      if (!this.#isRunning) return;
      const operation = await this.#perform();
      log.add(operation);
      if (operation.outcome.kind === "ok") continue;
      if (this.#options.rotates) this.#endpoint = (this.#endpoint + 1) % this.#connections.length;
      await sleep(REST_AFTER_ERROR_MS);
    }
  }

  async #perform(): Promise<KvOperation> {
    const { client, log, source, deadlineMs } = this.#options;
    const request = source.next();
    const id = log.takeId();
    const endpoint = this.#endpoint;
    const connection = this.#connect(endpoint);
    const startMs = performance.now();
    const answer = await callKv(connection, request, deadlineMs);
    const endMs = performance.now();
    let outcome: KvOutcome;
    if (answer.ok) {
      source.learn(request, answer.message);
      outcome = { kind: "ok", result: answer.message };
    } else {
      outcome = { kind: classifyError(answer.code, answer.text), error: answer.text };
    }
    return { id, client, endpoint, request, outcome, startMs, endMs };
  }

  #connect(endpoint: number): WireClient {
    const known = this.#connections[endpoint];
    if (known !== undefined) return known;
    const connection = new WireClient(this.#options.endpoints[endpoint]!);
    this.#connections[endpoint] = connection;
    return connection;
  }
}
