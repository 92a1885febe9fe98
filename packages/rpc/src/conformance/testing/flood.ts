/** What hostile clients have in common: pouring bytes until the server ends it, stops reading, or enough was poured. */
import { callEcho } from "./outcome.js";
import type { RawClient } from "./raw-client.js";

/** A server that takes nothing for this long has stopped reading, which is a defence too. */
const STUCK_MS = 500;

const mib = 1024 * 1024;
export const POURED_BYTES_MAX: number = 4 * mib;

/**
 * Sends what `next` returns, again and again, until the connection closes, the server reads no more, or `bytesMax` bytes
 * are out. @returns how often `next` was sent.
 */
export async function pour(
  client: RawClient,
  next: () => Uint8Array,
  bytesMax: number = POURED_BYTES_MAX,
): Promise<number> {
  let count = 0;
  for (let bytes = 0; bytes < bytesMax && !client.closed; count++) {
    const part = next();
    bytes += part.length;
    if (!client.send(part) && (await client.drained(STUCK_MS)) !== "drained") break;
    // Give the bystander its turns.
    if (count % 16 === 0) await new Promise(setImmediate);
  }
  return count;
}

/** Joins `count` results of `next`, so that one write carries many frames. */
export function many(count: number, next: () => Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: count }, next));
}

/** Calls that a well-behaved client makes while others attack; each must be answered. */
export class Bystander {
  readonly #client: RawClient;
  #stopped = false;
  #loop: Promise<void> | undefined;
  answered = 0;

  constructor(client: RawClient) {
    this.#client = client;
  }

  start(): void {
    this.#loop = this.#run();
    // `stop` reports it; until then nobody is listening.
    this.#loop.catch(() => undefined);
  }

  /** Makes at least `callsMin` calls altogether, then stops. Throws when one was not answered. */
  async stop(callsMin: number): Promise<void> {
    this.#stopped = true;
    await this.#loop;
    while (this.answered < callsMin) await this.#call();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) await this.#call();
  }

  async #call(): Promise<void> {
    await callEcho(this.#client, `call ${this.answered}`);
    this.answered++;
    // The client keeps all frames it received; a long attack must not fill the test's own memory.
    this.#client.received.length = 0;
  }
}
