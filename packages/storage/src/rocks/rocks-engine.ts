/**
 * The engine port on RocksDB.
 *
 * Order: RocksDB takes concurrent batches in any order, the port promises the order of the calls; so one batch is under way
 * at a time, and the writes that arrive meanwhile go into the next one together.
 *
 * Durability: RocksDB's own log cannot be switched off through the binding, nor synced. A crash of the process keeps every
 * resolved write (it is in the system's cache); a crash of the machine keeps a prefix of the writes, because that log is
 * replayed up to its first hole (POINT_IN_TIME), and all that `flush` has put into tables.
 *
 * Limits: `WRITES_WAITING_MAX`, `SCAN_ROWS_MAX`. Not here: what the rows mean (`machine/mvcc`).
 */
import { readdir, rm } from "node:fs/promises";
import type { Engine, EngineChunk } from "@quorate/machine";
import { assert } from "@quorate/std";
import type { Iterator as RocksIterator } from "rocksdb-native";
import RocksDB from "rocksdb-native";
import { OperationalError, toOperationalError } from "../errors.js";
import { SCAN_ROWS_MAX, SCAN_ROWS_MIN, rocksOptions } from "./rocks-options.js";

/** Writes that may wait behind the one under way; the store keeps to a handful. */
export const WRITES_WAITING_MAX = 1024;
/** Bytes written after which the size on disk is asked for anew. */
const SIZE_REFRESH_BYTES = 4 * 1024 * 1024;

interface WaitingWrite {
  readonly keys: readonly Uint8Array[];
  readonly values: readonly (Uint8Array | undefined)[];
  readonly resolve: () => void;
  readonly reject: (error: OperationalError) => void;
}

export class RocksEngine implements Engine {
  readonly #db: RocksDB;
  readonly #dir: string;
  #waiting: WaitingWrite[] = [];
  /** Settles, never rejects, when the batch under way is through. */
  #writing: Promise<void> | undefined;
  readonly #scans: Set<RocksIterator> = new Set();
  #measuredBytes = 0;
  #measuredRowBytes = 0;
  #writtenSinceBytes = 0;
  #measuring = false;
  #closing: Promise<void> | undefined;

  private constructor(db: RocksDB, dir: string) {
    this.#db = db;
    this.#dir = dir;
  }

  /**
   * Opens the database in folder `dir`, or creates it. The folder is held by a lock of the operating system until
   * `close` or the end of the process, whichever way it ends.
   * Errors: `OperationalError` `io` (also when another process holds it: the binding does not tell; `DirectoryLock` does).
   */
  static async open(dir: string): Promise<RocksEngine> {
    const db = new RocksDB(dir, rocksOptions());
    try {
      await db.ready();
    } catch (error) {
      throw toOperationalError(error, `opening the database ${dir}`);
    }
    const engine = new RocksEngine(db, dir);
    await engine.#measure();
    await removeOldReports(dir);
    return engine;
  }

  /** Size as last measured, plus what was written since. */
  get sizeBytes(): number {
    return this.#measuredBytes + this.#writtenSinceBytes;
  }

  get rowBytes(): number {
    return this.#measuredRowBytes + this.#writtenSinceBytes;
  }

