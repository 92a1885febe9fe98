/** Fills an engine with the rows of a database file: how a member takes over a state that another one wrote. */
import { tableKey, type Engine } from "@quorate/machine";
import { StateWatcher, type DatabaseState, type RowOverride } from "./database-rows.js";
import { completeRows } from "./complete-rows.js";
import { openDatabaseFile } from "./database-file.js";

/** An engine batch ends with the chunk that brings it to this many rows or bytes: two milliseconds of packing. */
const BATCH_ROWS = 1024;
const BATCH_BYTES: number = 1024 * 1024;

export interface DatabaseImport {
  readonly file: string;
  /** A folder without rows; `DataDir.prepareDatabase` makes one. */
  readonly enginePath: string;
  readonly openEngine: (path: string) => Promise<Engine>;
  /** For small tables only: not `key` or `lease`. */
  readonly overrides?: readonly RowOverride[];
}

export interface ImportedDatabase extends DatabaseState {
  readonly rowCount: number;
  /** Of keys and values. */
  readonly rowBytes: number;
}

/**
 * Copies all rows, then closes the engine. Durable when it resolves. Other work of the process goes on meanwhile.
 * Errors: `CorruptionError` of the file; `OperationalError` of file or engine. The folder is of no use then.
 */
export async function importDatabase(source: DatabaseImport): Promise<ImportedDatabase> {
  const file = await openDatabaseFile(source.file);
  try {
    const engine = await source.openEngine(source.enginePath);
    try {
      const imported = await copyRows(completeRows(file.rows(), source.overrides ?? []), engine);
      await engine.flush();
      return imported;
    } finally {
      await engine.close();
    }
  } finally {
    await file.close();
  }
}

async function copyRows(rows: ReturnType<typeof completeRows>, engine: Engine): Promise<ImportedDatabase> {
  const watcher = new StateWatcher();
  let rowCount = 0;
  let rowBytes = 0;
  let batch = new Batch();
  // One batch is on its way to the engine while the next is read.
  let writing: Promise<void> = Promise.resolve();
  const send = async (): Promise<void> => {
    await writing;
    writing = engine.write(batch.keys, batch.values);
    // It is awaited before the next batch; until then nobody listens.
    writing.catch(() => undefined);
    rowCount += batch.keys.length;
    rowBytes += batch.bytes;
    batch = new Batch();
  };
  for await (const chunk of rows) {
    watcher.see(chunk);
    for (let i = 0; i < chunk.keys.length; i++) {
      const value = chunk.values[i] as Uint8Array;
      batch.add(tableKey(chunk.table, chunk.keys[i] as Uint8Array), value);
    }
    if (batch.keys.length >= BATCH_ROWS || batch.bytes >= BATCH_BYTES) await send();
  }
  await send();
  await writing;
  return { ...watcher.state, rowCount, rowBytes };
}

class Batch {
  readonly keys: Uint8Array[] = [];
  readonly values: Uint8Array[] = [];
  bytes = 0;

  add(key: Uint8Array, value: Uint8Array): void {
    this.keys.push(key);
    this.values.push(value);
    this.bytes += key.length + value.length;
  }
}
