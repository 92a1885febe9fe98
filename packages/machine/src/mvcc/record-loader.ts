/** Encoded records of many slots: from the cache, and with one call of the engine what is not there. */
import { CorruptionError } from "./corruption-error.js";
import type { Engine } from "./engine.js";
import type { RecordCache } from "./record-cache.js";
import { createRevisionKey, formatHex, mainOfKey, subOfKey } from "./revision-key.js";
import type { SlotTable } from "./slot-table.js";
import type { Slot } from "./store-api.js";

export interface RecordSources {
  readonly engine: Engine;
  readonly slots: SlotTable;
  readonly cache: RecordCache;
}

/** @returns the records in the order of `slots`. Throws `CorruptionError` when the engine has lost one. */
export function loadRecords(sources: RecordSources, slots: ArrayLike<Slot>): Promise<Uint8Array[]> {
  const records = new Array<Uint8Array>(slots.length);
  const missing: number[] = [];
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i] as Slot;
    const record = sources.cache.view(sources.slots.position(slot), sources.slots.recordSize(slot));
    if (record === undefined) missing.push(i);
    else records[i] = record;
  }
  return missing.length === 0 ? Promise.resolve(records) : loadMissing(sources, slots, records, missing);
}

/** Fills records[i] for each `i` of `missing`. */
async function loadMissing(
  sources: RecordSources,
  slots: ArrayLike<Slot>,
  records: Uint8Array[],
  missing: number[],
): Promise<Uint8Array[]> {
  const table = sources.slots;
  const keys = missing.map((i) => {
    const slot = slots[i] as Slot;
    return createRevisionKey(table.main(slot), table.sub(slot), table.isTombstone(slot));
  });
  const values = await sources.engine.getMany(keys);
  for (let j = 0; j < missing.length; j++) {
    const i = missing[j] as number;
    const key = keys[j] as Uint8Array;
    const value = values[j];
    if (value === undefined)
      throw new CorruptionError(`the engine has no row for revision ${formatHex(key)}`);
    records[i] = value;
    remember(sources, slots[i] as Slot, value, key);
  }
  return records;
}

/** Caches a loaded record, unless its slot has come to mean something else, or was loaded twice, meanwhile. */
function remember({ slots, cache }: RecordSources, slot: Slot, record: Uint8Array, key: Uint8Array): void {
  if (!slots.isUsed(slot) || slots.main(slot) !== mainOfKey(key) || slots.sub(slot) !== subOfKey(key)) return;
  if (cache.holds(slots.position(slot))) return;
  slots.setRecord(slot, cache.add(record), record.length);
}
