/** Plain load without a record: puts, as many at once as asked for, over all endpoints. */
import { etcdserverpb } from "@quorate/proto";
import { WireClient } from "../harness/wire-client.js";

const PUT_MS_MAX = 10_000;

export interface BulkLoadOptions {
  readonly endpoints: readonly string[];
  readonly prefix: string;
  readonly inFlight: number;
  readonly valueBytes: number;
  /** Keys are numbered; after so many it begins again with the first. */
  readonly keysMax: number;
  /** Puts after which the load ends by itself. */
  readonly putsMax?: number;
}

export class BulkLoad {
  /** Resolves when the load has ended, by itself or by `stop`. */
  readonly ended: Promise<void>;
  readonly #options: BulkLoadOptions;
  readonly #clients: readonly WireClient[];
  readonly #value: Uint8Array;
  #started = 0;
  #acknowledged = 0;
  #isStopped = false;
  #lastFailure = "";

  constructor(options: BulkLoadOptions) {
    this.#options = options;
    this.#clients = options.endpoints.map((endpoint) => new WireClient(endpoint));
    this.#value = new Uint8Array(options.valueBytes).fill(98);
    this.ended = this.#run();
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** The text of the newest refusal, empty when there was none. */
  get lastFailure(): string {
    return this.#lastFailure;
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.ended;
  }

  async #run(): Promise<void> {
    await Promise.all(Array.from({ length: this.#options.inFlight }, () => this.#write()));
    for (const client of this.#clients) client.close();
  }

  async #write(): Promise<void> {
    const { prefix, keysMax, putsMax = Number.POSITIVE_INFINITY } = this.#options;
    while (!this.#isStopped && this.#started < putsMax) {
      const number = this.#started++;
      const client = this.#clients[number % this.#clients.length];
      // A value of its own, so that nothing can take two puts for one.
      const value = this.#value.slice();
      new DataView(value.buffer).setFloat64(0, number);
      const request = { key: Buffer.from(`${prefix}${number % keysMax}`), value };
      const outcome = await client?.call(etcdserverpb.KV.method.put, request, PUT_MS_MAX);
      if (outcome?.ok === true) this.#acknowledged += 1;
      else this.#lastFailure = outcome?.text ?? "";
    }
  }
}
