/**
 * Answers range requests from the store. One key, or a short interval whose records are in memory, is answered on the spot;
 * anything longer becomes a task that scans, loads and encodes in pieces, on the revision that was newest when it began.
 *
 * What is written is the RangeResponse without its header. Source: kv-watch-lease 2.3 to 2.5.
 */
import { LATEST, NO_SLOT, type Slot, type StoreReads } from "../mvcc/store-api.js";
import type { ResponseBody } from "./outcome.js";
import { RangeRun, answersFromIndex, hasFilters } from "./range-run.js";
import { RangeTask } from "./range-task.js";
import type { RefusalCode } from "./refusal.js";
import type { Turns } from "./turn-sort.js";
import { withoutValue, writeKeyOnly } from "./wire/key-value.js";
import { PartsWriter } from "./wire/parts-writer.js";
import { isPoint, type RangeView } from "./wire/request-views.js";
import { WireWriter } from "./wire/wire-writer.js";

export const TAG_KVS = 0x12;
export const TAG_MORE = 0x18;
export const TAG_COUNT = 0x20;
/** Keys visited on the caller's turn: a fraction of a millisecond. */
const KEYS_AT_ONCE_MAX = 1024;
/** Records answered on the caller's turn. */
const ROWS_AT_ONCE_MAX = 256;
/** Longer records are quoted rather than copied. */
const COPY_BYTES_MAX = 16 * 1024;

/** What `read` did: undefined when the body was appended to the writer. */
export type RangeAnswer = RefusalCode | ResponseBody | undefined;

export class RangeReader {
  readonly #store: StoreReads;
  readonly #turns: Turns;
  readonly #scratch: WireWriter = new WireWriter(512);

  constructor(store: StoreReads, turns: Turns) {
    this.#store = store;
    this.#turns = turns;
  }

  /**
   * Reads at `range.revision`, or at the newest one when that is not positive. The response header's revision is
   * `store.revision` at the time of this call. No reference to the request is kept.
   */
  read(range: RangeView, out: WireWriter): RangeAnswer {
    const newest = this.#store.revision;
    const asked = range.revision;
    if (asked > newest) return "future-revision";
    if (asked > 0 && asked < this.#store.compactRevision) return "compacted";
    const atRevision = asked <= 0 || asked === newest ? LATEST : asked;
    return isPoint(range)
      ? this.#readPoint(range, atRevision, out)
      : this.#readInterval(range, atRevision, out);
  }

  #readPoint(range: RangeView, atRevision: number, out: WireWriter): RangeAnswer {
    const store = this.#store;
    const slot = store.find(range.buffer, range.keyStart, range.keyEnd, atRevision);
    if (slot === NO_SLOT) return undefined;
    if (range.countOnly || (hasFilters(range) && !passes(store, slot, range))) {
      out.uint(TAG_COUNT, 1);
      return undefined;
    }
    if (answersFromIndex(range)) this.#writeKeyOnly(range, slot, out);
    else if (range.keysOnly || !this.#copyRecord(slot, out))
      return this.#readInterval(range, atRevision, out);
    out.uint(TAG_COUNT, 1);
    return undefined;
  }

  #copyRecord(slot: Slot, out: WireWriter): boolean {
    const size = this.#store.recordSizeOf(slot);
    if (size > COPY_BYTES_MAX) return false;
    const rewind = out.length;
    out.varint(TAG_KVS);
    out.varint(size);
    out.reserve(size);
    if (!this.#store.copyRecord(slot, out.buffer, out.length)) {
      out.length = rewind;
      return false;
    }
    out.length += size;
    return true;
  }

  #writeKeyOnly(range: RangeView, slot: Slot, out: WireWriter): void {
    const store = this.#store;
    const scratch = this.#scratch;
    scratch.reset();
    const key = { buffer: range.buffer, start: range.keyStart, end: range.keyEnd };
    writeKeyOnly(scratch, key, {
      createRevision: store.createRevisionOf(slot),
      modRevision: store.mainOf(slot),
      version: store.versionOf(slot),
    });
    out.bytes(TAG_KVS, scratch.buffer, 0, scratch.length);
  }

  #readInterval(range: RangeView, atRevision: number, out: WireWriter): RangeAnswer {
    const run = new RangeRun(this.#store, range, { atRevision });
    const complete = run.step(KEYS_AT_ONCE_MAX);
    if (complete && run.rowCount === 0) {
      out.uint(TAG_COUNT, run.count);
      return undefined;
    }
    if (complete && !run.ordersByValue && run.slots.length <= ROWS_AT_ONCE_MAX) {
      const body = this.#encodeAtOnce(run);
      if (body !== undefined) return body;
    }
    const pinned = atRevision === LATEST ? this.#store.revision : atRevision;
    run.pin(pinned);
    return new RangeTask({
      store: this.#store,
      turns: this.#turns,
      run,
      view: this.#store.openReadView(pinned),
    });
  }

  /** The body, or undefined when a record is not in memory. */
  #encodeAtOnce(run: RangeRun): ResponseBody | undefined {
    const order = run.numericOrder();
    const rows = order === undefined ? run.positions() : run.positions().sort(order);
    const parts = new PartsWriter();
    for (let i = 0; i < run.rowCount; i++) {
      const row = rows[i] as number;
      const record = run.keyOnlyRecord(row) ?? this.#store.record(run.slots[row] as Slot);
      if (record === undefined) return undefined;
      parts.record(TAG_KVS, run.stripsValues ? withoutValue(record) : record);
    }
    finishRange(parts, run);
    return parts.finish();
  }
}

/** The fields behind the rows. */
export function finishRange(parts: PartsWriter, run: RangeRun): void {
  parts.chunk.bool(TAG_MORE, run.more);
  parts.chunk.uint(TAG_COUNT, run.count);
}

function passes(store: StoreReads, slot: Slot, range: RangeView): boolean {
  const mod = store.mainOf(slot);
  const create = store.createRevisionOf(slot);
  return (
    (range.maxModRevision === 0 || mod <= range.maxModRevision) &&
    (range.minModRevision === 0 || mod >= range.minModRevision) &&
    (range.maxCreateRevision === 0 || create <= range.maxCreateRevision) &&
    (range.minCreateRevision === 0 || create >= range.minCreateRevision)
  );
}
