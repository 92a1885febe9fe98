/**
 * Writes a database file from a stream of rows, in one pass and in memory that does not depend on how many there are.
 *
 * Pages are written in the order of their ids, the trees of the tables one after the other, then the root's, last the two metas
 * that make a file of it: what was not finished is no database to anybody.
 */
import { open, rm, type FileHandle } from "node:fs/promises";
import { setImmediate } from "node:timers/promises";
import { TABLE_NAMES, type TableChunk, type TableName } from "@quorate/machine";
import { assert } from "@quorate/std";
import { CorruptionError, errnoOf, toOperationalError } from "../errors.js";
import { completeRows } from "./complete-rows.js";
import { StateWatcher, type DatabaseState, type RowOverride } from "./database-rows.js";
import { PAGE_BYTES } from "./format.js";
import { encodeMetaPage } from "./meta-page.js";
import { PageSink } from "./page-sink.js";
import { encodeBucket, TreeBuilder } from "./tree-builder.js";
import { Turn } from "./turn.js";

const FILE_MODE = 0o600;
/** Behind the two metas. */
const FIRST_PAGE = 2;
/** Even, so that meta 0 holds it; meta 1 repeats the same tree one transaction earlier, as in copies that etcd makes. */
const TRANSACTION = 2;
export interface DatabaseFileSource {
  readonly path: string;
  /** Tables in the order of `TABLE_NAMES`, keys ascending within each; nothing of a chunk may change afterwards. */
  readonly rows: AsyncIterable<TableChunk>;
  /** For small tables only: not `key` or `lease`. */
  readonly overrides?: readonly RowOverride[];
}

export interface WrittenDatabase extends DatabaseState {
  readonly sizeBytes: number;
}

/**
 * Creates or replaces the file. Its bytes are durable when it resolves; its name is not, until the folder is synced.
 * Errors: `OperationalError` `no-space`, `io`; `CorruptionError` when rows are out of order; what `rows` throws. The file is
 * removed then.
 */
export async function writeDatabaseFile(source: DatabaseFileSource): Promise<WrittenDatabase> {
  const { path } = source;
  let file: FileHandle | undefined;
  try {
    file = await open(path, "w", FILE_MODE);
    const written = await writeInto(file, source);
    await file.close();
    return written;
  } catch (error) {
    await file?.close().catch(() => undefined);
    if (file !== undefined) await rm(path, { force: true });
    // What the rows' own source throws is not ours to name.
    if (errnoOf(error) === undefined) throw error;
    throw toOperationalError(error, `writing the database file ${path}`);
  }
}

async function writeInto(file: FileHandle, source: DatabaseFileSource): Promise<WrittenDatabase> {
  const sink = new PageSink(file, PAGE_BYTES, FIRST_PAGE);
  try {
    const watcher = new StateWatcher();
    const rootPage = await writeTrees(sink, source, watcher);
    await sink.finish();
    const highWater = sink.nextPage;
    const metas = [TRANSACTION, TRANSACTION - 1].map((transaction) =>
      encodeMetaPage({ pageBytes: PAGE_BYTES, rootPage, highWater, transaction }),
    );
    await writeAt(file, Buffer.concat(metas), 0);
    await file.sync();
    return { ...watcher.state, sizeBytes: highWater * PAGE_BYTES };
  } finally {
    await sink.settle();
  }
}

/** @returns the page of the root's tree. */
async function writeTrees(
  sink: PageSink,
  { path, rows, overrides = [] }: DatabaseFileSource,
  watcher: StateWatcher,
): Promise<number> {
  const root = new TreeBuilder(sink, path, "buckets");
  const turn = new Turn();
  let started = 0;
  let tree: TreeBuilder | undefined;
  const endTables = (until: number): void => {
    // Every table is there, also when it is empty: old members do not create them all.
    for (; started < until; started++) {
      tree ??= new TreeBuilder(sink, path, "rows");
      root.add(Buffer.from(TABLE_NAMES[started] as TableName), encodeBucket(tree.finish()));
      tree = undefined;
    }
  };
  for await (const chunk of completeRows(rows, overrides)) {
    const position = TABLE_NAMES.indexOf(chunk.table);
    if (position < started) {
      throw new CorruptionError(path, 0, `rows of table ${chunk.table} come after those of later tables`);
    }
    endTables(position);
    watcher.see(chunk);
    tree ??= new TreeBuilder(sink, `${path}, table ${chunk.table},`, "rows");
    for (let i = 0; i < chunk.keys.length; i++) {
      const key = chunk.keys[i] as Uint8Array;
      const value = chunk.values[i] as Uint8Array;
      tree.add(key, value);
      if (sink.needsDrain) await sink.drain();
      if (turn.isOver(key.length + value.length)) await setImmediate();
    }
  }
  endTables(TABLE_NAMES.length);
  const built = root.finish();
  assert(built.kind === "paged", "the root's tree has pages");
  return built.rootPage;
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
}
