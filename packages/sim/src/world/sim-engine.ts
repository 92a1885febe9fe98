/** The database under a store: takes its time, keeps the order of its writes, and loses the unflushed ones when the power goes. */
import type { Engine, EngineChunk, MemoryEngine } from "@quorate/machine";
import type { Prng } from "@quorate/std";
import type { Life } from "./life.js";
import type { DiskHealth } from "./sim-files.js";

export class SimEngine implements Engine {
  readonly #inner: MemoryEngine;
  readonly #life: Life;
  readonly #health: DiskHealth;
  readonly #prng: Prng;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    inner: MemoryEngine,
    parts: { readonly life: Life; readonly health: DiskHealth; readonly prng: Prng },
  ) {
    this.#inner = inner;
    this.#life = parts.life;
    this.#health = parts.health;
    this.#prng = parts.prng;
  }

  get sizeBytes(): number {
    return this.#inner.sizeBytes;
  }

  get rowBytes(): number {
    return this.#inner.rowBytes;
  }

  write(keys: readonly Uint8Array[], values: readonly (Uint8Array | undefined)[]): Promise<void> {
    return this.#inTurn(() => this.#inner.write(keys, values));
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    // What was written before the call is seen, whatever else goes on.
    await this.#writing;
    await this.#life.sleep(this.#prng.float());
    return this.#inner.getMany(keys);
  }

  async *scan(from: Uint8Array, to: Uint8Array, chunkCountMax: number): AsyncGenerator<EngineChunk> {
    for await (const chunk of this.#inner.scan(from, to, chunkCountMax)) {
      await this.#life.sleep(0);
      yield chunk;
    }
  }

  flush(): Promise<void> {
    return this.#inTurn(() => this.#inner.flush());
  }

  compact(): Promise<void> {
    return this.#inner.compact();
  }

  async close(): Promise<void> {
    await this.#writing;
    await this.#inner.close();
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(async () => {
      const [least, most] = this.#health.writeMs;
      await this.#life.sleep(least + this.#prng.float() * (most - least));
      const { failsWith } = this.#health;
      if (failsWith !== undefined) throw new Error(`${failsWith}: the database`);
      await work();
    });
    this.#writing = done.catch(() => undefined);
    return done;
  }
}
