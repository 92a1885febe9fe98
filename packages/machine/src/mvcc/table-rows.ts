/** Reads whole tables back from the engine, without the byte that names the table. */
import type { Engine, EngineChunk } from "./engine.js";
import { createRevisionKey } from "./revision-key.js";
import type { TableChunk, TableName } from "./store-api.js";
import { TABLE_NAMES, tableBounds, tableOfPrefix } from "./table-keys.js";

const CHUNK_ROWS = 256;

export function scanTable(engine: Engine, table: TableName): AsyncGenerator<TableChunk> {
  const { from, to } = tableBounds(table);
  return scanWithinTable(engine, from, to);
}

/** The revisions in [fromRevision, toRevision). */
export function scanRevisions(
  engine: Engine,
  fromRevision: number,
  toRevision: number,
): AsyncGenerator<TableChunk> {
  return scanWithinTable(
    engine,
    createRevisionKey(fromRevision, 0, false),
    createRevisionKey(toRevision, 0, false),
  );
}

async function* scanWithinTable(
  engine: Engine,
  from: Uint8Array,
  to: Uint8Array,
): AsyncGenerator<TableChunk> {
  for await (const chunk of engine.scan(from, to, CHUNK_ROWS)) yield sliceChunk(chunk, 0, chunk.keys.length);
}

/** All tables in one scan, so as of one moment; a chunk holds rows of one table. */
export async function* scanAllTables(engine: Engine): AsyncGenerator<TableChunk> {
  const { from } = tableBounds(TABLE_NAMES[0] as TableName);
  const { to } = tableBounds(TABLE_NAMES.at(-1) as TableName);
  for await (const chunk of engine.scan(from, to, CHUNK_ROWS)) {
    let start = 0;
    while (start < chunk.keys.length) {
      const prefix = chunk.keys[start]?.[0];
      let end = start + 1;
      while (end < chunk.keys.length && chunk.keys[end]?.[0] === prefix) end++;
      yield sliceChunk(chunk, start, end);
      start = end;
    }
  }
}

/** The rows [start, end) of a chunk, all of one table. */
function sliceChunk(chunk: EngineChunk, start: number, end: number): TableChunk {
  const keys: Uint8Array[] = [];
  for (let i = start; i < end; i++) keys.push((chunk.keys[i] as Uint8Array).subarray(1));
  return { table: tableOfPrefix(chunk.keys[start]?.[0]), keys, values: chunk.values.slice(start, end) };
}
