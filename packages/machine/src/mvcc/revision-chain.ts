/** Walking a key's revisions from its head back. */
import { ABSENT } from "./key-index.js";
import type { SlotTable } from "./slot-table.js";
import { NO_SLOT, type Slot } from "./store-api.js";

/** The live record at `atRevision` of the key with this index word, or NO_SLOT. */
export function findAt(slots: SlotTable, word: number, atRevision: number): Slot {
  if (word === ABSENT) return NO_SLOT;
  let slot = word >= 0 ? word : ~word;
  while (slot !== NO_SLOT && slots.main(slot) > atRevision) slot = slots.previous(slot);
  return slot === NO_SLOT || slots.isTombstone(slot) ? NO_SLOT : slot;
}
