/** Clients that each put small values one after another on a key of their own, and how long each put took. */
import { etcdserverpb } from "@quorate/proto";
import { WireClient } from "../harness/wire-client.js";

const kv = etcdserverpb.KV.method;
const WRITER_COUNT = 4;

export class LoadReport {
  readonly failures: readonly string[];
  /** Revisions that the answers named, each writer's in the order of its puts. */
  readonly revisions: readonly (readonly number[])[];
  readonly #sortedMs: readonly number[];

  constructor(writers: readonly PutWriter[]) {
    this.failures = writers.flatMap((writer) => writer.failure ?? []);
    this.revisions = writers.map((writer) => writer.revisions);
    this.#sortedMs = writers.flatMap((writer) => writer.latenciesMs).toSorted((left, right) => left - right);
  }

  get completedCount(): number {
    return this.#sortedMs.length;
  }

  describe(): string {
    const [p50, p99, max] = [0.5, 0.99, 1].map((share) => this.#percentile(share).toFixed(1));
    return `${this.completedCount} puts of ${WRITER_COUNT} writers, p50 ${p50} ms, p99 ${p99} ms, longest ${max} ms`;
  }

  #percentile(share: number): number {
    const place = Math.min(this.#sortedMs.length - 1, Math.floor(this.#sortedMs.length * share));
    return this.#sortedMs[place] ?? 0;
  }
}

export class PutLoad {
  readonly #client: WireClient;
  readonly #writers: readonly PutWriter[];
  #running: Promise<unknown> | undefined;

  constructor(endpoint: string) {
    this.#client = new WireClient(endpoint);
    this.#writers = Array.from(
      { length: WRITER_COUNT },
      (_, place) => new PutWriter(this.#client, `load/${place}`),
    );
  }

  start(): void {
    this.#running = Promise.all(this.#writers.map((writer) => writer.run()));
  }

  /** Lets the puts in flight finish. */
  async stop(): Promise<LoadReport> {
    for (const writer of this.#writers) writer.isStopped = true;
    await this.#running;
    this.#client.close();
    return new LoadReport(this.#writers);
  }
}

class PutWriter {
  readonly latenciesMs: number[] = [];
  readonly revisions: number[] = [];
  failure: string | undefined;
  isStopped = false;
  readonly #client: WireClient;
  readonly #key: Uint8Array;

  constructor(client: WireClient, key: string) {
    this.#client = client;
    this.#key = Buffer.from(key);
  }

  async run(): Promise<void> {
    while (!this.isStopped && this.failure === undefined) {
      const begin = performance.now();
      const value = Buffer.from(String(this.revisions.length));
      const outcome = await this.#client.call(kv.put, { key: this.#key, value });
      if (outcome.ok) {
        this.latenciesMs.push(performance.now() - begin);
        this.revisions.push(Number(outcome.message.header?.revision));
      } else {
        this.failure = outcome.text;
      }
    }
  }
}
