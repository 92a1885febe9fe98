/** The request that an entry of the log carries out. */
import { decodeEntry, EntryView, WireReader } from "@quorate/machine";

export interface EntryId {
  /** Low 16 bits of the id of the member that proposed it. */
  prefix: number;
  suffix: number;
}

const reader = new WireReader();
const view = new EntryView();

/** Puts the id of the request into `into`. @returns false for entries without one. */
export function requestIdOf(entry: Uint8Array, into: EntryId): boolean {
  if (entry.length === 0) return false;
  try {
    decodeEntry(reader, entry, view);
  } catch {
    // The applier finds the same, and says so.
    return false;
  }
  into.prefix = view.idPrefix;
  into.suffix = view.idSuffix;
  return view.idSuffix !== 0;
}
