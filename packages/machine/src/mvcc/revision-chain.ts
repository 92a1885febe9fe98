/** From a word of the key index to the revision that a reader sees. */
import { ABSENT } from "./key-index.js";
import type { SlotTable } from "./slot-table.js";
import { NO_SLOT, type Slot } from "./store-api.js";

/** The live record at `atRevision` of the key with this index word, or NO_SLOT. */
export function findAt(slots: SlotTable, word: number, atRevision: number): Slot {
  if (word === ABSENT) return NO_SLOT;
  const slot = slots.findAt(word >= 0 ? word : ~word, atRevision);
  return slot === NO_SLOT || slots.isTombstone(slot) ? NO_SLOT : slot;
}
