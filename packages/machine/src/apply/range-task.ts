/**
 * The long way to answer a range: scan, order, load and encode in pieces of a few milliseconds at most, holding one read view
 * from beginning to end. It ends early, with nothing, when its caller has left.
 */
import { NO_SLOT, type ReadView, type Slot, type StoreReads } from "../mvcc/store-api.js";
import type { DeferredBody } from "./outcome.js";
import type { RangeRun } from "./range-run.js";
import { sortInTurns, type Turns } from "./turn-sort.js";
import { compareWhole, findValue, withoutValue } from "./wire/key-value.js";
import { PartsWriter } from "./wire/parts-writer.js";

const TAG_KVS = 0x12;
const TAG_MORE = 0x18;
const TAG_COUNT = 0x20;
/** Keys visited per turn: about a millisecond of walking the index. */
const KEYS_PER_TURN = 4096;
/** Records asked of the store at once, and encoded per turn at most. */
export const ROWS_PER_LOAD = 512;

export interface RangeTaskOptions {
  readonly store: StoreReads;
  readonly turns: Turns;
  readonly run: RangeRun;
  /** Owned by the task from now on. */
  readonly view: ReadView;
}

export class RangeTask implements DeferredBody {
  readonly deferred = true;
  readonly #store: StoreReads;
  readonly #turns: Turns;
  readonly #run: RangeRun;
  readonly #view: ReadView;
  #started = false;
  #abandoned = false;
  /** The slot that `#copyRecord` copies: one closure for all rows. */
  #copied: Slot = NO_SLOT;
  readonly #copyRecord = (target: Uint8Array, at: number): boolean =>
    this.#store.copyRecord(this.#copied, target, at);

  constructor(options: RangeTaskOptions) {
    this.#store = options.store;
    this.#turns = options.turns;
    this.#run = options.run;
    this.#view = options.view;
  }

  /** Gives up: at once when `encode` was not called yet, else at its next pause, where it then ends with no parts. */
  release(): void {
    if (this.#abandoned) return;
    this.#abandoned = true;
    if (!this.#started) this.#view.release();
  }

  async encode(): Promise<readonly Uint8Array[]> {
    this.#started = true;
    try {
      return await this.#encode();
    } finally {
      this.#view.release();
    }
  }

  async #encode(): Promise<readonly Uint8Array[]> {
    const run = this.#run;
    while (!run.step(KEYS_PER_TURN)) {
      await this.#turns.yieldTurn();
      if (this.#abandoned) return [];
    }
    const rows = await this.#orderRows();
    const parts = new PartsWriter();
    for (let start = 0; start < run.rowCount; start += ROWS_PER_LOAD) {
      if (this.#abandoned) return [];
      await this.#appendRows(parts, rows.subarray(start, Math.min(start + ROWS_PER_LOAD, run.rowCount)));
      await this.#turns.yieldTurn();
    }
    parts.chunk.bool(TAG_MORE, run.more);
    parts.chunk.uint(TAG_COUNT, run.count);
    return parts.finish();
  }

  async #appendRows(parts: PartsWriter, rows: Uint32Array): Promise<void> {
    const { stripsValues } = this.#run;
    let copied = 0;
    while (copied < rows.length && this.#copyRow(parts, rows[copied] as number)) copied += 1;
    if (copied === rows.length) return;
    // From the first record on that is long or not in memory, the batch goes the slower way.
    const records = await this.#recordsOf(rows.subarray(copied));
    for (const record of records) parts.record(TAG_KVS, stripsValues ? withoutValue(record) : record);
  }

  /** Copies a record from memory without a view of it: there may be a million. */
  #copyRow(parts: PartsWriter, row: number): boolean {
    const run = this.#run;
    if (run.stripsValues) return false;
    const slot = run.slots[row] as Slot;
    this.#copied = slot;
    return parts.copied(TAG_KVS, this.#store.recordSizeOf(slot), this.#copyRecord);
  }

  async #orderRows(): Promise<Uint32Array> {
    const run = this.#run;
    if (run.ordersByValue) return this.#orderByValue();
    const order = run.numericOrder();
    const rows = run.positions();
    return order === undefined ? rows : sortInTurns(rows, order, this.#turns);
  }

  async #orderByValue(): Promise<Uint32Array> {
    const run = this.#run;
    const rows = run.positions();
    const values: Uint8Array[] = [];
    for (let start = 0; start < rows.length; start += ROWS_PER_LOAD) {
      if (this.#abandoned) return rows;
      const records = await this.#recordsOf(rows.subarray(start, start + ROWS_PER_LOAD));
      for (const record of records) {
        const value = findValue(record);
        values.push(record.subarray(value.start, value.end));
      }
      await this.#turns.yieldTurn();
    }
    const sign = run.descends ? -1 : 1;
    const order = (a: number, b: number): number =>
      sign * compareWhole(values[a] as Uint8Array, values[b] as Uint8Array) || a - b;
    return sortInTurns(rows, order, this.#turns);
  }

  /** The records of some rows: those in memory at once, the others in one load. */
  async #recordsOf(rows: Uint32Array): Promise<readonly Uint8Array[]> {
    const records: Uint8Array[] = [];
    const missing: Slot[] = [];
    const missingAt: number[] = [];
    for (const [position, row] of rows.entries()) {
      const slot = this.#run.slots[row] as Slot;
      const record = this.#run.keyOnlyRecord(row) ?? this.#store.record(slot);
      if (record !== undefined) records[position] = record;
      else {
        missing.push(slot);
        missingAt.push(position);
      }
    }
    if (missing.length === 0) return records;
    const loaded = await this.#store.load(missing);
    for (const [i, position] of missingAt.entries()) records[position] = loaded[i] as Uint8Array;
    return records;
  }
}
