/** The disk of a member with a look at the clock around what metrics tell of: writes of the log, and what the database does. */
import type { Engine, EngineChunk } from "@quorate/machine";
import type { File, FileSystem, OpenMode } from "@quorate/storage";
import type { StoragePort } from "../../api/member-port.js";
import type { Histogram } from "../../metrics/histogram.js";
import type { MemberMeters } from "../../metrics/member-meters.js";
import type { SpoolPort, World } from "../world.js";

/** The same world, whose log and databases are metered. */
export function meterWorld(world: World, meters: MemberMeters): World {
  const nowMs = (): number => world.clock.monotonicMs();
  return {
    ...world,
    files: new MeteredFiles(world.files, meters, nowMs),
    createSpool: (source) => meterSpool(world.createSpool(source), meters, nowMs),
    openEngine: async (path) => new MeteredEngine(await world.openEngine(path), meters, nowMs),
  };
}

/** From the request of a database to the end of its way out, as etcd times it. */
function meterSpool(spool: SpoolPort, meters: MemberMeters, nowMs: () => number): SpoolPort {
  return {
    open: async () => {
      const startMs = nowMs();
      const file = await spool.open();
      let isReleased = false;
      const { index, term, confState, sizeBytes, storageVersion } = file;
      return {
        ...{ index, term, confState, sizeBytes, storageVersion },
        chunks: () => file.chunks(),
        release: () => {
          if (!isReleased) meters.backendSnapshotSeconds.observe((nowMs() - startMs) / 1000);
          isReleased = true;
          file.release();
        },
      };
    },
  };
}

class MeteredFiles implements FileSystem {
  readonly #files: FileSystem;
  readonly #meters: MemberMeters;
  readonly #nowMs: () => number;

  constructor(files: FileSystem, meters: MemberMeters, nowMs: () => number) {
    this.#files = files;
    this.#meters = meters;
    this.#nowMs = nowMs;
  }

  async open(path: string, mode: OpenMode): Promise<File> {
    const file = await this.#files.open(path, mode);
    const meters = this.#meters;
    const nowMs = this.#nowMs;
    const write = (...args: Parameters<File["write"]>): void => {
      const [bytes, start, end, position, done] = args;
      if (isFiller(bytes, start)) {
        file.write(...args);
        return;
      }
      const startMs = nowMs();
      meters.walWriteBytes += end - start;
      file.write(bytes, start, end, position, (error) => {
        meters.walWriteSeconds.observe((nowMs() - startMs) / 1000);
        done(error);
      });
    };
    return {
      write,
      read: (bytes, position) => file.read(bytes, position),
      size: () => file.size(),
      truncate: (size) => file.truncate(size),
      close: () => file.close(),
    };
  }

  makeDirectory(path: string): Promise<void> {
    return this.#files.makeDirectory(path);
  }

  list(path: string): Promise<string[]> {
    return this.#files.list(path);
  }

  exists(path: string): Promise<boolean> {
    return this.#files.exists(path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#files.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return this.#files.remove(path);
  }

  syncDirectory(path: string): Promise<void> {
    return this.#files.syncDirectory(path);
  }
}

/** Room made ahead of time, which no entry waits for: a record begins with its length, which is not 0. */
function isFiller(bytes: Uint8Array, start: number): boolean {
  for (let i = start; i < start + 8; i++) if (bytes[i] !== 0) return false;
  return true;
}

class MeteredEngine implements Engine {
  readonly #engine: Engine;
  readonly #meters: MemberMeters;
  readonly #nowMs: () => number;

  constructor(engine: Engine, meters: MemberMeters, nowMs: () => number) {
    this.#engine = engine;
    this.#meters = meters;
    this.#nowMs = nowMs;
  }

  get sizeBytes(): number {
    return this.#engine.sizeBytes;
  }

  get rowBytes(): number {
    return this.#engine.rowBytes;
  }

  write(keys: readonly Uint8Array[], values: readonly (Uint8Array | undefined)[]): Promise<void> {
    const meters = this.#meters;
    meters.backendRows += keys.length;
    for (let i = 0; i < keys.length; i++)
      meters.backendBytes += (keys[i]?.length ?? 0) + (values[i]?.length ?? 0);
    return this.#timed(meters.backendCommitSeconds, this.#engine.write(keys, values));
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.#meters.backendRowsRead += keys.length;
    return this.#timed(this.#meters.backendReadSeconds, this.#engine.getMany(keys));
  }

  scan(from: Uint8Array, to: Uint8Array, chunkCountMax: number): AsyncIterable<EngineChunk> {
    return this.#engine.scan(from, to, chunkCountMax);
  }

  flush(): Promise<void> {
    return this.#timed(this.#meters.backendFlushSeconds, this.#engine.flush());
  }

  compact(): Promise<void> {
    return this.#engine.compact();
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  async #timed<T>(seconds: Histogram, work: Promise<T>): Promise<T> {
    const startMs = this.#nowMs();
    const result = await work;
    seconds.observe((this.#nowMs() - startMs) / 1000);
    return result;
  }
}

/** Maintenance with its durations. */
export function meterStorage(storage: StoragePort, meters: MemberMeters, nowMs: () => number): StoragePort {
  const timed = async <T>(seconds: Histogram, work: () => Promise<T>): Promise<T> => {
    const startMs = nowMs();
    const result = await work();
    seconds.observe((nowMs() - startMs) / 1000);
    return result;
  };
  return {
    get sizeBytes() {
      return storage.sizeBytes;
    },
    get sizeInUseBytes() {
      return storage.sizeInUseBytes;
    },
    get schemaVersion() {
      return storage.schemaVersion;
    },
    defragment: async () => {
      meters.defragsInProgress += 1;
      try {
        await timed(meters.defragSeconds, () => storage.defragment());
      } finally {
        meters.defragsInProgress -= 1;
      }
    },
    compactionsDone: () => storage.compactionsDone(),
    hashKv: (revision) => timed(meters.hashRevisionSeconds, () => storage.hashKv(revision)),
    get compactionHashes() {
      return storage.compactionHashes;
    },
    hash: () => timed(meters.hashSeconds, () => storage.hash()),
  };
}
