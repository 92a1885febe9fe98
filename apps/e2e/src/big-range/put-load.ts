/** One client that puts small values one after another, and how long each took. */
import { etcdserverpb } from "@quorate/proto";
import { WireClient } from "../harness/wire-client.js";

export class LoadReport {
  readonly failures: readonly string[];
  readonly #sortedMs: readonly number[];

  constructor(latenciesMs: readonly number[], failures: readonly string[]) {
    this.failures = failures;
    this.#sortedMs = latenciesMs.toSorted((left, right) => left - right);
  }

  get completedCount(): number {
    return this.#sortedMs.length;
  }

  describe(): string {
    const [p50, p99, max] = [0.5, 0.99, 1].map((share) => this.#percentile(share).toFixed(1));
    return `${this.completedCount} puts, p50 ${p50} ms, p99 ${p99} ms, longest ${max} ms`;
  }

  #percentile(share: number): number {
    return (
      this.#sortedMs[Math.min(this.#sortedMs.length - 1, Math.floor(this.#sortedMs.length * share))] ?? 0
    );
  }
}

export class PutLoad {
  readonly #client: WireClient;
  readonly #latenciesMs: number[] = [];
  readonly #failures: string[] = [];
  #stopped = false;
  #running: Promise<void> | undefined;

  constructor(endpoint: string) {
    this.#client = new WireClient(endpoint);
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Lets the put in flight finish. */
  async stop(): Promise<LoadReport> {
    this.#stopped = true;
    await this.#running;
    this.#client.close();
    return new LoadReport(this.#latenciesMs, this.#failures);
  }

  async #run(): Promise<void> {
    const request = { key: Buffer.from("load"), value: Buffer.from("x") };
    while (!this.#stopped && this.#failures.length === 0) {
      const begin = performance.now();
      const outcome = await this.#client.call(etcdserverpb.KV.method.put, request);
      if (outcome.ok) this.#latenciesMs.push(performance.now() - begin);
      else this.#failures.push(outcome.text);
    }
  }
}