  write(keys: readonly Uint8Array[], values: readonly (Uint8Array | undefined)[]): Promise<void> {
    assert(keys.length === values.length, () => `${keys.length} keys with ${values.length} values`);
    if (this.#closing !== undefined) return Promise.reject(this.#closed());
    if (this.#waiting.length >= WRITES_WAITING_MAX) {
      const message = `${this.#dir}: ${WRITES_WAITING_MAX} writes are waiting`;
      return Promise.reject(new OperationalError("overloaded", message));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ keys, values, resolve, reject });
      this.#writing ??= this.#writeWaiting();
    });
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const writes = this.#waiting;
      this.#waiting = [];
      try {
        await this.#writeTogether(writes);
        for (const write of writes) write.resolve();
      } catch (error) {
        const failure = toOperationalError(error, `writing to the database ${this.#dir}`);
        for (const write of writes) write.reject(failure);
      }
    }
    this.#writing = undefined;
    if (this.#writtenSinceBytes >= SIZE_REFRESH_BYTES) await this.#measure();
  }

  #writeTogether(writes: readonly WaitingWrite[]): Promise<void> {
    let count = 0;
    for (const write of writes) count += write.keys.length;
    if (count === 0) return Promise.resolve();
    const batch = this.#db.write({ capacity: count, autoDestroy: true });
    let bytes = 0;
    for (const { keys, values } of writes) {
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i] as Uint8Array;
        const value = values[i];
        bytes += key.length;
        if (value === undefined) batch.tryDelete(key);
        else {
          batch.tryPut(key, value);
          bytes += value.length;
        }
      }
    }
    this.#writtenSinceBytes += bytes;
    return batch.flush();
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    if (this.#closing !== undefined) throw this.#closed();
    if (keys.length === 0) return [];
    const batch = this.#db.read({ capacity: keys.length, autoDestroy: true });
    const found = keys.map((key) => batch.get(key));
    batch.tryFlush();
    try {
      const values = await Promise.all(found);
      return values.map((value) => value ?? undefined);
    } catch (error) {
      throw toOperationalError(error, `reading from the database ${this.#dir}`);
    }
  }

  async *scan(from: Uint8Array, to: Uint8Array, chunkCountMax: number): AsyncGenerator<EngineChunk, void> {
    assert(chunkCountMax > 0, "a scan needs chunks of at least one row");
    if (this.#closing !== undefined) throw this.#closed();
    // To the binding an empty bound is none.
    if (to.length === 0) return;
    const capacity = Math.min(Math.max(chunkCountMax, SCAN_ROWS_MIN), SCAN_ROWS_MAX);
    const iterator = this.#db.iterator({ gte: from, lt: to }, { capacity });
    this.#scans.add(iterator);
    let keys: Uint8Array[] = [];
    let values: Uint8Array[] = [];
    try {
      const rows = new RowReader(iterator);
      do {
        // Rows come in groups: taking each with a promise of its own would cost as much as fetching it.
        for (let row = iterator.read(); row !== null; row = iterator.read()) {
          keys.push(row.key);
          values.push(row.value);
          if (keys.length < chunkCountMax) continue;
          yield { keys, values };
          keys = [];
          values = [];
        }
      } while (await rows.more());
    } catch (error) {
      throw toOperationalError(error, `scanning the database ${this.#dir}`);
    } finally {
      iterator.destroy();
      this.#scans.delete(iterator);
    }
    if (this.#closing !== undefined) throw this.#closed();
    if (keys.length > 0) yield { keys, values };
  }

  async flush(): Promise<void> {
    if (this.#closing !== undefined) throw this.#closed();
    await this.#quiet();
    try {
      await this.#db.flush();
    } catch (error) {
      throw toOperationalError(error, `flushing the database ${this.#dir}`);
    }
    await this.#measure();
  }

  async compact(): Promise<void> {
    if (this.#closing !== undefined) throw this.#closed();
    await this.#quiet();
    try {
      // Not exclusive: RocksDB's own compactions, which keep writes from stalling, go on beside it.
      await this.#db.compactRange(null, null, { exclusive: false });
    } catch (error) {
      throw toOperationalError(error, `compacting the database ${this.#dir}`);
    }
    await this.#measure();
  }

  /** Waits for the writes of calls so far. Scans end with an error. Repeated calls share one result. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#quiet();
    // The binding waits for its iterators, and a consumer may never come back for the next row.
    for (const iterator of this.#scans) iterator.destroy(this.#closed());
    try {
      await this.#db.close();
    } catch (error) {
      throw toOperationalError(error, `closing the database ${this.#dir}`);
    }
  }

  async #quiet(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** Asks RocksDB, which knows without touching the disk. Tables, and buffers for the log that backs them. */
  async #measure(): Promise<void> {
    if (this.#measuring || this.#closing !== undefined) return;
    this.#measuring = true;
    const counted = this.#writtenSinceBytes;
    try {
      const tables = await this.#db.getProperty("rocksdb.total-sst-files-size");
      const buffers = await this.#db.getProperty("rocksdb.size-all-mem-tables");
      const contents = await this.#db.getProperty("rocksdb.aggregated-table-properties");
      this.#measuredBytes = Number(tables ?? 0) + Number(buffers ?? 0);
      this.#measuredRowBytes = (rowBytesOf(contents ?? "") ?? Number(tables ?? 0)) + Number(buffers ?? 0);
      this.#writtenSinceBytes -= counted;
    } catch (error) {
      // The database was closed in between; nobody asks for its size any more.
      if (!this.#isClosing()) throw toOperationalError(error, `measuring the database ${this.#dir}`);
    } finally {
      this.#measuring = false;
    }
  }

  #isClosing(): boolean {
    return this.#closing !== undefined;
  }

  #closed(): OperationalError {
    return new OperationalError("closed", `${this.#dir}: the database is closed`);
  }
}

/** Tells when a stream that had nothing to read has more, or has ended. */
class RowReader {
  #ended = false;
  #error: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(iterator: RocksIterator) {
    iterator.on("readable", () => this.#wake());
    iterator.on("error", (error) => {
      this.#error = error;
    });
    iterator.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
  }

  /** @returns false at the end. @throws what the stream failed with. */
  async more(): Promise<boolean> {
    if (!this.#ended) await new Promise<void>((resolve) => (this.#wake = resolve));
    if (this.#error !== undefined) throw this.#error;
    return !this.#ended;
  }
}

/** RocksDB counts each key with the 8 bytes that it adds. @returns undefined for a text in another form. */
function rowBytesOf(contents: string): number | undefined {
  const number = (name: string): number => Number(new RegExp(`${name}=(\\d+)`).exec(contents)?.[1] ?? NaN);
  const bytes = number("raw key size") + number("raw value size") - 8 * number("# entries");
  return Number.isFinite(bytes) ? Math.max(0, bytes) : undefined;
}

/** RocksDB sets its report aside at every start and would keep a thousand of them. */
async function removeOldReports(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (name.startsWith("LOG.old.")) await rm(`${dir}/${name}`, { force: true });
  }
}
