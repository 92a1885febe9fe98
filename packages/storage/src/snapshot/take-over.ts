/**
 * Makes a member of ours out of an etcd server's directory: its log stays as it is, its database is imported.
 *
 * Nothing of etcd's is changed until the import is durable and counts, so that whatever fails before, etcd can go on with its data.
 * Then its database file gets another name: etcd must not find a state there that its log has left behind.
 */
import type { Engine } from "@quorate/machine";
import { assert } from "@quorate/std";
import type { DataDir } from "../data-dir.js";
import { CorruptionError } from "../errors.js";
import { findMissingRows, readDatabaseIndex, type ForeignLog } from "./foreign-rows.js";
import { importDatabase, type ImportedDatabase } from "./import-database.js";

export interface TakeOver {
  /** With a `foreignDatabase`. */
  readonly dataDir: Pick<
    DataDir,
    | "foreignDatabase"
    | "snapPath"
    | "prepareDatabase"
    | "activateDatabase"
    | "retireForeignDatabase"
    | "receivedDatabase"
  >;
  /** What `readLog` or `openWal` found in its log. */
  readonly log: ForeignLog;
  readonly openEngine: (path: string) => Promise<Engine>;
}

export interface TakenOver extends ImportedDatabase {
  /** What to tell the operator. */
  readonly warning: string;
}

/**
 * Afterwards `dataDir.enginePath` is the database, and the log goes on behind it. Durable when it resolves; a crash on the way leaves
 * the directory to etcd or to us, never in between.
 * Errors: `CorruptionError` when the files do not fit together; `OperationalError` of disk or engine.
 */
export async function takeOverDatabase({ dataDir, log, openEngine }: TakeOver): Promise<TakenOver> {
  const { foreignDatabase } = dataDir;
  assert(foreignDatabase !== undefined, "there is a database to take over");
  const file = await chooseFile(foreignDatabase, dataDir, log);
  const overrides = await findMissingRows(file, dataDir.snapPath, log);
  const enginePath = await dataDir.prepareDatabase();
  const imported = await importDatabase({ file, enginePath, openEngine, overrides });
  await dataDir.activateDatabase(enginePath);
  return { ...imported, warning: await dataDir.retireForeignDatabase() };
}

/** etcd may have stopped after it noted a snapshot in its log and before it put the received database in place. */
async function chooseFile(
  foreign: string,
  dataDir: TakeOver["dataDir"],
  { snapshot, entries }: ForeignLog,
): Promise<string> {
  const index = await readDatabaseIndex(foreign);
  const lastIndex = snapshot.index + entries.length;
  if (index > lastIndex) {
    const what = `the database holds the state at entry ${index}, and the log ends at ${lastIndex}: they do not belong together`;
    throw new CorruptionError(foreign, 0, what);
  }
  if (index === 0 || index >= snapshot.index) return foreign;
  const received = await dataDir.receivedDatabase(snapshot.index);
  if (received !== undefined) return received;
  const what = `the database holds the state at entry ${index}, and the log begins behind ${snapshot.index}: entries are missing`;
  throw new CorruptionError(foreign, 0, what);
}
