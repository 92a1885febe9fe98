/** The part of `rocksdb-native` 3.18 that the engine uses; the package brings no types. */
declare module "rocksdb-native" {
  export interface Options {
    readonly maxBackgroundJobs: number;
    readonly bytesPerSync: number;
    readonly avoidUnnecessaryBlockingIO: boolean;
    readonly writeBufferSize: number;
    readonly maxWriteBufferNumber: number;
    readonly tableBlockSize: number;
    readonly optimizeFiltersForHits: boolean;
  }
  export interface BatchOptions {
    readonly capacity: number;
    readonly autoDestroy: boolean;
  }
  export interface WriteBatch {
    tryPut(key: Uint8Array, value: Uint8Array): void;
    tryDelete(key: Uint8Array): void;
    flush(): Promise<void>;
  }
  export interface ReadBatch {
    get(key: Uint8Array): Promise<Uint8Array | null>;
    tryFlush(): void;
  }
  export interface Range {
    readonly gte: Uint8Array;
    readonly lt: Uint8Array;
  }
  export interface Row {
    readonly key: Uint8Array;
    readonly value: Uint8Array;
  }
  /** A stream (streamx) of rows. */
  export interface Iterator {
    /** The next row that has been fetched; null when there is none yet, and for ever after the end. */
    read(): Row | null;
    on(event: "readable" | "close", listener: () => void): void;
    on(event: "error", listener: (error: Error) => void): void;
    destroy(error?: Error): void;
  }

  export default class RocksDB {
    constructor(path: string, options: Options);
    ready(): Promise<void>;
    write(options: BatchOptions): WriteBatch;
    read(options: BatchOptions): ReadBatch;
    iterator(range: Range, options: { readonly capacity: number }): Iterator;
    flush(): Promise<void>;
    compactRange(
      start: Uint8Array | null,
      end: Uint8Array | null,
      options: { readonly exclusive: boolean },
    ): Promise<void>;
    getProperty(name: string): Promise<string | undefined>;
    close(): Promise<void>;
  }
}
