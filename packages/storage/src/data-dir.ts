/**
 * The data directory of a member: where things lie, who may use them, and whose they are.
 *
 * ```
 * <data-dir>/member/lock.*       who holds the directory (an empty file)
 * <data-dir>/member/wal/         the log, in etcd's format
 * <data-dir>/member/snap/        database files on their way in or out; etcd keeps its database here
 * <data-dir>/member/quorate/     the database, or quorate.<n>: `snapshot/database-folders` tells which
 * ```
 *
 * The order of a start: `openDataDir`, then the database (the kernel keeps its lock), then the log. A directory of etcd opens too,
 * with `foreignDatabase` set: its database is imported and activated before anything else, and `retireForeignDatabase` ends that.
 */
import { access, chmod, open, readdir, rm, stat } from "node:fs/promises";
import { DirectoryLock } from "./directory-lock.js";
import { CorruptionError, errnoOf, OperationalError, toOperationalError } from "./errors.js";
import { DatabaseFolders } from "./snapshot/database-folders.js";
import { findHolder } from "./snapshot/file-holder.js";
import { purgeReceived, receivedName } from "./snapshot/received-files.js";
import { makeFolders } from "./vfs/make-folders.js";
import { NodeFiles } from "./vfs/node-files.js";
import { listSegments } from "./wal/segment-name.js";

const FOLDER_MODE = 0o700;
/** etcd's database, and what it is called when we have taken it over: etcd must not be started on what is stale. */
const FOREIGN_NAME = "db";
const FOREIGN_RETIRED_NAME = "db.imported";

interface DataDirParts {
  readonly path: string;
  readonly lock: DirectoryLock;
  readonly databases: DatabaseFolders;
  readonly foreignDatabase: string | undefined;
  readonly warnings: readonly string[];
}

export class DataDir {
  readonly path: string;
  readonly memberPath: string;
  readonly walPath: string;
  readonly snapPath: string;
  /** What an operator should know, in sentences; for the log of the server. */
  readonly warnings: readonly string[];
  readonly #lock: DirectoryLock;
  readonly #databases: DatabaseFolders;
  readonly #files: NodeFiles = new NodeFiles();
  #foreignDatabase: string | undefined;

  constructor(parts: DataDirParts) {
    this.path = parts.path;
    this.memberPath = `${parts.path}/member`;
    this.walPath = `${parts.path}/member/wal`;
    this.snapPath = `${parts.path}/member/snap`;
    this.warnings = parts.warnings;
    this.#lock = parts.lock;
    this.#databases = parts.databases;
    this.#foreignDatabase = parts.foreignDatabase;
  }

  /** The folder of the member's database; another one after `activateDatabase`. */
  get enginePath(): string {
    return this.#databases.activePath;
  }

  /** The database file of an etcd server that had the directory before; there is no database of ours then. */
  get foreignDatabase(): string | undefined {
    return this.#foreignDatabase;
  }

