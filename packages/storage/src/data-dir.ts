/**
 * The data directory of a member: where things lie, who may use them, and whose they are.
 *
 * ```
 * <data-dir>/member/lock.*     who holds the directory (an empty file)
 * <data-dir>/member/wal/       the log, in etcd's format
 * <data-dir>/member/snap/      snapshot files on their way in or out; etcd keeps its database here
 * <data-dir>/member/quorate/   the database
 * ```
 *
 * The order of a start: `openDataDir`, then the database (the kernel keeps its lock), then the log.
 */
import { access, chmod, open, readdir, rm, stat } from "node:fs/promises";
import { DirectoryLock } from "./directory-lock.js";
import { OperationalError, toOperationalError } from "./errors.js";
import { makeFolders } from "./vfs/make-folders.js";
import { NodeFiles } from "./vfs/node-files.js";
import { listSegments } from "./wal/segment-name.js";

const FOLDER_MODE = 0o700;

export class DataDir {
  readonly path: string;
  readonly memberPath: string;
  readonly walPath: string;
  readonly snapPath: string;
  readonly enginePath: string;
  /** What an operator should know, in sentences; for the log of the server. */
  readonly warnings: readonly string[];
  readonly #lock: DirectoryLock;

  constructor(path: string, lock: DirectoryLock, warnings: readonly string[]) {
    this.path = path;
    this.memberPath = `${path}/member`;
    this.walPath = `${path}/member/wal`;
    this.snapPath = `${path}/member/snap`;
    this.enginePath = `${path}/member/quorate`;
    this.warnings = warnings;
    this.#lock = lock;
  }

  /** Lets others have the directory. Close the log and the database first. */
  close(): Promise<void> {
    return this.#lock.release();
  }
}

/**
 * Creates what is missing of the directory (0700), takes its lock and removes leftovers of earlier lives. Durable when it
 * resolves.
 * Errors: `OperationalError` `locked`, `foreign` (the data are etcd's, or only half of ours), `io` (not writable, ...).
 */
export async function openDataDir(path: string): Promise<DataDir> {
  const files = new NodeFiles();
  const member = `${path}/member`;
  const warnings: string[] = [];
  try {
    const created = await makeFolders(path, FOLDER_MODE);
    // The umask has had its say in mkdir; only what we made ourselves is ours to change.
    if (created !== undefined) await chmod(path, FOLDER_MODE);
    else warnings.push(...(await checkPermissions(path)));
    await checkWritable(path);
    await files.makeDirectory(member);
  } catch (error) {
    throw toOperationalError(error, `preparing the data directory ${path}`);
  }
  const lock = await DirectoryLock.take(member);
  const dir = new DataDir(path, lock, warnings);
  try {
    await checkOwner(dir);
    await files.makeDirectory(dir.enginePath);
    await files.makeDirectory(dir.snapPath);
    await removeLeftovers(dir.snapPath);
    for (const folder of [member, path]) await files.syncDirectory(folder);
  } catch (error) {
    await lock.release();
    throw toOperationalError(error, `preparing the data directory ${path}`);
  }
  return dir;
}

/** Others may read what is secret; etcd says so and goes on, and so do we: volumes often come that way. */
async function checkPermissions(path: string): Promise<string[]> {
  const mode = (await stat(path)).mode & 0o777;
  if (process.platform === "win32" || mode === FOLDER_MODE) return [];
  return [
    `${path} has permissions ${mode.toString(8)}; the recommended ones are 700, so that others cannot read the data`,
  ];
}

async function checkWritable(path: string): Promise<void> {
  const probe = `${path}/.touch`;
  await (await open(probe, "w", 0o600)).close();
  await rm(probe);
}

/** Refuses data that another program wrote, before anything is changed. */
async function checkOwner(dir: DataDir): Promise<void> {
  if (await exists(dir.enginePath)) return;
  if (await exists(`${dir.snapPath}/db`)) {
    const message = `${dir.path} holds the data of an etcd member, which Quorate cannot take over yet. Choose another directory.`;
    throw new OperationalError("foreign", message);
  }
  const names = (await exists(dir.walPath)) ? await readdir(dir.walPath) : [];
  if (listSegments(names).length > 0) {
    const message =
      `${dir.path} holds a log but no database: it was not written by Quorate, or part of it is gone. Restore the member ` +
      `from a snapshot, or remove it from the cluster and add it anew with an empty directory.`;
    throw new OperationalError("foreign", message);
  }
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
