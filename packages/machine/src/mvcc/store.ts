/**
 * The multi-version store: every revision of every key since the last compaction, found in memory, kept in the engine.
 *
 *        put, delete                        find, scan, count          record, load
 *             |                                    |                        |
 *     +-------v------------------------------------v------+        +--------v---------+
 *     | KeyIndex: key -> head slot                        |        | RecordCache      |
 *     | SlotTable: slot -> numbers, previous slot of key  |------->| slot -> bytes    |
 *     +---+------------------------------------+----------+        +--------+---------+
 *         | superseding revisions              | new rows                   | misses
 *     +---v--------+   deletes   +-------------v-----+    batches   +-------v---------+
 *     | Compactor  |------------>| WriteBehind       |------------->| Engine          |
 *     +------------+             +-------------------+              +-----------------+
 *
 * A transaction runs within one synchronous turn and is never undone: apply checks first, then writes. It is durable by the
 * log; the engine follows behind, and the log may be trimmed behind `durableIndex`. One thread, no timers: the member calls
 * `pump` and `compactStep` when it has time.
 */
import { assert } from "@quorate/std";
import { CompactionHashes } from "./compaction-hashes.js";
import { Compactor } from "./compactor.js";
import type { Engine } from "./engine.js";
import { HASH_OF_NOTHING, hashCompacted, hashRevisions, type HashSource, hashTables } from "./hash-kv.js";
import { ABSENT, KeyIndex } from "./key-index.js";
import { ReadViews } from "./read-views.js";
import { RecordCache } from "./record-cache.js";
import {
  RECORD_OVERHEAD_MAX,
  writeRecordKey,
  writeRecordRevisions,
  writeRecordValue,
} from "./record-codec.js";
import { loadRecords } from "./record-loader.js";
import { loadProgress, restoreRevisions } from "./restore.js";
import { findAt } from "./revision-chain.js";
import { REVISION_KEY_SIZE } from "./revision-key.js";
import { SlotTable } from "./slot-table.js";
import type {
  HashKvResult,
  KvHash,
  ReadView,
  ScanVisitor,
  Slot,
  StoreDriver,
  StoreWrites,
  TableChunk,
  TableName,
} from "./store-api.js";
import { NO_SLOT } from "./store-api.js";
import {
  CACHE_BYTES_MAX,
  type StoreOptions,
  type StoreStatistics,
  writeBehindLimits,
} from "./store-options.js";
import { tableKey } from "./table-keys.js";
import { scanAllTables, scanRevisions, scanTable } from "./table-rows.js";
import { type Progress, WriteBehind } from "./write-behind.js";

/** R of a store that was never written. */
const FIRST_REVISION = 1;
/** Room for the slots of one transaction at first. */
const CHANGES_COUNT = 64;
/** More room than this, left by a large transaction, is given back at its end. */
const CHANGES_KEPT_COUNT: number = 64 * 1024;

/** What `Store.open` has found in the engine. */
interface StoreState {
  readonly slots: SlotTable;
  readonly index: KeyIndex;
  readonly compactor: Compactor;
  readonly progress: Progress;
}

export class Store implements StoreWrites, StoreDriver {
  readonly #engine: Engine;
  readonly #options: StoreOptions;
  readonly #slots: SlotTable;
  readonly #index: KeyIndex;
  readonly #compactor: Compactor;
  readonly #cache: RecordCache;
  readonly #writer: WriteBehind;
  readonly #views: ReadViews = new ReadViews();
  readonly #compactionHashes: CompactionHashes = new CompactionHashes();

  #revision: number;
  #consistentIndex: number;
  #consistentTerm: number;
  #durableIndex: number;

  /** The open transaction: its place in the log, its main revision, and the slots it made so far. */
  #isOpen = false;
  #openIndex = 0;
  #openTerm = 0;
  #main = 0;
  #sub = 0;
  #changes: Int32Array = new Int32Array(CHANGES_COUNT);

