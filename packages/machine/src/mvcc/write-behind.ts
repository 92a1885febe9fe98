/**
 * Between the state in memory and the engine: gathers the changes of applied entries on a tape, and hands them over as
 * large atomic batches in order, one in flight while the next gathers.
 *
 *     tape:  row slot | row slot | raw | end(index, term, position, revision) | delete(main, sub, t) | end(...) | ...
 *            `------------- entry 7 ---------------------------------------'
 *
 * A batch is cut only behind an `end`: an entry's changes and the index that says they were made reach the engine together
 * or not at all. The tape holds numbers; keys and views for the engine are made when a batch is cut.
 *
 * Limits: `batchRowsMax` and `batchBytesMax` end a batch at the next entry; `unwrittenBytesMax` raises `overFull`, which the
 * caller answers by waiting for `drained`.
 */
import { assert } from "@quorate/std";
import type { Engine } from "./engine.js";
import { NumberQueue } from "./number-queue.js";
import type { RecordCache } from "./record-cache.js";
import {
  createRevisionKey,
  REVISION_KEY_SIZE,
  TOMBSTONE_KEY_SIZE,
  writeRevisionKey,
  writeUint64,
} from "./revision-key.js";
import type { SlotTable } from "./slot-table.js";
import { tableKey } from "./table-keys.js";
import type { Slot } from "./store-api.js";

const OP_RAW = -1;
const OP_END = -2;
const OP_DELETE = -3;

/** What one row costs the engine beyond its bytes, roughly; keeps many small rows from hiding below a limit of bytes. */
const ROW_OVERHEAD_BYTES = 32;
const KEYS_CHUNK_BYTES: number = 64 * 1024;

const encodeName = (name: string): Uint8Array => Uint8Array.from(name, (char) => char.charCodeAt(0));
export const CONSISTENT_INDEX_KEY: Uint8Array = tableKey("meta", encodeName("consistent_index"));
export const TERM_KEY: Uint8Array = tableKey("meta", encodeName("term"));
export const SCHEDULED_COMPACT_KEY: Uint8Array = tableKey("meta", encodeName("scheduledCompactRev"));
export const FINISHED_COMPACT_KEY: Uint8Array = tableKey("meta", encodeName("finishedCompactRev"));

/** How far the entries of the tape reach. */
export interface Progress {
  readonly index: number;
  readonly term: number;
  readonly revision: number;
}

export interface WriteBehindLimits {
  readonly batchRowsMax: number;
  readonly batchBytesMax: number;
  readonly unwrittenBytesMax: number;
}

interface Batch {
  readonly keys: Uint8Array[];
  readonly values: (Uint8Array | undefined)[];
  bytes: number;
  /** Entries (and steps of compaction) in it. */
  ends: number;
  index: number;
  term: number;
  position: number;
  revision: number;
}

export class WriteBehind {
  readonly #engine: Engine;
  readonly #slots: SlotTable;
  readonly #cache: RecordCache;
  readonly #limits: WriteBehindLimits;
  readonly #tape: NumberQueue = new NumberQueue();
  #rawKeys: Uint8Array[] = [];
  #rawValues: (Uint8Array | undefined)[] = [];
  #rawRead = 0;

  /** The entry whose end was pushed last; what follows it on the tape is not complete yet. */
  #gathered: Progress;
  #ended = true;
  #endsGathered = 0;
  #endsWritten = 0;
  #handedRevision: number;
  #persistedIndex: number;
  #persistedTerm: number;
  #unwrittenBytes = 0;
  #inFlight: Promise<void> | undefined = undefined;
  #failure: Error | undefined = undefined;
  #drainWaiters: (() => void)[] = [];

  constructor(
    engine: Engine,
    slots: SlotTable,
    cache: RecordCache,
    limits: WriteBehindLimits,
    start: Progress,
  ) {
    this.#engine = engine;
    this.#slots = slots;
    this.#cache = cache;
    this.#limits = limits;
    this.#gathered = start;
    this.#handedRevision = start.revision;
    this.#persistedIndex = start.index;
    this.#persistedTerm = start.term;
  }

  get persistedIndex(): number {
    return this.#persistedIndex;
  }

  /** Every row up to this revision has been handed to the engine: what is deleted now is deleted after it was written. */
  get handedRevision(): number {
    return this.#handedRevision;
  }

  get unwrittenBytes(): number {
    return this.#unwrittenBytes;
  }

  get overFull(): boolean {
    return this.#unwrittenBytes > this.#limits.unwrittenBytesMax;
  }

