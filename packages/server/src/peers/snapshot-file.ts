/**
 * A database that comes in over the network, on its way to its final name. It is written beside it, made durable, looked through, and only
 * then renamed, so that a file called `*.snap.db` is always whole.
 */
import { open, readdir, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { formatPaddedHexId } from "@quorate/proto";
import { SNAPSHOT_WRITE_BYTES } from "./limits.js";

/** etcd's name for databases that are not complete: it removes them at start, too. */
const UNFINISHED_PREFIX = "db.tmp";

/** Looks through a database. @returns why it is unsound, or undefined. */
export type VerifyDatabase = (path: string) => Promise<string | undefined>;

/** The database itself is unsound; nothing is left of it. */
export class UnsoundDatabaseError extends Error {
  override readonly name = "UnsoundDatabaseError";
}

export class SnapshotFile {
  readonly #directory: string;
  readonly #path: string;
  readonly #handle: FileHandle;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #bytes = 0;
  #syncMs = 0;

  private constructor(directory: string, path: string, handle: FileHandle) {
    this.#directory = directory;
    this.#path = path;
    this.#handle = handle;
  }

  /** @param serial distinguishes files that are being received at the same time. */
  static async create(directory: string, serial: number): Promise<SnapshotFile> {
    const path = join(directory, `${UNFINISHED_PREFIX}${process.pid}-${serial}`);
    return new SnapshotFile(directory, path, await open(path, "wx", 0o600));
  }

  /** Bytes taken so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** What it took to make the file durable; 0 before `finish`. */
  get syncMs(): number {
    return this.#syncMs;
  }

  /** Takes the next bytes, which must not change afterwards; resolves when more may come. */
  async append(chunk: Buffer): Promise<void> {
    this.#bytes += chunk.length;
    this.#gathered.push(chunk);
    this.#gatheredBytes += chunk.length;
    if (this.#gatheredBytes >= SNAPSHOT_WRITE_BYTES) await this.#write();
  }

  /**
   * Makes the database durable under the name of its index and returns its path. A database of that index that is there already is
   * kept instead. @throws `UnsoundDatabaseError` or the file system's error; nothing is left of the file then.
   */
  async finish(index: number, verify: VerifyDatabase): Promise<string> {
    try {
      await this.#write();
      const startMs = performance.now();
      await this.#handle.sync();
      this.#syncMs = performance.now() - startMs;
      await this.#handle.close();
      const fault = await verify(this.#path);
      if (fault !== undefined) throw new UnsoundDatabaseError(fault);
      const final = join(this.#directory, `${formatPaddedHexId(BigInt(index))}.snap.db`);
      if (await exists(final)) await rm(this.#path, { force: true });
      else await rename(this.#path, final);
      await syncDirectory(this.#directory);
      return final;
    } catch (error) {
      await this.discard();
      throw error;
    }
  }

  /** Leaves nothing. May be called at any time, also twice. */
  async discard(): Promise<void> {
    // A handle that is closed already says so, which is what was wanted.
    await this.#handle.close().catch(() => undefined);
    await rm(this.#path, { force: true });
  }

  async #write(): Promise<void> {
    if (this.#gatheredBytes === 0) return;
    const parts = this.#gathered;
    let wanted = this.#gatheredBytes;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    const { bytesWritten } = await this.#handle.writev(parts);
    if (bytesWritten === wanted) return;
    // A short write (a disk that is nearly full does it) is completed or answered with an error by a plain one.
    const rest = Buffer.concat(parts).subarray(bytesWritten);
    wanted = 0;
    while (wanted < rest.length) wanted += (await this.#handle.write(rest, wanted)).bytesWritten;
  }
}

/** Removes what an earlier process left unfinished. Call it while nothing is being received. */
export async function removeUnfinishedSnapshots(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (name.startsWith(UNFINISHED_PREFIX)) await rm(join(directory, name), { force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
