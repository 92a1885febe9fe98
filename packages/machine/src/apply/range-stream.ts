/**
 * RangeStream: a range answered in chunks that grow and shrink with the size of what they carry. Each chunk is a read of its
 * own at the revision of the first one, so nothing is held while the client takes its time; a compaction that passes that
 * revision meanwhile ends the stream. Source: kv-watch-lease 2.7.
 */
import type { StoreReads } from "../mvcc/store-api.js";
import { RangeRun, answersFromIndex } from "./range-run.js";
import type { RefusalCode } from "./refusal.js";
import type { Turns } from "./turn-sort.js";
import { PartsWriter } from "./wire/parts-writer.js";
import { RangeView } from "./wire/request-views.js";

const FIRST_CHUNK_KEYS = 10;
const KEYS_PER_TURN = 4096;
const TAG_KVS = 0x12;
const TAG_MORE = 0x18;
const TAG_COUNT = 0x20;

/** One RangeResponse without its header; the last one is sent with a header of revision `headerRevision`. */
export interface RangeChunk {
  readonly last: boolean;
  readonly headerRevision: number;
  readonly parts: readonly Uint8Array[];
}

export interface RangeStreamOptions {
  readonly store: StoreReads;
  readonly turns: Turns;
  /** T: chunks smaller than half of it grow, those larger than twice shrink. */
  readonly chunkBytesTarget: number;
}

export class RangeStream {
  readonly #options: RangeStreamOptions;
  readonly #range = new RangeView();
  readonly #pinned: number;
  readonly #headerRevision: number;
  readonly #limit: number;
  #chunkKeys: number;
  #sentKeys = 0;

  /** Pins the newest revision unless the request names one. The bytes behind `range` must stay as they are. */
  constructor(range: RangeView, options: RangeStreamOptions) {
    this.#options = options;
    Object.assign(this.#range, range);
    this.#headerRevision = options.store.revision;
    this.#pinned = range.revision > 0 ? range.revision : this.#headerRevision;
    this.#limit = range.limit > 0 ? range.limit : Infinity;
    this.#chunkKeys = Math.min(FIRST_CHUNK_KEYS, this.#limit);
  }

  /** The next chunk; not to be called after the last one or a refusal. */
  async next(): Promise<RangeChunk | RefusalCode> {
    const { store } = this.#options;
    if (this.#pinned > store.revision) return "future-revision";
    if (this.#pinned < store.compactRevision) return "compacted";
    const view = store.openReadView(this.#pinned);
    try {
      return this.#range.countOnly ? await this.#countOnly() : await this.#readChunk();
    } finally {
      view.release();
    }
  }

  async #countOnly(): Promise<RangeChunk> {
    const parts = new PartsWriter();
    parts.chunk.uint(TAG_COUNT, await this.#count(this.#range));
    return this.#chunk(true, parts);
  }

  async #readChunk(): Promise<RangeChunk> {
    const range = this.#range;
    range.limit = this.#chunkKeys;
    const run = await this.#run(range);
    const parts = new PartsWriter();
    const slots = run.slots.slice(0, run.rowCount);
    const records = answersFromIndex(range)
      ? slots.map((_slot, row) => run.keyOnlyRecord(row) as Uint8Array)
      : await this.#options.store.load(slots);
    for (const record of records) parts.record(TAG_KVS, record);
    this.#sentKeys += slots.length;
    const isLast = !run.more || this.#sentKeys >= this.#limit;
    if (run.nextKey !== undefined) this.#continueAt(run.nextKey);
    if (!isLast) {
      this.#adaptChunk(parts.length);
      return this.#chunk(false, parts);
    }
    const rest = run.more ? await this.#count(range) : 0;
    parts.chunk.bool(TAG_MORE, run.more);
    parts.chunk.uint(TAG_COUNT, this.#sentKeys + rest);
    return this.#chunk(true, parts);
  }

  async #run(range: RangeView): Promise<RangeRun> {
    const run = new RangeRun(this.#options.store, range, { atRevision: this.#pinned, counts: false });
    while (!run.step(KEYS_PER_TURN)) await this.#options.turns.yieldTurn();
    return run;
  }

  /** Number of keys in the interval of `range` at the pinned revision. */
  async #count(range: RangeView): Promise<number> {
    const counted = Object.assign(new RangeView(), range, { countOnly: true });
    const run = new RangeRun(this.#options.store, counted, { atRevision: this.#pinned });
    while (!run.step(KEYS_PER_TURN)) await this.#options.turns.yieldTurn();
    return run.count;
  }

  /** Moves the start of the interval; its end may be in another buffer, so both go into a new one. */
  #continueAt(key: Uint8Array): void {
    const range = this.#range;
    const end = range.buffer.subarray(range.endStart, range.endEnd);
    const buffer = new Uint8Array(key.length + end.length);
    buffer.set(key);
    buffer.set(end, key.length);
    range.buffer = buffer;
    range.keyStart = 0;
    range.keyEnd = range.endStart = key.length;
    range.endEnd = buffer.length;
  }

  #chunk(last: boolean, parts: PartsWriter): RangeChunk {
    return { last, headerRevision: this.#headerRevision, parts: parts.finish() };
  }

  #adaptChunk(sizeBytes: number): void {
    const target = this.#options.chunkBytesTarget;
    if (sizeBytes < target / 2) this.#chunkKeys *= 2;
    else if (sizeBytes > target * 2) this.#chunkKeys = Math.max(1, Math.floor(this.#chunkKeys / 2));
    this.#chunkKeys = Math.min(this.#chunkKeys, this.#limit - this.#sentKeys);
  }
}
