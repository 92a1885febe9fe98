/** The checksum that `etcdutl snapshot status` prints: CRC-32C over names, keys and values of the whole file, in order. */
import { TABLE_NAMES } from "@quorate/machine";
import { crc32c } from "@quorate/std";
import type { DatabaseFile } from "./database-file.js";

export interface DatabaseHash {
  readonly hash: number;
  /** Rows of all tables. */
  readonly rowCount: number;
  /** Rows of `key`: revisions, tombstones included. */
  readonly revisionCount: number;
  /** Main revision of the last row; 0 when there is none. */
  readonly revision: number;
}

/**
 * Tables that etcd does not know, which it would count, are passed over; every table of ours counts as there.
 * @throws CorruptionError
 */
export async function hashDatabaseFile(file: DatabaseFile): Promise<DatabaseHash> {
  let hash = 0;
  let rowCount = 0;
  let revisionCount = 0;
  let lastKey: Uint8Array | undefined;
  let named = 0;
  for await (const { table, keys, values } of file.rows()) {
    for (const end = TABLE_NAMES.indexOf(table); named <= end; named++) hash = crc32c(hash, nameAt(named));
    for (const [i, key] of keys.entries()) {
      hash = crc32c(crc32c(hash, key), values[i] as Uint8Array);
    }
    rowCount += keys.length;
    if (table !== "key") continue;
    revisionCount += keys.length;
    lastKey = keys.at(-1);
  }
  for (; named < TABLE_NAMES.length; named++) hash = crc32c(hash, nameAt(named));
  const revision = lastKey === undefined ? 0 : Number(Buffer.from(lastKey).readBigUInt64BE());
  return { hash, rowCount, revisionCount, revision };
}

function nameAt(position: number): Uint8Array {
  return Buffer.from(TABLE_NAMES[position] as string);
}