  private constructor(engine: Engine, options: StoreOptions, state: StoreState) {
    this.#engine = engine;
    this.#options = options;
    this.#slots = state.slots;
    this.#index = state.index;
    this.#compactor = state.compactor;
    this.#revision = state.progress.revision;
    this.#consistentIndex = this.#durableIndex = state.progress.index;
    this.#consistentTerm = state.progress.term;
    this.#cache = new RecordCache(options.cacheBytesMax ?? CACHE_BYTES_MAX);
    this.#writer = new WriteBehind(
      engine,
      this.#slots,
      this.#cache,
      writeBehindLimits(options),
      state.progress,
    );
  }

  /**
   * Rebuilds the index from the engine's rows (all of which must be readable; nothing else may write to it from now on).
   * Flushes the engine first, so that what is found there is also durable. A compaction that had not finished goes on with
   * the next `compactStep`. Throws `CorruptionError` on impossible rows.
   */
  static async open(engine: Engine, options: StoreOptions): Promise<Store> {
    await engine.flush();
    const stored = await loadProgress(engine);
    const slots = new SlotTable();
    const index = new KeyIndex();
    const compactor = new Compactor({ slots, index });
    compactor.restore(stored.scheduledCompactRevision, stored.finishedCompactRevision);
    const lastMain = await restoreRevisions(engine, { slots, index, compactor }, options.yieldTurn);
    // The newest rows may have been tombstones that compaction freed: R never goes back all the same.
    const revision = Math.max(lastMain, compactor.revision, FIRST_REVISION);
    const progress = { index: stored.index, term: stored.term, revision };
    return new Store(engine, options, { slots, index, compactor, progress });
  }

  // Reads

  get revision(): number {
    return this.#revision;
  }

  get compactRevision(): number {
    return this.#compactor.revision;
  }

  find(buffer: Uint8Array, start: number, end: number, atRevision: number): Slot {
    return findAt(this.#slots, this.#index.find(buffer, start, end), atRevision);
  }

  scan(from: Uint8Array, to: Uint8Array | undefined, atRevision: number, visit: ScanVisitor): void {
    const slots = this.#slots;
    this.#index.scan(from, to, (word, buffer, start, end) => {
      const slot = findAt(slots, word, atRevision);
      return slot === NO_SLOT || visit(slot, buffer, start, end);
    });
  }

  countLatest(from: Uint8Array, to: Uint8Array | undefined): number {
    return this.#index.countLive(from, to);
  }

  mainOf(slot: Slot): number {
    return this.#slots.main(slot);
  }

  subOf(slot: Slot): number {
    return this.#slots.sub(slot);
  }

  createRevisionOf(slot: Slot): number {
    return this.#slots.createRevision(slot);
  }

  versionOf(slot: Slot): number {
    return this.#slots.version(slot);
  }

  leaseOf(slot: Slot): bigint {
    return this.#slots.lease(slot);
  }

  isTombstone(slot: Slot): boolean {
    return this.#slots.isTombstone(slot);
  }

  previousOf(slot: Slot): Slot {
    return this.#slots.previous(slot);
  }

  recordSizeOf(slot: Slot): number {
    return this.#slots.recordSize(slot);
  }

  record(slot: Slot): Uint8Array | undefined {
    return this.#cache.view(this.#slots.position(slot), this.#slots.recordSize(slot));
  }

  copyRecord(slot: Slot, target: Uint8Array, at: number): boolean {
    return this.#cache.copy(this.#slots.position(slot), this.#slots.recordSize(slot), target, at);
  }

  load(slots: ArrayLike<Slot>): Promise<Uint8Array[]> {
    return loadRecords({ engine: this.#engine, slots: this.#slots, cache: this.#cache }, slots);
  }

  openReadView(revision: number): ReadView {
    assert(revision >= this.compactRevision, "read view below the compacted revision");
    return this.#views.open(revision);
  }

  /** Whether a read that spans turns is under way. */
  get hasOpenViews(): boolean {
    return !this.#views.isEmpty;
  }

  // Writes

  get consistentIndex(): number {
    return this.#consistentIndex;
  }

  get consistentTerm(): number {
    return this.#consistentTerm;
  }

  get changed(): boolean {
    return this.#sub > 0;
  }

  begin(index: number, term: number): void {
    assert(!this.#isOpen, "transaction within a transaction");
    if (index <= this.#consistentIndex) {
      assert(false, `entry ${String(index)} applied after ${String(this.#consistentIndex)}`);
    }
    this.#isOpen = true;
    this.#openIndex = index;
    this.#openTerm = term;
    this.#main = this.#revision + 1;
    this.#sub = 0;
  }

  put(kb: Uint8Array, ks: number, ke: number, vb: Uint8Array, vs: number, ve: number, lease: bigint): Slot {
    assert(this.#isOpen, "put outside a transaction");
    const slots = this.#slots;
    const main = this.#main;
    const word = this.#index.seek(kb, ks, ke);
    let create = main;
    let version = 1;
    let previous = NO_SLOT;
    if (word >= 0) {
      previous = word;
      create = slots.createRevision(word);
      version = slots.version(word) + 1;
    } else if (word !== ABSENT) {
      previous = ~word;
    }
    const slot = slots.addPut(main, this.#sub, previous, create, version, lease);
    this.#setHead(word, kb, ks, ke, slot);
    if (word >= 0) this.#compactor.addPut(slot);
    else if (previous !== NO_SLOT) slots.setSuccessor(previous, slot);

    const at = this.#cache.reserve(ke - ks + (ve - vs) + RECORD_OVERHEAD_MAX);
    const page = this.#cache.openPage;
    let end = writeRecordKey(page, at, kb, ks, ke);
    end = writeRecordRevisions(page, end, create, main, version);
    end = writeRecordValue(page, end, vb, vs, ve, lease);
    this.#addChange(slot, end - at);
    return slot;
  }

  delete(buffer: Uint8Array, start: number, end: number): Slot {
    assert(this.#isOpen, "delete outside a transaction");
    const live = this.#index.seek(buffer, start, end);
    if (live < 0) return NO_SLOT;
    const slot = this.#slots.addTombstone(this.#main, this.#sub, live);
    this.#index.setHead(slot, false);
    this.#compactor.addTombstone(slot, buffer, start, end);
    const at = this.#cache.reserve(end - start + RECORD_OVERHEAD_MAX);
    this.#addChange(slot, writeRecordKey(this.#cache.openPage, at, buffer, start, end) - at);
    return live;
  }

  #setHead(word: number, key: Uint8Array, start: number, end: number, slot: Slot): void {
    if (word === ABSENT) this.#index.insert(key, start, end, slot, true);
    else this.#index.setHead(slot, true);
  }

  #addChange(slot: Slot, recordSize: number): void {
    this.#slots.setRecord(slot, this.#cache.commit(recordSize), recordSize);
    this.#writer.addRow(slot);
    if (this.#sub === this.#changes.length) {
      const grown = new Int32Array(this.#changes.length * 2);
      grown.set(this.#changes);
      this.#changes = grown;
    }
    this.#changes[this.#sub] = slot;
    this.#sub += 1;
  }

  setRow(table: TableName, key: Uint8Array, value: Uint8Array | undefined): void {
    assert(this.#isOpen, "setRow outside a transaction");
    assert(table !== "key", "revisions are written by put and delete");
    this.#writer.addRaw(tableKey(table, key), value?.slice());
  }

  compact(revision: number): "compacted" | "future-revision" | undefined {
    assert(this.#isOpen, "compact outside a transaction");
    if (revision <= this.#compactor.revision) return "compacted";
    if (revision > this.#revision) return "future-revision";
    if (this.#options.hashCompactions === true)
      this.#compactionHashes.prepare(this.#compactor, revision, this.#views);
    this.#compactor.schedule(revision, this.#writer);
    return undefined;
  }

  end(): number {
    assert(this.#isOpen, "end outside a transaction");
    this.#isOpen = false;
    this.#consistentIndex = this.#openIndex;
    this.#consistentTerm = this.#openTerm;
    const count = this.#sub;
    if (count > 0) this.#revision = this.#main;
    this.#sub = 0;
    this.#writer.addEnd(this.#progress());
    if (count > 0) this.#options.onCommit?.(this.#revision, this.#changes, count);
    if (this.#changes.length > CHANGES_KEPT_COUNT) this.#changes = new Int32Array(CHANGES_COUNT);
    return this.#revision;
  }

  #progress(): Progress {
    return { index: this.#consistentIndex, term: this.#consistentTerm, revision: this.#revision };
  }

  // Driving

  get persistedIndex(): number {
    return this.#writer.persistedIndex;
  }

  get durableIndex(): number {
    return this.#durableIndex;
  }

  pump(): Promise<void> | undefined {
    assert(!this.#isOpen, "pump within a transaction");
    return this.#writer.pump();
  }

  flushPending(): Promise<void> {
    return this.#writer.flushPending();
  }

  async flushDurable(): Promise<void> {
    await this.#writer.flushPending();
    const persisted = this.#writer.persistedIndex;
    await this.#engine.flush();
    this.#durableIndex = Math.max(this.#durableIndex, persisted);
  }

  get needsBackpressure(): boolean {
    return this.#writer.overFull;
  }

  drained(): Promise<void> {
    return this.#writer.drained();
  }

  compactStep(budgetCount: number): boolean {
    assert(!this.#isOpen, "compactStep within a transaction");
    const bound = Math.min(this.#compactor.revision, this.#views.oldest, this.#writer.handedRevision);
    const more = this.#compactor.step(budgetCount, bound, this.#writer);
    this.#writer.addEnd(this.#progress());
    return more;
  }

  get finishedCompactRevision(): number {
    return this.#compactor.finished;
  }

  async whenCompacted(revision: number): Promise<void> {
    await this.#compactor.whenFinished(revision);
    await this.#writer.flushPending();
  }

  // Checksums and rows

  async hashKv(revision: number): Promise<HashKvResult> {
    // Without a revision the present state is meant, not what a compaction left.
    const remembered = revision === 0 ? undefined : this.#compactionHashes.find(revision);
    if (remembered !== undefined) return remembered;
    const at = revision === 0 ? this.#revision : revision;
    const compactRevision = this.#compactor.revision;
    // Below zero there is nothing: etcd answers with the hash of that, whatever was compacted.
    if (at < 0) return { kind: "hash", hash: HASH_OF_NOTHING, revision: at, compactRevision };
    if (at < compactRevision) return { kind: "compacted" };
    if (at > this.#revision) return { kind: "future-revision" };
    const view = this.#views.open(compactRevision);
    try {
      await this.#writer.flushPending();
      const hash = await hashRevisions(this.#hashSource(), at, compactRevision);
      return { kind: "hash", hash, revision: at, compactRevision };
    } finally {
      view.release();
    }
  }

  get compactionHashes(): readonly KvHash[] {
    return this.#compactionHashes.all;
  }

  hashCompaction(pause?: (rowCount: number) => Promise<void>): Promise<KvHash> | undefined {
    return this.#compactionHashes.run(async (revision, compactRevision) => {
      await this.#writer.flushPending();
      const source = this.#hashSource();
      return hashCompacted({ ...source, pause: pause ?? source.pause }, revision, compactRevision);
    });
  }

  #hashSource(): HashSource {
    return {
      engine: this.#engine,
      index: this.#index,
      slots: this.#slots,
      pause: this.#options.yieldTurn,
    };
  }

  async hashAll(): Promise<number> {
    return hashTables(this.allRows(), this.#options.yieldTurn);
  }

  async *rows(table: TableName): AsyncGenerator<TableChunk> {
    await this.#writer.flushPending();
    yield* scanTable(this.#engine, table);
  }

  async *history(fromRevision: number, toRevision: number): AsyncGenerator<TableChunk> {
    await this.#writer.flushPending();
    yield* scanRevisions(this.#engine, fromRevision, toRevision);
  }

  async *allRows(): AsyncGenerator<TableChunk> {
    await this.#writer.flushPending();
    yield* scanAllTables(this.#engine);
  }

  /** Sizes, for metrics and tests. */
  get statistics(): StoreStatistics {
    return {
      keyCount: this.#index.keyCount,
      liveKeyCount: this.#index.liveCount,
      revisionCount: this.#slots.usedCount,
      revisionBytes: this.#slots.recordBytes + this.#slots.usedCount * REVISION_KEY_SIZE,
      cacheBytes: this.#cache.bytesHeld,
      unwrittenBytes: this.#writer.unwrittenBytes,
    };
  }
}
