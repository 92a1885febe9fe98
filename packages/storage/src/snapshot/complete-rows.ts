/**
 * Rows on their way into a database file: overrides take their places, and what a Go member expects and our tables lack is added.
 *
 * The one such row is `storageVersion`: etcd from 3.6 names there the newest cluster version that the file's layout serves, and
 * a file without the row is taken for one of 3.5.
 */
import type { TableChunk, TableName } from "@quorate/machine";
import { assert } from "@quorate/std";
import {
  CLUSTER_VERSION_ROW,
  STORAGE_VERSION_ROW,
  text,
  textRow,
  type RowOverride,
} from "./database-rows.js";

/** Tables that may hold any number of rows pass as they come; the others fit into memory. */
const STREAMED: ReadonlySet<TableName> = new Set(["key", "lease"]);
/** The last table, whose rows depend on those of others. */
const LAST: TableName = "meta";

/** From this minor version of etcd 3 on, files say which version their layout has. */
const STORAGE_VERSION_MINOR_MIN = 6;

export async function* completeRows(
  chunks: AsyncIterable<TableChunk>,
  overrides: readonly RowOverride[],
): AsyncGenerator<TableChunk> {
  assert(
    overrides.every((row) => !STREAMED.has(row.table)),
    "tables that are streamed take no overrides",
  );
  const pending = new Map<TableName, RowOverride[]>();
  for (const row of overrides) pending.set(row.table, [...(pending.get(row.table) ?? []), row]);
  if (!pending.has(LAST)) pending.set(LAST, []);
  let clusterVersion: string | undefined;
  let held: Rows | undefined;
  for await (const chunk of chunks) {
    if (held !== undefined && held.table !== chunk.table) {
      yield held.merge(pending.get(held.table) ?? []);
      pending.delete(held.table);
      held = undefined;
    }
    yield* missingBefore(chunk.table, pending);
    if (chunk.table === "cluster") clusterVersion = versionOf(chunk) ?? clusterVersion;
    if (!pending.has(chunk.table)) yield chunk;
    else (held ??= new Rows(chunk.table)).take(chunk);
    if (chunk.table === LAST) addStorageVersion(pending, overridden(overrides) ?? clusterVersion);
  }
  if (held !== undefined) {
    yield held.merge(pending.get(held.table) ?? []);
    pending.delete(held.table);
  }
  if (pending.has(LAST)) addStorageVersion(pending, overridden(overrides) ?? clusterVersion);
  yield* missingBefore(undefined, pending);
}

/** Tables that have overrides and no rows of their own, in order, up to `table`. */
function* missingBefore(
  table: TableName | undefined,
  pending: Map<TableName, RowOverride[]>,
): Generator<TableChunk> {
  const names = [...pending.keys()].filter((name) => table === undefined || name < table).sort();
  for (const name of names) {
    yield new Rows(name).merge(pending.get(name) ?? []);
    pending.delete(name);
  }
}

function addStorageVersion(pending: Map<TableName, RowOverride[]>, clusterVersion: string | undefined): void {
  const rows = pending.get(LAST);
  const [major = 0, minor = 0] = (clusterVersion ?? "").split(".").map(Number);
  const isNamed = rows?.some((row) => text(row.key) === STORAGE_VERSION_ROW) ?? true;
  if (isNamed || clusterVersion === undefined || major !== 3 || minor < STORAGE_VERSION_MINOR_MIN) return;
  rows?.push(textRow(LAST, STORAGE_VERSION_ROW, `${major}.${minor}.0`));
}

function overridden(overrides: readonly RowOverride[]): string | undefined {
  const row = overrides.find((each) => each.table === "cluster" && text(each.key) === CLUSTER_VERSION_ROW);
  return row?.value === undefined ? undefined : text(row.value);
}

function versionOf({ keys, values }: TableChunk): string | undefined {
  const at = keys.findIndex((key) => text(key) === CLUSTER_VERSION_ROW);
  return at < 0 ? undefined : text(values[at]);
}

/** The rows of a small table. */
class Rows {
  readonly table: TableName;
  readonly #rows: [key: Uint8Array, value: Uint8Array][] = [];

  constructor(table: TableName) {
    this.table = table;
  }

  take({ keys, values }: TableChunk): void {
    for (let i = 0; i < keys.length; i++) this.#rows.push([keys[i] as Uint8Array, values[i] as Uint8Array]);
  }

  merge(overrides: readonly RowOverride[]): TableChunk {
    const rows = this.#rows.filter(([key]) => !overrides.some((row) => Buffer.compare(row.key, key) === 0));
    for (const { key, value } of overrides) if (value !== undefined) rows.push([key, value]);
    rows.sort(([a], [b]) => Buffer.compare(a, b));
    return { table: this.table, keys: rows.map(([key]) => key), values: rows.map(([, value]) => value) };
  }
}
