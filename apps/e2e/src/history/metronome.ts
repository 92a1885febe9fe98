/**
 * Puts at a steady beat, one endpoint after the other, without waiting for answers: so that the time without an acknowledged
 * write is the cluster's and not that of clients who still wait for an answer that will not come.
 */
import type { KvOutcome, KvRequest } from "@quorate/sim";
import { WireClient } from "../harness/wire-client.js";
import { classifyError } from "@quorate/sim";
import { callKv } from "@quorate/sim";
import type { OperationLog } from "@quorate/sim";

const BEAT_MS = 20;
/** Puts under way; at this bound a beat is left out. */
const UNDER_WAY_MAX = 300;

export class Metronome {
  readonly #client: number;
  readonly #key: string;
  readonly #deadlineMs: number;
  readonly #log: OperationLog;
  readonly #connections: readonly WireClient[];
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #beats = 0;

  /** @param client its number among the clients of the load. */
  constructor(options: {
    endpoints: readonly string[];
    client: number;
    key: string;
    deadlineMs: number;
    log: OperationLog;
  }) {
    this.#client = options.client;
    this.#key = options.key;
    this.#deadlineMs = options.deadlineMs;
    this.#log = options.log;
    this.#connections = options.endpoints.map((endpoint) => new WireClient(endpoint));
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#beat(), BEAT_MS);
  }

  async pause(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await Promise.all(this.#underWay);
  }

  async close(): Promise<void> {
    await this.pause();
    for (const connection of this.#connections) connection.close();
  }

  #beat(): void {
    if (this.#underWay.size >= UNDER_WAY_MAX || this.#log.isFull) return;
    this.#beats += 1;
    const put = this.#put(this.#beats % this.#connections.length).finally(() => this.#underWay.delete(put));
    this.#underWay.add(put);
  }

  async #put(endpoint: number): Promise<void> {
    const request: KvRequest = { kind: "put", key: this.#key, value: `beat.${this.#beats}` };
    const id = this.#log.takeId();
    const startMs = performance.now();
    const answer = await callKv(this.#connections[endpoint]!, request, this.#deadlineMs);
    const endMs = performance.now();
    const outcome: KvOutcome = answer.ok
      ? { kind: "ok", result: answer.message }
      : { kind: classifyError(answer.code, answer.text), error: answer.text };
    this.#log.add({ id, client: this.#client, endpoint, request, outcome, startMs, endMs });
  }
}
