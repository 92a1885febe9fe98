/**
 * HashKV: one number that must be equal on all members at the same revision, whatever each has freed so far. CRC-32C over
 * `key` (the table's name), then key and value of each row in revision order:
 *
 *     main <= C          rows a compaction at C would have kept ... and that are live at the hashed revision
 *     C < main <= rev    all rows
 *
 * Source: reference raft-peers-formats 6.6. Two oddities of it are kept: a tombstone exactly at C is left out (older members
 * delete it), and when no key is live at the hashed revision, all rows that compaction kept count.
 */
import { crc32c } from "@quorate/std";
import type { Engine } from "./engine.js";
import type { KeyIndex } from "./key-index.js";
import { RecordReader } from "./record-codec.js";
import { createRevisionKey, isTombstoneKey, mainOfKey, subOfKey } from "./revision-key.js";
import { findAt } from "./revision-chain.js";
import type { SlotTable } from "./slot-table.js";
import { NO_SLOT, type TableChunk } from "./store-api.js";
import { TABLE_NAMES, tableBounds } from "./table-keys.js";

/** Rows hashed, and keys looked at, per turn. */
const HASH_CHUNK_ROWS = 512;

const encodeName = (name: string): Uint8Array => Uint8Array.from(name, (char) => char.charCodeAt(0));
const TABLE_NAME = encodeName("key");

/** The hash of a store without rows. */
export const HASH_OF_NOTHING: number = crc32c(0, TABLE_NAME);

export interface HashSource {
  readonly engine: Engine;
  readonly index: KeyIndex;
  readonly slots: SlotTable;
  /** Awaited after each chunk of rows or keys. */
  readonly pause: (rowCount: number) => Promise<void>;
}

/**
 * The caller has seen to it that rows up to `revision` are in the engine, and holds a read view at `compactRevision` until
 * this resolves.
 */
export async function hashRevisions(
  source: HashSource,
  revision: number,
  compactRevision: number,
): Promise<number> {
  // Rows at or below C count when they are what their key has at this revision.
  const keepRevision = (await hasLiveKey(source, revision)) ? revision : compactRevision;
  return hashRows(source, { revision, keepRevision, compactRevision });
}

/**
 * What a compaction at `revision` leaves, with C of the compaction before it; called before that one frees anything. It is
 * `hashRevisions` but for one case: the compaction keeps the tombstones at its own revision, and with them in the place of live
 * keys, the rows of keys that are gone do not count.
 */
export async function hashCompacted(
  source: HashSource,
  revision: number,
  compactRevision: number,
): Promise<number> {
  const keepsAny = (await hasTombstone(source, revision)) || (await hasLiveKey(source, revision));
  const keepRevision = keepsAny ? revision : compactRevision;
  return hashRows(source, { revision, keepRevision, compactRevision });
}

interface HashBounds {
  readonly revision: number;
  readonly keepRevision: number;
  readonly compactRevision: number;
}

async function hashRows(
  source: HashSource,
  { revision, keepRevision, compactRevision }: HashBounds,
): Promise<number> {
  const hasher = new RowHasher(source, keepRevision, compactRevision);
  const { from } = tableBounds("key");
  for await (const chunk of source.engine.scan(
    from,
    createRevisionKey(revision + 1, 0, false),
    HASH_CHUNK_ROWS,
  )) {
    for (let i = 0; i < chunk.keys.length; i++) {
      hasher.add(chunk.keys[i] as Uint8Array, chunk.values[i] as Uint8Array);
    }
    await source.pause(chunk.keys.length);
  }
  return hasher.hash;
}

class RowHasher {
  hash: number = crc32c(0, TABLE_NAME);
  readonly #source: HashSource;
  readonly #keepRevision: number;
  readonly #compactRevision: number;
  readonly #reader: RecordReader = new RecordReader();

  constructor(source: HashSource, keepRevision: number, compactRevision: number) {
    this.#source = source;
    this.#keepRevision = keepRevision;
    this.#compactRevision = compactRevision;
  }

  add(key: Uint8Array, record: Uint8Array): void {
    if (mainOfKey(key) <= this.#compactRevision && !this.#isKept(key, record)) return;
    this.hash = crc32c(crc32c(this.hash, key, 1), record);
  }

  #isKept(key: Uint8Array, record: Uint8Array): boolean {
    if (isTombstoneKey(key)) return false;
    const { index, slots } = this.#source;
    this.#reader.read(record);
    const word = index.find(record, this.#reader.keyStart, this.#reader.keyEnd);
    const slot = findAt(slots, word, this.#keepRevision);
    return slot !== NO_SLOT && slots.main(slot) === mainOfKey(key) && slots.sub(slot) === subOfKey(key);
  }
}

/** Whether a key was deleted at exactly `revision`. */
async function hasTombstone(source: HashSource, revision: number): Promise<boolean> {
  const from = createRevisionKey(revision, 0, false);
  const to = createRevisionKey(revision + 1, 0, false);
  for await (const { keys } of source.engine.scan(from, to, HASH_CHUNK_ROWS)) {
    if (keys.some(isTombstoneKey)) return true;
    await source.pause(keys.length);
  }
  return false;
}

async function hasLiveKey(source: HashSource, revision: number): Promise<boolean> {
  let from: Uint8Array | undefined = new Uint8Array(0);
  while (from !== undefined) {
    const start: Uint8Array = from;
    let found = false;
    let seen = 0;
    from = undefined;
    source.index.scan(start, undefined, (word, buffer, keyStart, keyEnd) => {
      found = findAt(source.slots, word, revision) !== NO_SLOT;
      seen += 1;
      if (seen === HASH_CHUNK_ROWS && !found) from = keyAfter(buffer, keyStart, keyEnd);
      return !found && seen < HASH_CHUNK_ROWS;
    });
    if (found) return true;
    await source.pause(seen);
  }
  return false;
}

/** The least key above [start, end). */
function keyAfter(buffer: Uint8Array, start: number, end: number): Uint8Array {
  const key = new Uint8Array(end - start + 1);
  key.set(buffer.subarray(start, end));
  return key;
}

/** Rows of `meta` that differ between healthy members. */
const MEMBER_ROWS: ReadonlySet<string> = new Set(["consistent_index", "term", "storageVersion"]);

/**
 * The checksum over whole tables, in the order of their names: name (of empty ones too), then keys and values. Healthy
 * members may differ while one is behind.
 */
export async function hashTables(
  chunks: AsyncIterable<TableChunk>,
  yieldTurn: () => Promise<void>,
): Promise<number> {
  let hash = 0;
  let namesFed = 0;
  for await (const chunk of chunks) {
    const tableEnd = TABLE_NAMES.indexOf(chunk.table) + 1;
    for (; namesFed < tableEnd; namesFed++) hash = crc32c(hash, encodeName(TABLE_NAMES[namesFed] as string));
    hash = hashTableChunk(hash, chunk);
    await yieldTurn();
  }
  for (; namesFed < TABLE_NAMES.length; namesFed++)
    hash = crc32c(hash, encodeName(TABLE_NAMES[namesFed] as string));
  return hash;
}

function hashTableChunk(hash: number, chunk: TableChunk): number {
  let next = hash;
  for (let i = 0; i < chunk.keys.length; i++) {
    const key = chunk.keys[i] as Uint8Array;
    if (chunk.table === "meta" && MEMBER_ROWS.has(String.fromCharCode(...key.subarray(0, 32)))) continue;
    next = crc32c(crc32c(next, key), chunk.values[i] as Uint8Array);
  }
  return next;
}
