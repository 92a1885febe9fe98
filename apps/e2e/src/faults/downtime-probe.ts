/**
 * Measures for how long nobody can write: sends a put every few milliseconds, whatever became of those before.
 *
 * Clients that wait for each answer cannot measure it. What they sent to a member that still believed in the dead leader
 * is lost, and they sit until their deadline, long after the cluster takes writes again.
 */
import { etcdserverpb } from "@quorate/proto";
import { WireClient } from "../harness/wire-client.js";

const EVERY_MS = 50;
/** Bounds what is under way: by this divided by `EVERY_MS`. */
const PUT_MS_MAX = 1_000;
const KEY = Buffer.from("downtime-probe");

export class DowntimeProbe {
  readonly #clients: readonly WireClient[];
  /** When puts were acknowledged, in that order. */
  readonly #acknowledgedMs: number[] = [performance.now()];
  readonly #timer: NodeJS.Timeout;
  #sent = 0;

  /** @param endpoints asked in turn. */
  constructor(endpoints: readonly string[]) {
    this.#clients = endpoints.map((endpoint) => new WireClient(endpoint));
    this.#timer = setInterval(() => void this.#put(), EVERY_MS);
  }

  /** @returns the longest time without an acknowledged put that ended after `sinceMs`, or that goes on. */
  longestGapSince(sinceMs: number): number {
    const times = [...this.#acknowledgedMs, performance.now()];
    let longest = 0;
    for (const [place, time] of times.entries()) {
      if (time > sinceMs) longest = Math.max(longest, time - (times[place - 1] ?? sinceMs));
    }
    return longest;
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const client of this.#clients) client.close();
  }

  async #put(): Promise<void> {
    const client = this.#clients[this.#sent++ % this.#clients.length];
    const request = { key: KEY, value: Buffer.from(String(this.#sent)) };
    const outcome = await client?.call(etcdserverpb.KV.method.put, request, PUT_MS_MAX);
    if (outcome?.ok === true) this.#acknowledgedMs.push(performance.now());
  }
}
