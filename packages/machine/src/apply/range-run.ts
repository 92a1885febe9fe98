/**
 * One evaluation of a range request: which revisions it selects, in which order, and how many there are in all. It works on
 * the index alone and in steps, so that a long scan can give way to other work; values are the caller's business.
 *
 *     scan (native limit, filters) -> order -> cut to the limit
 *
 * A step continues where the last one stopped. Between turns of the event loop the caller holds a read view and the run
 * reads at its revision (`pin`). Source: kv-watch-lease 2.3 to 2.5.
 */
import type { Slot, StoreReads } from "../mvcc/store-api.js";
import { LATEST } from "../mvcc/store-api.js";
import { writeKeyOnly } from "./wire/key-value.js";
import {
  SORT_ORDER_ASCEND,
  SORT_ORDER_DESCEND,
  SORT_ORDER_NONE,
  SORT_TARGET_CREATE,
  SORT_TARGET_KEY,
  SORT_TARGET_MOD,
  SORT_TARGET_VALUE,
  copyInterval,
  isPoint,
  type RangeView,
} from "./wire/request-views.js";
import { WireWriter } from "./wire/wire-writer.js";

const KEY_ONLY_CAPACITY_BYTES = 1024;

/** Orders two rows, given their positions in the run. */
export type RowOrder = (a: number, b: number) => number;

export interface RunScope {
  /** LATEST, or a revision that the store can show. */
  readonly atRevision: number;
  /** False when nobody asks for `count`: the scan then never goes beyond the native limit. */
  readonly counts?: boolean;
}

export class RangeRun {
  /** Rows that passed the filters, in key order. */
  readonly slots: Slot[] = [];
  /** Number of keys in the interval, whatever limit and filters say. */
  count = 0;

  readonly #store: StoreReads;
  readonly #options: RangeOptions;
  readonly #to: Uint8Array | undefined;
  #from: Uint8Array;
  #atRevision: number;
  /** The count came from the index, so the scan may stop at the native limit. */
  readonly #countKnown: boolean;
  /** Rows to gather at most: limit + 1 when the limit applies natively. */
  readonly #rowsMax: number;
  /** What each row is ordered by, when that is a number. */
  readonly #numbers: number[] | undefined;
  // Encoded keys-only records, one after another, and where each ends.
  readonly #keyOnly: WireWriter | undefined;
  readonly #keyOnlyEnds: number[] = [];
  #complete = false;
  #nextKey: Uint8Array | undefined;

  constructor(store: StoreReads, range: RangeView, scope: RunScope) {
    const { atRevision } = scope;
    this.#store = store;
    this.#options = copyOptions(range);
    this.#atRevision = atRevision;
    const interval = isPoint(range) ? pointInterval(range) : copyInterval(range);
    this.#from = interval.from;
    this.#to = interval.to;
    this.#rowsMax = rowsMaxOf(this.#options);
    const { sortTarget } = range;
    this.#numbers = sortTarget === SORT_TARGET_KEY || sortTarget === SORT_TARGET_VALUE ? undefined : [];
    this.#keyOnly = answersFromIndex(range) ? new WireWriter(KEY_ONLY_CAPACITY_BYTES) : undefined;
    this.#countKnown = atRevision === LATEST || scope.counts === false;
    if (atRevision === LATEST) this.count = store.countLatest(interval.from, interval.to);
  }

  /** From now on the run reads as of `revision`, which must show what the steps so far have seen. */
  pin(revision: number): void {
    this.#atRevision = revision;
  }

  /** True once every key has been visited that has to be. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Visits at most `keysMax` keys. @returns `complete`. */
  step(keysMax: number): boolean {
    if (!this.#complete) this.#complete = this.#scanIsOver() || this.#visit(keysMax);
    return this.#complete;
  }

  /** @returns true when the end of the interval was reached. */
  #visit(keysMax: number): boolean {
    let visited = 0;
    let resume: Uint8Array | undefined;
    this.#store.scan(this.#from, this.#to, this.#atRevision, (slot, buffer, start, end) => {
      if (visited === keysMax) {
        resume = buffer.slice(start, end);
        return false;
      }
      visited += 1;
      if (!this.#countKnown) this.count += 1;
      if (this.slots.length < this.#rowsMax) this.#take(slot, { buffer, start, end });
      return !this.#scanIsOver();
    });
    if (resume === undefined) return true;
    this.#from = resume;
    return false;
  }

