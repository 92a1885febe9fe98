/** All that one machine has on disk: the log's files, databases by folder, and databases that were received. It outlives processes. */
import { MemoryEngine, TABLE_NAMES, tableKey, type TableChunk } from "@quorate/machine";
import type { DataDirPort, SpoolPort, SpoolSource, World } from "@quorate/server/world";
import { assert, type Prng } from "@quorate/std";
import { MemoryFiles, StateWatcher, type DatabaseImport } from "@quorate/storage";
import type { Life } from "./life.js";
import { rotLog, rotRow, type RotPlace } from "./rot.js";
import { SimEngine } from "./sim-engine.js";
import { createHealth, SimFiles, type DiskHealth, type EndOfLife } from "./sim-files.js";

const DIRECTORY = "/member";
const SNAP_PATH = `${DIRECTORY}/snap`;
/** Rows of one write of an import. */
const IMPORT_ROWS = 500;

/** What a process sees of its disk. */
export type DiskPorts = Pick<
  World,
  "files" | "openDataDir" | "openEngine" | "createSpool" | "importDatabase"
>;

export class SimDisk {
  readonly health: DiskHealth = createHealth();
  /** Something on it was damaged at rest: whoever reads that may end for it. */
  isRotten = false;
  readonly #prng: Prng;
  #files: MemoryFiles = new MemoryFiles(queueMicrotask);
  #mounted: SimFiles | undefined;
  readonly #engines = new Map<string, MemoryEngine>();
  /** Rows of databases that were damaged at rest, by path. */
  readonly #rotten = new Map<string, Set<string>>();
  #activePath = `${DIRECTORY}/quorate`;
  #generation = 0;
  /** Databases from leaders, by index. */
  readonly #received = new Map<number, Uint8Array>();

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  async format(): Promise<void> {
    await this.#files.makeDirectory(DIRECTORY);
    await this.#files.syncDirectory("/");
  }

  get isBlank(): boolean {
    return this.#engines.size === 0;
  }

