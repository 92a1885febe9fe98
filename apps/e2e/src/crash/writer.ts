/** A client that writes one thing after another until the server is gone, and tells the ledger what it was told. */
import { etcdserverpb } from "@quorate/proto";
import type { Prng } from "@quorate/std";
import { WireClient } from "../harness/wire-client.js";
import type { Ledger } from "./ledger.js";

const kv = etcdserverpb.KV.method;
/** Keys per writer: few enough that keys are overwritten, deleted and created again within a round. */
const KEY_COUNT = 40;

export class Writer {
  readonly #name: string;
  readonly #ledger: Ledger;
  readonly #prng: Prng;
  #writeCount = 0;

  constructor(name: string, ledger: Ledger, prng: Prng) {
    this.#name = name;
    this.#ledger = ledger;
    this.#prng = prng;
  }

  /** Writes until the first write that fails, which is what a killed server does to it. @returns the failure's text. */
  async writeUntilFailure(endpoint: string): Promise<string> {
    const client = new WireClient(endpoint);
    try {
      for (;;) {
        const failure = await this.#writeOnce(client);
        if (failure !== undefined) return failure;
      }
    } finally {
      client.close();
    }
  }

  async #writeOnce(client: WireClient): Promise<string | undefined> {
    const dice = this.#prng.below(10);
    if (dice === 0) return this.#delete(client);
    return dice === 1 ? this.#putPair(client) : this.#put(client);
  }

  async #put(client: WireClient): Promise<string | undefined> {
    const write = { key: this.#someKey(), value: this.#nextValue() };
    this.#ledger.begin(write.key, write.value);
    const outcome = await client.call(kv.put, encode(write));
    if (!outcome.ok) return outcome.text;
    this.#ledger.acknowledge([write], Number(outcome.message.header?.revision));
    return undefined;
  }

  /** Two keys in one transaction: after a crash both are there or neither is. */
  async #putPair(client: WireClient): Promise<string | undefined> {
    const value = this.#nextValue();
    const writes = ["left", "right"].map((side) => ({ key: `${this.#name}/${side}`, value }));
    for (const write of writes) this.#ledger.begin(write.key, write.value);
    const outcome = await client.call(kv.txn, {
      success: writes.map((write) => ({ request: { case: "requestPut" as const, value: encode(write) } })),
    });
    if (!outcome.ok) return outcome.text;
    this.#ledger.acknowledge(writes, Number(outcome.message.header?.revision));
    return undefined;
  }

  async #delete(client: WireClient): Promise<string | undefined> {
    const key = this.#someKey();
    this.#ledger.begin(key, undefined);
    const outcome = await client.call(kv.deleteRange, { key: Buffer.from(key) });
    if (!outcome.ok) return outcome.text;
    const { deleted, header } = outcome.message;
    if (deleted === 1n) this.#ledger.acknowledge([{ key, value: undefined }], Number(header?.revision));
    else this.#ledger.acknowledgeNothing(key);
    return undefined;
  }

  #someKey(): string {
    return `${this.#name}/${this.#prng.below(KEY_COUNT)}`;
  }

  #nextValue(): string {
    this.#writeCount += 1;
    return `${this.#name}-${this.#writeCount}-${"x".repeat(this.#prng.below(500))}`;
  }
}

function encode(write: { key: string; value: string }): { key: Uint8Array; value: Uint8Array } {
  return { key: Buffer.from(write.key), value: Buffer.from(write.value) };
}
