/**
 * A database file that was written by us or by etcd: its rows in order, in bounded memory, and the question whether it is sound.
 */
import { createHash } from "node:crypto";
import { open, type FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { TABLE_NAMES, type TableChunk, type TableName } from "@quorate/machine";
import { CorruptionError, toOperationalError } from "../errors.js";
import { text } from "./database-rows.js";
import { DIGEST_BYTES, hasDigest, PAGE_BYTES_MAX, PAGE_BYTES_MIN } from "./format.js";
import { decodeMetaPage, type Meta } from "./meta-page.js";
import { PageSource } from "./page-source.js";
import { TreeWalker, VisitedPages, type Leaf } from "./tree-walker.js";
import { Turn } from "./turn.js";

/** A chunk ends with the leaf that brings it to this many rows or bytes. */
const CHUNK_ROWS = 512;
const CHUNK_BYTES: number = 512 * 1024;
const DIGEST_READ_BYTES: number = 256 * 1024;
/** Buckets within buckets that a check follows: etcd has none. */
const NESTING_MAX = 16;

const TABLES: ReadonlySet<string> = new Set(TABLE_NAMES);

export class DatabaseFile {
  readonly path: string;
  /** Of the whole file, a digest behind the database included. */
  readonly sizeBytes: number;
  readonly #file: FileHandle;
  readonly #meta: Meta;

  constructor(file: FileHandle, place: { path: string; sizeBytes: number }, meta: Meta) {
    this.#file = file;
    this.path = place.path;
    this.sizeBytes = place.sizeBytes;
    this.#meta = meta;
  }

  get pageBytes(): number {
    return this.#meta.pageBytes;
  }

  /**
   * All rows of the tables we know (or of some of them), in the order of a snapshot. What else the file has is passed over. May be
   * called again.
   * Errors: `CorruptionError` at the first thing that cannot be; rows before it have been handed out then.
   */
  async *rows(tables: ReadonlySet<string> = TABLES): AsyncGenerator<TableChunk> {
    const walker = this.#walker();
    for await (const root of walker.leaves(this.#meta.rootPage)) {
      for (let i = 0; i < root.keys.length; i++) {
        const name = text(root.keys[i]);
        if (root.buckets[i] !== true || !TABLES.has(name) || !tables.has(name)) continue;
        yield* chunksOf(name as TableName, walker.leavesOfBucket(root.values[i] as Buffer));
      }
    }
  }

  /** Walks everything, buckets that are not ours included. @throws CorruptionError */
  async check(): Promise<void> {
    const walker = this.#walker();
    await checkLeaves(walker, walker.leaves(this.#meta.rootPage), NESTING_MAX);
  }

  /** Whether the SHA-256 behind the database, which files from clients have, is that of the database. */
  async checkDigest(): Promise<"absent" | "right" | "wrong"> {
    if (!hasDigest(this.sizeBytes)) return "absent";
    const hash = createHash("sha256");
    const end = this.sizeBytes - DIGEST_BYTES;
    for (let position = 0; position < end; position += DIGEST_READ_BYTES) {
      hash.update(await readAt(this.#file, position, Math.min(DIGEST_READ_BYTES, end - position)));
    }
    const digest = await readAt(this.#file, end, DIGEST_BYTES);
    return hash.digest().equals(digest) ? "right" : "wrong";
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #walker(): TreeWalker {
    const { pageBytes, highWater } = this.#meta;
    const source = new PageSource(this.#file, {
      path: this.path,
      sizeBytes: this.sizeBytes,
      pageBytes,
      highWater,
    });
    return new TreeWalker(source, new VisitedPages(highWater));
  }
}

/**
 * Opens the file to be read, by the newest of its metas that is whole. Nothing below the metas is looked at yet.
 * Errors: `CorruptionError` when it is no database or shorter than it says; `OperationalError` `missing`, `io`.
 */
export async function openDatabaseFile(path: string): Promise<DatabaseFile> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, "r");
    const sizeBytes = (await file.stat()).size;
    const meta = await findMeta(file);
    if (meta === undefined) {
      throw new CorruptionError(path, 0, "no database: neither of its two meta pages is whole");
    }
    const expected = meta.highWater * meta.pageBytes;
    if (expected > sizeBytes) {
      throw new CorruptionError(path, sizeBytes, `the file ends here; its database has ${expected} bytes`);
    }
    return new DatabaseFile(file, { path, sizeBytes }, meta);
  } catch (error) {
    await file?.close();
    if (error instanceof CorruptionError) throw error;
    throw toOperationalError(error, `opening the database file ${path}`);
  }
}

/** @returns why the file is no sound database, or undefined. @throws OperationalError when it cannot be read */
export async function checkDatabaseFile(path: string): Promise<string | undefined> {
  let file: DatabaseFile | undefined;
  try {
    file = await openDatabaseFile(path);
    await file.check();
    if ((await file.checkDigest()) === "wrong")
      return `${path}: the checksum at its end is not that of its content`;
    return undefined;
  } catch (error) {
    if (error instanceof CorruptionError) return error.message;
    throw toOperationalError(error, `checking the database file ${path}`);
  } finally {
    await file?.close();
  }
}

/** Meta 1 lies a page behind meta 0; how far that is, a damaged meta 0 cannot tell. */
async function findMeta(file: FileHandle): Promise<Meta | undefined> {
  const first = decodeMetaPage(await readAt(file, 0, PAGE_BYTES_MIN));
  let second: Meta | undefined;
  for (let size = PAGE_BYTES_MIN; size <= PAGE_BYTES_MAX && second === undefined; size *= 2) {
    if (first !== undefined && first.pageBytes !== size) continue;
    second = decodeMetaPage(await readAt(file, size, PAGE_BYTES_MIN));
    if (second?.pageBytes !== size) second = undefined;
  }
  if (first === undefined || second === undefined) return first ?? second;
  return first.transaction > second.transaction ? first : second;
}

/** @returns fewer bytes at the end of the file. */
async function readAt(file: FileHandle, position: number, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let done = 0;
  while (done < size) {
    const { bytesRead } = await file.read(bytes, done, size - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

/** Leaves hold a dozen rows; a chunk is worth more than that. */
async function* chunksOf(table: TableName, leaves: AsyncIterable<Leaf>): AsyncGenerator<TableChunk> {
  let keys: Buffer[] = [];
  let values: Buffer[] = [];
  let bytes = 0;
  for await (const leaf of leaves) {
    for (let i = 0; i < leaf.keys.length; i++) {
      if (leaf.buckets[i] === true) continue;
      const key = leaf.keys[i] as Buffer;
      const value = leaf.values[i] as Buffer;
      keys.push(key);
      values.push(value);
      bytes += key.length + value.length;
    }
    if (keys.length < CHUNK_ROWS && bytes < CHUNK_BYTES) continue;
    yield { table, keys, values };
    keys = [];
    values = [];
    bytes = 0;
    await setImmediate();
  }
  if (keys.length > 0) yield { table, keys, values };
}

async function checkLeaves(walker: TreeWalker, leaves: AsyncIterable<Leaf>, nesting: number): Promise<void> {
  const turn = new Turn();
  for await (const leaf of leaves) {
    for (let i = 0; i < leaf.keys.length; i++) {
      const value = leaf.values[i] as Buffer;
      if (leaf.buckets[i] === true && nesting > 0) {
        await checkLeaves(walker, walker.leavesOfBucket(value), nesting - 1);
      }
      if (turn.isOver(value.length)) await setImmediate();
    }
  }
}