  mount(life: Life): DiskPorts {
    const parts = { life, health: this.health, prng: this.#prng };
    const files = new SimFiles(this.#files, parts);
    this.#mounted = files;
    return {
      files,
      openDataDir: async () => {
        await life.sleep(0);
        return this.#openDataDir(life);
      },
      openEngine: async (path) => {
        await life.sleep(0);
        let engine = this.#engines.get(path);
        if (engine === undefined) this.#engines.set(path, (engine = new MemoryEngine({ crashes: true })));
        return new SimEngine(engine, { ...parts, rotten: this.#rottenOf(path) });
      },
      createSpool: (source) => this.#createSpool(source),
      importDatabase: (source) => this.#importDatabase(source),
    };
  }

  /** The process has ended; the next one finds what it left, or what a loss of power left of that. */
  async unmount(end: EndOfLife): Promise<void> {
    if (this.#mounted !== undefined) this.#files = await this.#mounted.afterEnd(end);
    this.#mounted = undefined;
    for (const [path, engine] of this.#engines) {
      const count = engine.unflushedCount;
      // A killed process leaves everything to the kernel.
      this.#engines.set(path, engine.crash(end === "killed" ? count : this.#prng.below(count + 1)));
    }
  }

  #rottenOf(path: string): Set<string> {
    let rotten = this.#rotten.get(path);
    if (rotten === undefined) this.#rotten.set(path, (rotten = new Set()));
    return rotten;
  }

  /** Where a database with the state at `index` is put; durable at once. */
  receive(index: number, database: Uint8Array): string {
    const arrived = this.health.cutsReceived ? this.#prng.below(database.length) : database.length;
    this.#received.set(index, database.subarray(0, arrived));
    return receivedPath(index);
  }

  /** Damages what lies there while no process runs. @returns what was damaged; undefined when there is nothing of the kind. */
  async rot(place: RotPlace): Promise<string | undefined> {
    const damaged =
      place === "log"
        ? await rotLog(this.#files, `${DIRECTORY}/wal`, this.#prng)
        : await rotRow(this.#engines.get(this.#activePath), this.#rottenOf(this.#activePath), this.#prng);
    if (damaged !== undefined) this.isRotten = true;
    return damaged;
  }

  #openDataDir(life: Life): DataDirPort {
    const disk = this;
    return {
      path: "/",
      walPath: `${DIRECTORY}/wal`,
      snapPath: SNAP_PATH,
      warnings: [],
      foreignDatabase: undefined,
      get enginePath() {
        return disk.#activePath;
      },
      prepareDatabase: async () => {
        await life.sleep(1);
        this.#generation += 1;
        return `${DIRECTORY}/quorate.${this.#generation}`;
      },
      activateDatabase: async (path) => {
        await life.sleep(1);
        assert(this.#engines.has(path), `${path} is no database`);
        this.#activePath = path;
      },
      removeInactiveDatabases: async () => {
        await life.sleep(1);
        const kept = `${DIRECTORY}/quorate.${this.#generation}`;
        for (const path of this.#engines.keys())
          if (path !== this.#activePath && path !== kept) this.#engines.delete(path);
      },
      receivedDatabase: async (index) => {
        await life.sleep(0);
        return this.#received.has(index) ? receivedPath(index) : undefined;
      },
      purgeReceived: async (appliedIndex) => {
        await life.sleep(0);
        for (const index of this.#received.keys()) if (index <= appliedIndex) this.#received.delete(index);
      },
      retireForeignDatabase: () => Promise.reject(new Error("there is no foreign database")),
      close: () => Promise.resolve(),
    };
  }

  #createSpool({ rows }: SpoolSource): SpoolPort {
    return {
      open: async () => {
        const watcher = new StateWatcher();
        const parts: Uint8Array[] = [];
        for await (const chunk of rows()) {
          watcher.see(chunk);
          parts.push(encodeRows(chunk));
        }
        parts.push(END_OF_DATABASE);
        const bytes = Buffer.concat(parts);
        return {
          ...watcher.state,
          sizeBytes: bytes.length,
          async *chunks() {
            yield bytes;
          },
          release: () => undefined,
        };
      },
    };
  }

  async #importDatabase({ file, enginePath, openEngine, overrides }: DatabaseImport): Promise<void> {
    const bytes = this.#received.get(indexOfPath(file));
    assert(bytes !== undefined, `no database in ${file}`);
    this.#engines.delete(enginePath);
    this.#rotten.delete(enginePath);
    const engine = await openEngine(enginePath);
    const keys: Uint8Array[] = [];
    const values: (Uint8Array | undefined)[] = [];
    for (const { key, value } of decodeRows(bytes)) {
      keys.push(key);
      values.push(value);
      if (keys.length < IMPORT_ROWS) continue;
      await engine.write(keys.splice(0), values.splice(0));
    }
    for (const { table, key, value } of overrides ?? []) {
      keys.push(tableKey(table, key));
      values.push(value);
    }
    await engine.write(keys, values);
    await engine.flush();
  }
}

function receivedPath(index: number): string {
  return `${SNAP_PATH}/${index}`;
}

function indexOfPath(path: string): number {
  return Number(path.slice(path.lastIndexOf("/") + 1));
}

/** Stands where the table of another row would. */
const END_OF_DATABASE = Uint8Array.of(0xff);

/** Each row: its table's number (1), the lengths of key and value (4 + 4), key, value. */
function encodeRows({ table, keys, values }: TableChunk): Uint8Array {
  const number = TABLE_NAMES.indexOf(table);
  const parts: Uint8Array[] = [];
  for (const [i, key] of keys.entries()) {
    const value = values[i]!;
    const head = Buffer.alloc(9);
    head.writeUInt8(number, 0);
    head.writeUInt32BE(key.length, 1);
    head.writeUInt32BE(value.length, 5);
    parts.push(head, key, value);
  }
  return Buffer.concat(parts);
}

function* decodeRows(bytes: Uint8Array): Generator<{ key: Uint8Array; value: Uint8Array }> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; ;) {
    // As the checks of a real file have it: one that was cut short is no database.
    if (at >= view.length) throw new Error("the database ends in the middle");
    if (view.readUInt8(at) === END_OF_DATABASE[0]) return;
    const table = TABLE_NAMES[view.readUInt8(at)]!;
    const keyEnd = at + 9 + view.readUInt32BE(at + 1);
    const end = keyEnd + view.readUInt32BE(at + 5);
    if (end > view.length) throw new Error("the database ends in the middle of a row");
    yield { key: tableKey(table, view.subarray(at + 9, keyEnd)), value: view.subarray(keyEnd, end) };
    at = end;
  }
}