  /** Resolves once `overFull` is false; rejects when the engine has failed. */
  async drained(): Promise<void> {
    while (this.overFull) {
      this.#throwFailure();
      await new Promise<void>((resolve) => this.#drainWaiters.push(resolve));
    }
    this.#throwFailure();
  }

  /** Gathers the row of a new revision; its record is in the cache. */
  addRow(slot: Slot): void {
    this.#tape.push(slot);
    this.#ended = false;
    this.#unwrittenBytes += REVISION_KEY_SIZE + this.#slots.recordSize(slot) + ROW_OVERHEAD_BYTES;
  }

  /** Gathers a row by its engine key; undefined deletes. The buffers must not change any more. */
  addRaw(key: Uint8Array, value: Uint8Array | undefined): void {
    this.#rawKeys.push(key);
    this.#rawValues.push(value);
    this.#tape.push(OP_RAW);
    this.#ended = false;
    this.#unwrittenBytes += key.length + (value?.length ?? 0) + ROW_OVERHEAD_BYTES;
  }

  /** Gathers the deletion of a revision's row. */
  addDelete(main: number, sub: number, tombstone: boolean): void {
    this.#tape.push(OP_DELETE);
    this.#tape.push(main);
    this.#tape.push(sub);
    this.#tape.push(tombstone ? 1 : 0);
    this.#ended = false;
    this.#unwrittenBytes += REVISION_KEY_SIZE + ROW_OVERHEAD_BYTES;
  }

  /** Ends an entry (or a step of compaction, which ends no further than the last entry). */
  addEnd(progress: Progress): void {
    assert(progress.index >= this.#gathered.index, "consistent index went back");
    if (this.#ended && progress.index === this.#gathered.index) return;
    this.#tape.push(OP_END);
    this.#tape.push(progress.index);
    this.#tape.push(progress.term);
    this.#tape.push(this.#cache.endPosition);
    this.#tape.push(progress.revision);
    this.#gathered = progress;
    this.#ended = true;
    this.#endsGathered += 1;
  }

  /** Starts a batch unless one is in flight or nothing is gathered. @returns its promise, rejected once the engine has failed. */
  pump(): Promise<void> | undefined {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#inFlight !== undefined || this.#tape.length === 0) return undefined;
    assert(this.#ended, "pump within a transaction");
    const batch = this.#cutBatch();
    const promise = this.#write(batch);
    this.#inFlight = promise;
    return promise;
  }

  async #write(batch: Batch): Promise<void> {
    try {
      await this.#engine.write(batch.keys, batch.values);
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error("engine write failed", { cause: error });
      this.#wakeDrainWaiters();
      throw this.#failure;
    } finally {
      this.#inFlight = undefined;
    }
    this.#persistedIndex = batch.index;
    this.#persistedTerm = batch.term;
    this.#unwrittenBytes -= batch.bytes;
    this.#endsWritten += batch.ends;
    this.#cache.setWritten(batch.position);
    if (!this.overFull) this.#wakeDrainWaiters();
  }

  #wakeDrainWaiters(): void {
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const wake of waiters) wake();
  }

  /** Resolves once everything gathered before the call is in the engine. */
  async flushPending(): Promise<void> {
    const target = this.#endsGathered;
    while (this.#endsWritten < target) await (this.#inFlight ?? this.pump());
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Takes whole entries off the tape until it is empty or a limit is reached. */
  #cutBatch(): Batch {
    const batch: Batch = {
      keys: [],
      values: [],
      bytes: 0,
      ends: 0,
      index: 0,
      term: 0,
      position: 0,
      revision: 0,
    };
    const keys = new RowKeys();
    const tape = this.#tape;
    do {
      this.#takeEntry(batch, keys);
    } while (
      tape.length > 0 &&
      batch.keys.length < this.#limits.batchRowsMax &&
      batch.bytes < this.#limits.batchBytesMax
    );
    this.#handedRevision = batch.revision;
    if (batch.index !== this.#persistedIndex) addNumberRow(batch, CONSISTENT_INDEX_KEY, batch.index);
    if (batch.term !== this.#persistedTerm) addNumberRow(batch, TERM_KEY, batch.term);
    return batch;
  }

  #takeEntry(batch: Batch, keys: RowKeys): void {
    const tape = this.#tape;
    for (;;) {
      const op = tape.shift();
      if (op >= 0) {
        this.#takeRow(batch, keys, op);
      } else if (op === OP_RAW) {
        this.#takeRaw(batch);
      } else if (op === OP_DELETE) {
        batch.keys.push(createRevisionKey(tape.shift(), tape.shift(), tape.shift() === 1));
        batch.values.push(undefined);
        batch.bytes += REVISION_KEY_SIZE + ROW_OVERHEAD_BYTES;
      } else {
        batch.index = tape.shift();
        batch.term = tape.shift();
        batch.position = tape.shift();
        batch.revision = tape.shift();
        batch.ends += 1;
        return;
      }
    }
  }

  #takeRow(batch: Batch, keys: RowKeys, slot: Slot): void {
    const slots = this.#slots;
    const size = slots.recordSize(slot);
    batch.keys.push(keys.create(slots.main(slot), slots.sub(slot), slots.isTombstone(slot)));
    batch.values.push(this.#cache.viewUnwritten(slots.position(slot), size));
    batch.bytes += REVISION_KEY_SIZE + size + ROW_OVERHEAD_BYTES;
  }

  #takeRaw(batch: Batch): void {
    const key = this.#rawKeys[this.#rawRead] as Uint8Array;
    const value = this.#rawValues[this.#rawRead];
    this.#rawRead += 1;
    if (this.#rawRead * 2 >= this.#rawKeys.length) {
      this.#rawKeys = this.#rawKeys.slice(this.#rawRead);
      this.#rawValues = this.#rawValues.slice(this.#rawRead);
      this.#rawRead = 0;
    }
    batch.keys.push(key);
    batch.values.push(value);
    batch.bytes += key.length + (value?.length ?? 0) + ROW_OVERHEAD_BYTES;
  }
}

function addNumberRow(batch: Batch, key: Uint8Array, value: number): void {
  const bytes = new Uint8Array(8);
  writeUint64(bytes, 0, value);
  batch.keys.push(key);
  batch.values.push(bytes);
}

/** Makes the keys of a batch in shared buffers: one allocation per thousands of keys. */
class RowKeys {
  #buffer: Uint8Array = new Uint8Array(0);
  #at = 0;

  create(main: number, sub: number, tombstone: boolean): Uint8Array {
    if (this.#at + TOMBSTONE_KEY_SIZE > this.#buffer.length) {
      this.#buffer = new Uint8Array(KEYS_CHUNK_BYTES);
      this.#at = 0;
    }
    const start = this.#at;
    this.#at = writeRevisionKey(this.#buffer, start, main, sub, tombstone);
    return this.#buffer.subarray(start, this.#at);
  }
}
