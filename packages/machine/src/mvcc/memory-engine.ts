/**
 * An engine in memory, for tests and simulation. `crash` gives what a disk would hold after a crash of the machine: all
 * that was flushed and a prefix of the batches written since.
 */
import { assert } from "@quorate/std";
import type { Engine, EngineChunk } from "./engine.js";
import { ABSENT, KeyIndex } from "./key-index.js";

interface MemoryBatch {
  readonly keys: Uint8Array[];
  readonly values: (Uint8Array | undefined)[];
}

export class MemoryEngine implements Engine {
  /** Sorted rows: a word of the index is a position in `#values`. */
  #index: KeyIndex = new KeyIndex();
  #values: (Uint8Array | undefined)[] = [];
  #freePlaces: number[] = [];
  #sizeBytes = 0;
  #closed = false;
  /** Batches since the last flush, kept only for `crash`. */
  readonly #unflushed: MemoryBatch[] = [];
  /** What the last flush left; undefined while crashes are not simulated. */
  #flushed: MemoryBatch | undefined;

  /** @param options.crashes whether `crash` may be called; costs a copy of everything at each flush. */
  constructor(options: { readonly crashes: boolean } = { crashes: false }) {
    this.#flushed = options.crashes ? { keys: [], values: [] } : undefined;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Space comes back with each delete. */
  get rowBytes(): number {
    return this.#sizeBytes;
  }

  write(keys: readonly Uint8Array[], values: readonly (Uint8Array | undefined)[]): Promise<void> {
    assert(!this.#closed, "write to a closed engine");
    const batch = { keys: keys.map((key) => key.slice()), values: values.map((value) => value?.slice()) };
    this.#apply(batch);
    if (this.#flushed !== undefined) this.#unflushed.push(batch);
    return Promise.resolve();
  }

  #apply(batch: MemoryBatch): void {
    for (let i = 0; i < batch.keys.length; i++) this.#set(batch.keys[i] as Uint8Array, batch.values[i]);
  }

  #set(key: Uint8Array, value: Uint8Array | undefined): void {
    const word = this.#index.seek(key, 0, key.length);
    if (word !== ABSENT) {
      const old = this.#values[word];
      this.#sizeBytes += (value?.length ?? -key.length) - (old?.length ?? 0);
      this.#values[word] = value;
      if (value !== undefined) return;
      this.#index.remove();
      this.#freePlaces.push(word);
    } else if (value !== undefined) {
      const place = this.#freePlaces.pop() ?? this.#values.length;
      this.#values[place] = value;
      this.#index.insert(key, 0, key.length, place, true);
      this.#sizeBytes += key.length + value.length;
    }
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    assert(!this.#closed, "read from a closed engine");
    return Promise.resolve(
      keys.map((key) => {
        const word = this.#index.find(key, 0, key.length);
        return word === ABSENT ? undefined : this.#values[word]?.slice();
      }),
    );
  }

  scan(from: Uint8Array, to: Uint8Array, chunkCountMax: number): AsyncIterable<EngineChunk> {
    assert(!this.#closed, "scan of a closed engine");
    return this.#chunks(this.#collect(from, to), chunkCountMax);
  }

  async *#chunks(rows: MemoryBatch, chunkCountMax: number): AsyncGenerator<EngineChunk> {
    for (let start = 0; start < rows.keys.length; start += chunkCountMax) {
      await Promise.resolve();
      const end = start + chunkCountMax;
      yield { keys: rows.keys.slice(start, end), values: rows.values.slice(start, end) as Uint8Array[] };
    }
  }

  #collect(from: Uint8Array, to: Uint8Array | undefined): MemoryBatch {
    const rows: MemoryBatch = { keys: [], values: [] };
    this.#index.scan(from, to, (word, buffer, start, end) => {
      rows.keys.push(buffer.slice(start, end));
      rows.values.push(this.#values[word]);
      return true;
    });
    return rows;
  }

  flush(): Promise<void> {
    if (this.#flushed !== undefined) {
      this.#flushed = this.#collect(new Uint8Array(0), undefined);
      this.#unflushed.length = 0;
    }
    return Promise.resolve();
  }

  compact(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }

  /** Batches written since the last flush. */
  get unflushedCount(): number {
    return this.#unflushed.length;
  }

  /** An engine as a crash of the machine leaves it that lost all unflushed batches but the first `survivingCount`. */
  crash(survivingCount: number): MemoryEngine {
    assert(this.#flushed !== undefined, "this engine was not made for crashes");
    const after = new MemoryEngine({ crashes: true });
    after.#apply(this.#flushed);
    for (const batch of this.#unflushed.slice(0, survivingCount)) after.#apply(batch);
    after.#flushed = after.#collect(new Uint8Array(0), undefined);
    this.#closed = true;
    return after;
  }
}
