/**
 * The database under a store: takes its time, keeps the order of its writes, loses the unflushed ones when the power goes, and refuses to
 * give out rows that were damaged at rest, since RocksDB checks each block that it reads.
 */
import type { Engine, EngineChunk, MemoryEngine } from "@quorate/machine";
import type { Prng } from "@quorate/std";
import { OperationalError } from "@quorate/storage";
import type { Life } from "./life.js";
import { takeFailure, type DiskHealth } from "./sim-files.js";

export interface SimEngineParts {
  readonly life: Life;
  readonly health: DiskHealth;
  readonly prng: Prng;
  /** Rows that can't be read any more, by `rowName`. */
  readonly rotten: Set<string>;
}

export class SimEngine implements Engine {
  readonly #inner: MemoryEngine;
  readonly #life: Life;
  readonly #health: DiskHealth;
  readonly #prng: Prng;
  readonly #rotten: Set<string>;
  #writing: Promise<void> = Promise.resolve();

  constructor(inner: MemoryEngine, parts: SimEngineParts) {
    this.#inner = inner;
    this.#life = parts.life;
    this.#health = parts.health;
    this.#prng = parts.prng;
    this.#rotten = parts.rotten;
  }

  get sizeBytes(): number {
    return this.#inner.sizeBytes;
  }

  get rowBytes(): number {
    return this.#inner.rowBytes;
  }

  write(keys: readonly Uint8Array[], values: readonly (Uint8Array | undefined)[]): Promise<void> {
    return this.#inTurn(() => {
      if (this.#rotten.size > 0) for (const key of keys) this.#rotten.delete(rowName(key));
      return this.#inner.write(keys, values);
    });
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    // What was written before the call is seen, whatever else goes on.
    await this.#writing;
    await this.#life.sleep(this.#prng.float());
    this.#check(keys);
    return this.#inner.getMany(keys);
  }

  async *scan(from: Uint8Array, to: Uint8Array, chunkCountMax: number): AsyncGenerator<EngineChunk> {
    for await (const chunk of this.#inner.scan(from, to, chunkCountMax)) {
      await this.#life.sleep(0);
      this.#check(chunk.keys);
      yield chunk;
    }
  }

  #check(keys: readonly Uint8Array[]): void {
    if (this.#rotten.size === 0) return;
    if (keys.some((key) => this.#rotten.has(rowName(key))))
      throw new OperationalError("corrupt", "Corruption: block checksum mismatch in the database");
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
      const failure = takeFailure(this.#health);
      if (failure !== undefined) throw new Error(`${failure}: the database`);
      await work();
    });
    this.#writing = done.catch(() => undefined);
    return done;
  }
}

export function rowName(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}
