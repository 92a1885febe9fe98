/**
 * Finds the pair that each event replaced: what its key held at the revision before. There is none when the event created the key,
 * and none is shown when that revision has been compacted away.
 */
import type { Slot, StoreReads } from "../mvcc/store-api.js";
import { NO_SLOT } from "../mvcc/store-api.js";
import type { NumberList } from "./columns.js";
import { type EventBlock, PREVIOUS_UNKNOWN } from "./event-block.js";

/**
 * Fills in the pairs before the events `rows` of the block.
 * @returns undefined when all of them are there, else a promise for those that the engine has to be asked for.
 */
export function fillPrevious(
  store: StoreReads,
  block: EventBlock,
  rows: NumberList,
): Promise<void> | undefined {
  const missing: Missing = { rows: [], slots: [], oldest: Infinity };
  for (let i = 0; i < rows.length; i++) {
    const row = rows.at(i);
    if (block.previousSize[row] === PREVIOUS_UNKNOWN) fillFromMemory(store, block, row, missing);
  }
  return missing.rows.length === 0 ? undefined : load(store, block, missing);
}

interface Missing {
  readonly rows: number[];
  readonly slots: Slot[];
  /** The oldest revision that one of the pairs is to be read at. */
  oldest: number;
}

function fillFromMemory(store: StoreReads, block: EventBlock, row: number, missing: Missing): void {
  const before = (block.main[row] as number) - 1;
  const slot =
    before < store.compactRevision
      ? NO_SLOT
      : store.find(block.bytes, block.keyStart[row] as number, block.keyEnd[row] as number, before);
  if (slot === NO_SLOT) {
    block.setPrevious(row, 0);
    return;
  }
  const size = store.recordSizeOf(slot);
  const at = block.reservePrevious(size);
  if (size > 0 && store.copyRecord(slot, block.previousBytes, at)) {
    block.setPrevious(row, size);
    return;
  }
  missing.rows.push(row);
  missing.slots.push(slot);
  missing.oldest = Math.min(missing.oldest, before);
}

/** The slots stay what they are while a view can see the oldest of them. */
async function load(store: StoreReads, block: EventBlock, { rows, slots, oldest }: Missing): Promise<void> {
  const view = store.openReadView(oldest);
  try {
    const records = await store.load(slots);
    rows.forEach((row, i) => {
      const record = records[i] as Uint8Array;
      const at = block.reservePrevious(record.length);
      block.previousBytes.set(record, at);
      block.setPrevious(row, record.length);
    });
  } finally {
    view.release();
  }
}