  /**
   * A fresh, empty folder for a database that may replace the present one. There is one at a time: what was prepared before and
   * not activated is removed, so its engine must be closed.
   */
  prepareDatabase(): Promise<string> {
    return guarded(`preparing a database in ${this.memberPath}`, this.#databases.prepare());
  }

  /**
   * Makes the folder from `prepareDatabase`, whose content must be durable, the member's database: durable when it resolves.
   * After a crash on the way there, the old database or the new one is the member's, whole in either case. The old folder
   * stays until `removeInactiveDatabases`.
   */
  activateDatabase(path: string): Promise<void> {
    return guarded(`activating the database ${path}`, this.#databases.activate(path));
  }

  /** Removes the folders of replaced databases; their engines must be closed. What is prepared stays. */
  removeInactiveDatabases(): Promise<void> {
    return guarded(`removing old databases in ${this.memberPath}`, this.#databases.removeInactive());
  }

  /** Where a database from the leader with the state at `index` belongs. */
  receivedPath(index: number): string {
    return `${this.snapPath}/${receivedName(index)}`;
  }

  /** The database from the leader with the state at `index`, if it is there. */
  async receivedDatabase(index: number): Promise<string | undefined> {
    const path = this.receivedPath(index);
    return (await exists(path)) ? path : undefined;
  }

  /** Removes databases from the leader that hold nothing beyond `appliedIndex`. */
  purgeReceived(appliedIndex: number): Promise<void> {
    return guarded(
      `removing received databases in ${this.snapPath}`,
      purgeReceived(this.#files, this.snapPath, appliedIndex),
    );
  }

  /**
   * Sets the file of the etcd server aside, when what it held has been activated: durable when it resolves.
   * @returns what to tell the operator.
   */
  async retireForeignDatabase(): Promise<string> {
    await guarded(
      `setting ${this.snapPath}/${FOREIGN_NAME} aside`,
      retireForeign(this.#files, this.snapPath),
    );
    this.#foreignDatabase = undefined;
    return (
      `the data of an etcd member in ${this.path} have been taken over; its database file is kept as ` +
      `${this.snapPath}/${FOREIGN_RETIRED_NAME}, is not used any more, and may be removed. Do not start etcd on this directory again.`
    );
  }

  /** Lets others have the directory. Close the log and the database first. */
  close(): Promise<void> {
    return this.#lock.release();
  }
}

/**
 * Creates what is missing of the directory (0700), takes its lock and removes leftovers of earlier lives. Durable when it
 * resolves.
 * Errors: `OperationalError` `locked` (by us or an etcd server), `foreign` (only half of a member is there), `io` (not writable,
 * ...); `CorruptionError` when the member's database is gone.
 */
export async function openDataDir(path: string): Promise<DataDir> {
  const files = new NodeFiles();
  const member = `${path}/member`;
  const warnings: string[] = [];
  try {
    const created = await makeFolders(path, FOLDER_MODE);
    // The umask has had its say in mkdir; only what we made ourselves is ours to change.
    if (created !== undefined) await chmod(path, FOLDER_MODE);
    else warnings.push(...(await checkPermissions(path)), ...(await findStrangers(path)));
    await checkWritable(path);
    await files.makeDirectory(member);
  } catch (error) {
    throw toOperationalError(error, `preparing the data directory ${path}`);
  }
  const lock = await DirectoryLock.take(member);
  try {
    const snapPath = `${member}/snap`;
    const known = await DatabaseFolders.find(files, member);
    const foreignDatabase = known === undefined ? await findForeign(path) : undefined;
    const databases = known ?? (await DatabaseFolders.none(files, member));
    await databases.removeInactive();
    if (foreignDatabase === undefined) await databases.createActive();
    await files.makeDirectory(snapPath);
    await removeLeftovers(snapPath);
    const dir = new DataDir({ path, lock, databases, foreignDatabase, warnings });
    // Of a takeover that ended before its last step, that step.
    if (known !== undefined && (await exists(`${snapPath}/${FOREIGN_NAME}`))) {
      warnings.push(await dir.retireForeignDatabase());
    }
    for (const folder of [member, path]) await files.syncDirectory(folder);
    return dir;
  } catch (error) {
    await lock.release();
    if (error instanceof CorruptionError) throw error;
    throw toOperationalError(error, `preparing the data directory ${path}`);
  }
}

/** Others may read what is secret; etcd says so and goes on, and so do we: volumes often come that way. */
async function checkPermissions(path: string): Promise<string[]> {
  const mode = (await stat(path)).mode & 0o777;
  if (process.platform === "win32" || mode === FOLDER_MODE) return [];
  return [
    `${path} has permissions ${mode.toString(8)}; the recommended ones are 700, so that others cannot read the data`,
  ];
}

/** What is here beside the member's own: certificates of --auto-tls, and etcd's proxies of old. */
const EXPECTED_ENTRIES: ReadonlySet<string> = new Set(["member", "fixtures", "proxy"]);
const STRANGERS_MAX = 10;

/** A directory above or beside the one that was meant looks like an empty one: a new member would be born there without a word. */
async function findStrangers(path: string): Promise<string[]> {
  const warnings: string[] = [];
  for (const name of await readdir(path)) {
    if (EXPECTED_ENTRIES.has(name) || warnings.length === STRANGERS_MAX) continue;
    const other = `${path}/${name}`;
    const hint = (await exists(`${other}/member`)) ? `: ${other} is the data directory of a member` : "";
    warnings.push(`found invalid file under data directory ${path}: ${name}${hint}`);
  }
  return warnings;
}

async function checkWritable(path: string): Promise<void> {
  const probe = `${path}/.touch`;
  await (await open(probe, "w", 0o600)).close();
  await rm(probe);
}

/**
 * The database of an etcd server in a directory that has none of ours. Refuses, before anything is changed, one that an etcd server
 * is using, and a log that nobody's database goes with.
 */
async function findForeign(path: string): Promise<string | undefined> {
  const database = `${path}/member/snap/${FOREIGN_NAME}`;
  if (await exists(database)) {
    const holder = await findHolder(database);
    if (holder === undefined) return database;
    const message = `${path} is in use by process ${holder}, an etcd server it seems. Stop it first.`;
    throw new OperationalError("locked", message);
  }
  const walPath = `${path}/member/wal`;
  const names = (await exists(walPath)) ? await readdir(walPath) : [];
  if (listSegments(names).length === 0) return undefined;
  const message =
    `${path} holds a log but no database: it was not written by Quorate, or part of it is gone. Restore the member ` +
    `from a snapshot, or remove it from the cluster and add it anew with an empty directory.`;
  throw new OperationalError("foreign", message);
}

async function retireForeign(files: NodeFiles, snapPath: string): Promise<void> {
  await files.rename(`${snapPath}/${FOREIGN_NAME}`, `${snapPath}/${FOREIGN_RETIRED_NAME}`);
  await files.syncDirectory(snapPath);
}

/** Snapshot files that were being received or written when the machine stopped. */
async function removeLeftovers(snapPath: string): Promise<void> {
  for (const name of await readdir(snapPath)) {
    if (name.startsWith("tmp")) await rm(`${snapPath}/${name}`, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function guarded<T>(doing: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw errnoOf(error) === undefined ? error : toOperationalError(error, doing);
  }
}
