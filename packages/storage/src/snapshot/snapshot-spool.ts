/**
 * The present state as a file, for whoever wants to send it: to clients as a backup, to followers as their new database.
 *
 * What a request gets is never older than the request: a file that holds exactly the present state, being written or at rest, is
 * shared; otherwise the request waits for the write under way and shares the next one with all that wait. So however many ask,
 * one file is written at a time.
 *
 * Limits: `FILES_MAX` at rest because somebody still reads them; a request beyond it fails as `overloaded`.
 */
import { open, rm } from "node:fs/promises";
import type { TableChunk } from "@quorate/machine";
import { OperationalError, toOperationalError } from "../errors.js";
import type { DatabaseState, RowOverride } from "./database-rows.js";
import { writeDatabaseFile } from "./write-database.js";

/** Each is as large as the database, and a reader that hangs holds its file. */
export const FILES_MAX = 4;
/** Bytes per read of a file: few enough trips, small enough to be taken up at once. */
const READ_BYTES: number = 256 * 1024;

export interface SnapshotSpoolParts {
  /** Part of the names of the files: spools of one folder have different ones. Default `database`. */
  readonly name?: string;
  /** The folder for the files; what its `tmp*` were when a process ended is removed by `openDataDir`. */
  readonly snapPath: string;
  /** A consistent view of all tables as of a moment not before the call. */
  readonly rows: () => AsyncIterable<TableChunk>;
  /** Index of the last entry applied to the tables. */
  readonly appliedIndex: () => number;
  readonly overrides?: () => readonly RowOverride[];
}

/** A file at rest, for one reader. */
export interface SpooledDatabase extends DatabaseState {
  readonly path: string;
  readonly sizeBytes: number;
  /** The whole file in order. Each call reads from the start. */
  chunks(): AsyncGenerator<Buffer, void>;
  /** The file goes when the last of its readers has called it; calling again does nothing. */
  release(): void;
}

interface SpoolFile extends DatabaseState {
  readonly path: string;
  readonly sizeBytes: number;
  readers: number;
}

interface Write {
  /** Of the state when it began; undefined while it waits for its turn. */
  beganIndex: number | undefined;
  readonly file: Promise<SpoolFile>;
}

export class SnapshotSpool {
  readonly #parts: SnapshotSpoolParts;
  readonly #atRest = new Set<SpoolFile>();
  #running: Write | undefined;
  #waiting: Write | undefined;
  #count = 0;

  constructor(parts: SnapshotSpoolParts) {
    this.#parts = parts;
  }

  /**
   * A file with the present state or a later one.
   * Errors: `OperationalError` `no-space`, `io`, `overloaded`; what `rows` throws. No file stays then.
   */
  async open(): Promise<SpooledDatabase> {
    const index = this.#parts.appliedIndex();
    for (const file of this.#atRest) if (file.index === index) return this.#handOut(file);
    return this.#handOut(await this.#join(index).file);
  }

  #join(index: number): Write {
    const running = this.#running;
    if (running?.beganIndex === index) return running;
    if (this.#waiting !== undefined) return this.#waiting;
    if (running === undefined) return this.#start();
    this.#waiting = this.#startAfter(running);
    return this.#waiting;
  }

  #start(): Write {
    const write: Write = { beganIndex: this.#parts.appliedIndex(), file: this.#write() };
    return this.#run(write);
  }

  #startAfter(running: Write): Write {
    const begin = async (): Promise<SpoolFile> => {
      await running.file.catch(() => undefined);
      this.#waiting = undefined;
      write.beganIndex = this.#parts.appliedIndex();
      this.#run(write);
      return this.#write();
    };
    const write: Write = { beganIndex: undefined, file: begin() };
    return write;
  }

  #run(write: Write): Write {
    this.#running = write;
    const settle = (): void => {
      if (this.#running === write) this.#running = undefined;
    };
    write.file.then(settle, settle);
    return write;
  }

  async #write(): Promise<SpoolFile> {
    if (this.#atRest.size >= FILES_MAX) {
      const message = `${FILES_MAX} database files are being read already; wait for one of the snapshots to end`;
      throw new OperationalError("overloaded", message);
    }
    this.#count += 1;
    const { snapPath, rows, overrides, name = "database" } = this.#parts;
    const path = `${snapPath}/tmp-${name}-${this.#count}`;
    const written = await writeDatabaseFile({ path, rows: rows(), overrides: overrides?.() ?? [] });
    const file: SpoolFile = { ...written, path, readers: 0 };
    this.#atRest.add(file);
    return file;
  }

  #handOut(file: SpoolFile): SpooledDatabase {
    file.readers += 1;
    let isReleased = false;
    return {
      path: file.path,
      sizeBytes: file.sizeBytes,
      index: file.index,
      term: file.term,
      confState: file.confState,
      storageVersion: file.storageVersion,
      chunks: () => readChunks(file.path),
      release: () => {
        if (isReleased) return;
        isReleased = true;
        file.readers -= 1;
        if (file.readers === 0) this.#remove(file);
      },
    };
  }

  #remove(file: SpoolFile): void {
    this.#atRest.delete(file);
    // What cannot be removed now goes at the next start.
    rm(file.path, { force: true }).catch(() => undefined);
  }
}

async function* readChunks(path: string): AsyncGenerator<Buffer, void> {
  try {
    const file = await open(path, "r");
    try {
      for (;;) {
        const bytes = Buffer.allocUnsafeSlow(READ_BYTES);
        const { bytesRead } = await file.read(bytes, 0, bytes.length, null);
        if (bytesRead === 0) return;
        yield bytes.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    throw toOperationalError(error, `reading the database file ${path}`);
  }
}