  #scanIsOver(): boolean {
    return this.#countKnown && this.slots.length >= this.#rowsMax;
  }

  #take(slot: Slot, key: { buffer: Uint8Array; start: number; end: number }): void {
    const store = this.#store;
    const options = this.#options;
    if (options.hasFilters && !passesFilters(store, slot, options)) return;
    // The first row behind the limit: where a next run would begin.
    if (this.slots.length === options.limit) this.#nextKey = key.buffer.slice(key.start, key.end);
    this.slots.push(slot);
    // Gathered in the steps of the scan: later, all at once, they would take too long.
    this.#numbers?.push(sortNumberOf(store, slot, options.sortTarget));
    if (this.#keyOnly === undefined) return;
    writeKeyOnly(this.#keyOnly, key, {
      createRevision: store.createRevisionOf(slot),
      modRevision: store.mainOf(slot),
      version: store.versionOf(slot),
    });
    this.#keyOnlyEnds.push(this.#keyOnly.length);
  }

  /** The first key that the limit cut off, for runs in key order with a native limit. */
  get nextKey(): Uint8Array | undefined {
    return this.#nextKey;
  }

  /** The abridged record of row `row`, when the answer comes from the index (`answersFromIndex`). */
  keyOnlyRecord(row: number): Uint8Array | undefined {
    const end = this.#keyOnlyEnds[row];
    if (this.#keyOnly === undefined || end === undefined) return undefined;
    return this.#keyOnly.buffer.subarray(row === 0 ? 0 : this.#keyOnlyEnds[row - 1], end);
  }

  /** The order of the rows by numbers of the index; undefined for key order and for order by value. */
  numericOrder(): RowOrder | undefined {
    const numbers = this.#numbers;
    if (numbers === undefined) return undefined;
    const sign = this.descends ? -1 : 1;
    // Ties stay in ascending key order in both directions.
    return (a, b) => sign * ((numbers[a] as number) - (numbers[b] as number)) || a - b;
  }

  /** True when the rows are ordered by their values, which only the caller can read. */
  get ordersByValue(): boolean {
    return this.#options.sortTarget === SORT_TARGET_VALUE;
  }

  get descends(): boolean {
    return this.#options.sortOrder === SORT_ORDER_DESCEND;
  }

  /** Positions of all rows in key order, reversed where that is what the request wants. */
  positions(): Uint32Array {
    const positions = new Uint32Array(this.slots.length);
    for (let row = 0; row < positions.length; row++) positions[row] = row;
    return this.descends && this.#options.sortTarget === SORT_TARGET_KEY ? positions.reverse() : positions;
  }

  /** The rows that the limit leaves. */
  get rowCount(): number {
    if (this.#options.countOnly) return 0;
    const { limit } = this.#options;
    return limit > 0 ? Math.min(limit, this.slots.length) : this.slots.length;
  }

  /** Whether the limit cut something off. */
  get more(): boolean {
    return !this.#options.countOnly && this.#options.limit > 0 && this.slots.length > this.#options.limit;
  }

  /** keys_only over full records: values are read for the order and then left out. */
  get stripsValues(): boolean {
    return this.#options.keysOnly;
  }
}

interface RangeOptions {
  readonly limit: number;
  readonly sortOrder: number;
  readonly sortTarget: number;
  readonly keysOnly: boolean;
  readonly countOnly: boolean;
  readonly hasFilters: boolean;
  readonly minMod: number;
  readonly maxMod: number;
  readonly minCreate: number;
  readonly maxCreate: number;
}

function copyOptions(range: RangeView): RangeOptions {
  return {
    limit: range.limit,
    sortOrder: range.sortOrder,
    sortTarget: range.sortTarget,
    keysOnly: range.keysOnly,
    countOnly: range.countOnly,
    hasFilters: hasFilters(range),
    minMod: range.minModRevision,
    maxMod: range.maxModRevision,
    minCreate: range.minCreateRevision,
    maxCreate: range.maxCreateRevision,
  };
}

/** Any non-zero bound is a filter, also one that lets everything through. */
export function hasFilters(range: RangeView): boolean {
  return (
    range.minModRevision !== 0 ||
    range.maxModRevision !== 0 ||
    range.minCreateRevision !== 0 ||
    range.maxCreateRevision !== 0
  );
}

/** keys_only is answered from the index, without a lease, unless the order needs the values. */
export function answersFromIndex(range: RangeView): boolean {
  return range.keysOnly && range.sortTarget !== SORT_TARGET_VALUE && !range.countOnly;
}

/**
 * NONE counts as the default order whatever the target, so its limit is applied to the keys in key order before they are
 * sorted by the target: a habit of upstream that clients can see.
 */
function rowsMaxOf(options: RangeOptions): number {
  if (options.countOnly) return 0;
  const natural =
    options.sortOrder === SORT_ORDER_NONE ||
    (options.sortOrder === SORT_ORDER_ASCEND && options.sortTarget === SORT_TARGET_KEY);
  return natural && options.limit > 0 && !options.hasFilters ? options.limit + 1 : Infinity;
}

function passesFilters(store: StoreReads, slot: Slot, options: RangeOptions): boolean {
  const mod = store.mainOf(slot);
  const create = store.createRevisionOf(slot);
  return (
    (options.maxMod === 0 || mod <= options.maxMod) &&
    (options.minMod === 0 || mod >= options.minMod) &&
    (options.maxCreate === 0 || create <= options.maxCreate) &&
    (options.minCreate === 0 || create >= options.minCreate)
  );
}

function sortNumberOf(store: StoreReads, slot: Slot, sortTarget: number): number {
  if (sortTarget === SORT_TARGET_CREATE) return store.createRevisionOf(slot);
  return sortTarget === SORT_TARGET_MOD ? store.mainOf(slot) : store.versionOf(slot);
}

/** [key, key + 0x00) holds exactly the key. */
function pointInterval(range: RangeView): { from: Uint8Array; to: Uint8Array } {
  const from = range.buffer.slice(range.keyStart, range.keyEnd);
  const to = new Uint8Array(from.length + 1);
  to.set(from);
  return { from, to };
}
