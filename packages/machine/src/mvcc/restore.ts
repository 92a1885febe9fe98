/**
 * Rebuilds the state in memory from the engine's rows, in revision order, in chunks. What the rows say of themselves is
 * checked: a store that opens has a sound history, one that does not names the first row that cannot be true.
 */
import type { Compactor } from "./compactor.js";
import { CorruptionError } from "./corruption-error.js";
import type { Engine } from "./engine.js";
import { ABSENT, type KeyIndex } from "./key-index.js";
import { RecordReader } from "./record-codec.js";
import {
  checkRevisionKey,
  formatHex,
  isTombstoneKey,
  mainOfKey,
  parseMetaRevision,
  readUint64,
  subOfKey,
} from "./revision-key.js";
import { NO_POSITION, type SlotTable } from "./slot-table.js";
import { NO_SLOT, type Slot } from "./store-api.js";
import { tableBounds } from "./table-keys.js";
import {
  CONSISTENT_INDEX_KEY,
  FINISHED_COMPACT_KEY,
  SCHEDULED_COMPACT_KEY,
  TERM_KEY,
} from "./write-behind.js";

/** Rows per turn: about a millisecond of work. */
const RESTORE_CHUNK_ROWS = 512;

/** What the `meta` table says about the store itself. */
export interface StoredProgress {
  readonly index: number;
  readonly term: number;
  readonly scheduledCompactRevision: number;
  readonly finishedCompactRevision: number;
}

export async function loadProgress(engine: Engine): Promise<StoredProgress> {
  const [index, term, scheduled, finished] = await engine.getMany([
    CONSISTENT_INDEX_KEY,
    TERM_KEY,
    SCHEDULED_COMPACT_KEY,
    FINISHED_COMPACT_KEY,
  ]);
  return {
    index: index === undefined ? 0 : parseCounter(index, "consistent_index"),
    term: term === undefined ? 0 : parseCounter(term, "term"),
    scheduledCompactRevision:
      scheduled === undefined ? -1 : parseMetaRevision(scheduled, "scheduledCompactRev"),
    finishedCompactRevision: finished === undefined ? -1 : parseMetaRevision(finished, "finishedCompactRev"),
  };
}

function parseCounter(bytes: Uint8Array, what: string): number {
  if (bytes.length !== 8) throw new CorruptionError(`${what}: not 8 bytes: ${formatHex(bytes)}`);
  return readUint64(bytes, 0, what);
}

/** The structures that a restore fills. */
export interface RestoreTarget {
  readonly slots: SlotTable;
  readonly index: KeyIndex;
  readonly compactor: Compactor;
}

/**
 * @param yieldTurn awaited between chunks, so that opening a large store does not silence the process.
 * @returns the main revision of the last row, 0 when there is none.
 */
export async function restoreRevisions(
  engine: Engine,
  target: RestoreTarget,
  yieldTurn: () => Promise<void>,
): Promise<number> {
  const { from, to } = tableBounds("key");
  const restorer = new Restorer(target);
  for await (const chunk of engine.scan(from, to, RESTORE_CHUNK_ROWS)) {
    for (let i = 0; i < chunk.keys.length; i++) {
      restorer.add(chunk.keys[i] as Uint8Array, chunk.values[i] as Uint8Array);
    }
    await yieldTurn();
  }
  return restorer.lastMain;
}

class Restorer {
  lastMain = 0;
  readonly #slots: SlotTable;
  readonly #index: KeyIndex;
  readonly #compactor: Compactor;
  readonly #reader: RecordReader = new RecordReader();

  constructor(target: RestoreTarget) {
    this.#slots = target.slots;
    this.#index = target.index;
    this.#compactor = target.compactor;
  }

  add(key: Uint8Array, record: Uint8Array): void {
    checkRevisionKey(key);
    const main = mainOfKey(key);
    const sub = subOfKey(key);
    const tombstone = isTombstoneKey(key);
    this.#read(key, record, main, tombstone);
    const { keyStart, keyEnd } = this.#reader;
    const word = this.#index.seek(record, keyStart, keyEnd);
    const previous = word === ABSENT ? NO_SLOT : word >= 0 ? word : ~word;
    const slot = tombstone
      ? this.#slots.addTombstone(main, sub, previous)
      : this.#addPut(main, sub, previous);
    this.#slots.setRecord(slot, NO_POSITION, record.length);
    if (word === ABSENT) this.#index.insert(record, keyStart, keyEnd, slot, !tombstone);
    else this.#index.setHead(slot, !tombstone);
    if (word < 0 && previous !== NO_SLOT) this.#slots.setSuccessor(previous, slot);
    if (tombstone) this.#compactor.addTombstone(slot, record, keyStart, keyEnd);
    else if (word >= 0) this.#compactor.addPut(slot);
    this.lastMain = main;
  }

  #addPut(main: number, sub: number, previous: Slot): Slot {
    const reader = this.#reader;
    return this.#slots.addPut(main, sub, previous, reader.createRevision, reader.version, reader.lease);
  }

  /**
   * A put's record names its own revision. The one exception is the empty row that `etcdutl snapshot restore
   * --bump-revision` adds: it counts as a put of the empty key, which no interval of a client contains.
   */
  #read(key: Uint8Array, record: Uint8Array, main: number, tombstone: boolean): void {
    try {
      this.#reader.read(record);
    } catch (error) {
      throw new CorruptionError(`revision ${formatHex(key)}: no KeyValue: ${formatHex(record)}`, {
        cause: error,
      });
    }
    if (tombstone || record.length === 0 || this.#reader.modRevision === main) return;
    throw new CorruptionError(
      `revision ${formatHex(key)}: its record says revision ${String(this.#reader.modRevision)}`,
    );
  }
}
