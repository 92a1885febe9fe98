/** Rows for tests of database files: short to write down, and compared as text. */
import { TABLE_NAMES, type TableChunk, type TableName } from "@quorate/machine";
import type { Prng } from "@quorate/std";

/** Key and value are latin1. */
export type Row = readonly [table: TableName, key: string, value: string];

export async function* chunked(rows: readonly Row[], chunkRows: number): AsyncGenerator<TableChunk> {
  let start = 0;
  while (start < rows.length) {
    const table = (rows[start] as Row)[0];
    let end = start + 1;
    while (end < rows.length && end - start < chunkRows && rows[end]?.[0] === table) end += 1;
    const part = rows.slice(start, end);
    yield {
      table,
      keys: part.map(([, key]) => Buffer.from(key, "latin1")),
      values: part.map(([, , value]) => Buffer.from(value, "latin1")),
    };
    start = end;
  }
}

export async function collect(chunks: AsyncIterable<TableChunk>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const { table, keys, values } of chunks) {
    for (let i = 0; i < keys.length; i++) rows.push([table, latin1(keys[i]), latin1(values[i])]);
  }
  return rows;
}

function latin1(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("latin1");
}

/** Rows of all tables: none, few or many, with keys and values from empty values to several pages. */
export function randomRows(prng: Prng): Row[] {
  const rows: Row[] = [];
  for (const table of TABLE_NAMES) {
    const count = prng.pick([0, 1, 3, 30, 300]);
    const keys = new Set<string>();
    while (keys.size < count) keys.add(randomText(prng, 1 + prng.below(prng.pick([4, 40, 400]) + 4)));
    for (const key of [...keys].sort()) rows.push([table, key, randomValue(prng)]);
  }
  return rows;
}

function randomValue(prng: Prng): string {
  return randomText(prng, prng.below(prng.chance(0.02) ? 30_000 : prng.pick([1, 30, 300, 3000])));
}

function randomText(prng: Prng, length: number): string {
  let text = "";
  for (let i = 0; i < length; i++) text += String.fromCharCode(prng.below(256));
  return text;
}
