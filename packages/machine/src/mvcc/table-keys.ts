/**
 * Where the tables live in the engine's one ordered space: a row's key is one byte that names its table, then the key in
 * the table. The bytes ascend with the names, so that one scan of the engine meets the tables in the order of a bbolt file.
 */
import { CorruptionError } from "./corruption-error.js";
import type { TableName } from "./store-api.js";

export const TABLE_NAMES: readonly TableName[] = [
  "alarm",
  "auth",
  "authRoles",
  "authUsers",
  "cluster",
  "key",
  "lease",
  "members",
  "members_removed",
  "meta",
];

/** Room between the bytes, for a table that a later release may need between two of today's. */
const PREFIX_STEP = 8;

const prefixes: Readonly<Record<string, number>> = Object.fromEntries(
  TABLE_NAMES.map((name, position) => [name, (position + 1) * PREFIX_STEP]),
);

/** The first byte of every engine key of `table`. */
export function tablePrefix(table: TableName): number {
  return prefixes[table] as number;
}

/** The table an engine key belongs to; throws `CorruptionError` for a prefix of no table. */
export function tableOfPrefix(prefix: number | undefined): TableName {
  const table = prefix === undefined ? undefined : TABLE_NAMES[prefix / PREFIX_STEP - 1];
  if (table === undefined)
    throw new CorruptionError(`engine row with unknown table prefix ${String(prefix)}`);
  return table;
}

/** The engine key of a row. */
export function tableKey(table: TableName, key: Uint8Array): Uint8Array {
  const out = new Uint8Array(key.length + 1);
  out[0] = tablePrefix(table);
  out.set(key, 1);
  return out;
}

/** The bounds [from, to) of a table in the engine. */
export function tableBounds(table: TableName): { from: Uint8Array; to: Uint8Array } {
  const prefix = tablePrefix(table);
  return { from: Uint8Array.of(prefix), to: Uint8Array.of(prefix + 1) };
}
