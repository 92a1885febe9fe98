/**
 * Port: the ordered bytes under the store. Implemented by RocksDB in `storage` and by `MemoryEngine` here, both held to one
 * shared suite (`engine-suite`).
 *
 * Ordering: writes take effect in call order and each is atomic. A reader sees every write whose promise has resolved.
 * Durability: a crash of the process keeps every resolved write; a crash of the machine keeps a prefix of them, and
 * everything that preceded a resolved `flush`.
 */
export interface Engine {
  /** Applies `keys[i] -> values[i]` in order; an undefined value deletes. Buffers must not change until it resolves. */
  write(keys: readonly Uint8Array[], values: readonly (Uint8Array | undefined)[]): Promise<void>;
  /** One value per key, undefined where there is none. */
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>;
  /**
   * Walks keys in [from, to) ascending in chunks of at most `chunkCountMax` rows, as they were when the scan began.
   * Ending the loop early releases the iterator.
   */
  scan(from: Uint8Array, to: Uint8Array, chunkCountMax: number): AsyncIterable<EngineChunk>;
  /** Makes everything written so far survive a crash of the machine. */
  flush(): Promise<void>;
  /** Gives the space of deleted rows back to the file system; reads and writes go on meanwhile. */
  compact(): Promise<void>;
  /** Bytes on disk, as of a recent moment (never touches the disk on the caller's turn). */
  readonly sizeBytes: number;
  /**
   * Keys and values of all rows it holds, as of a recent moment: also of rows that were deleted or replaced and whose space has
   * not been given back. How much of it is alive, only the owner of the rows knows.
   */
  readonly rowBytes: number;
  close(): Promise<void>;
}

/** Parallel arrays: `values[i]` belongs to `keys[i]`. */
export interface EngineChunk {
  readonly keys: readonly Uint8Array[];
  readonly values: readonly Uint8Array[];
}
