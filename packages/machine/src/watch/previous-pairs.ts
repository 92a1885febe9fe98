/**
 * Finds the pair that each event replaced: what its key held at the revision before. There is none when the event created the key,
 * and none is shown when that revision has been compacted away.
 */
import type { Slot, StoreReads } from "../mvcc/store-api.js";
import { NO_SLOT } from "../mvcc/store-api.js";
import type { NumberList } from "./columns.js";
import { type EventBlock, PREVIOUS_UNKNOWN } from "./event-block.js";
import { PREVIOUS_BYTES_MAX, PREVIOUS_LOADS_MAX } from "./limits.js";

/** Pairs that the engine has to be asked for. */
interface Missing {
  readonly rows: number[];
  readonly slots: Slot[];
  /** The oldest revision that one of them is to be read at. */
  oldest: number;
}

/** One search, for some events of one block. */
export class PreviousPairs {
  #at = 0;
  #bytes = 0;

  /** Before each search. */
  reset(): void {
    this.#at = 0;
    this.#bytes = 0;
  }

  /** How many of the rows the search has come to. It ends early, before a revision, when the pairs are too many bytes. */
  get end(): number {
    return this.#at;
  }

  /**
   * Fills in the pairs before the events `rows` until `isLate`. Call again after "sliced", and after the promise.
   * @returns a promise when the engine is asked for pairs that are not in memory.
   */
  run(
    store: StoreReads,
    { block, rows }: { readonly block: EventBlock; readonly rows: NumberList },
    isLate: () => boolean,
  ): "done" | "sliced" | Promise<void> {
    const missing: Missing = { rows: [], slots: [], oldest: Infinity };
    const begin = this.#at;
    while (missing.rows.length < PREVIOUS_LOADS_MAX) {
      if (this.#at === rows.length || this.#isFull(block, rows)) {
        if (missing.rows.length === 0) return "done";
        break;
      }
      if (isLate()) {
        if (missing.rows.length === 0) return "sliced";
        break;
      }
      const row = rows.at(this.#at++);
      if (block.previousSize[row] === PREVIOUS_UNKNOWN) fillFromMemory(store, block, row, missing);
      this.#bytes += Math.max(0, block.previousSize[row] as number);
    }
    // What fails to be loaded is looked for again.
    const end = this.#at;
    this.#at = begin;
    return load(store, block, missing).then((bytes) => {
      this.#at = end;
      this.#bytes += bytes;
    });
  }

  /** A revision is never cut. */
  #isFull({ main }: EventBlock, rows: NumberList): boolean {
    const at = this.#at;
    return this.#bytes >= PREVIOUS_BYTES_MAX && main[rows.at(at)] !== main[rows.at(at - 1)];
  }
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

/** The slots stay what they are while a view can see the oldest of them. @returns the bytes of the pairs. */
async function load(store: StoreReads, block: EventBlock, { rows, slots, oldest }: Missing): Promise<number> {
  const view = store.openReadView(oldest);
  try {
    const records = await store.load(slots);
    let bytes = 0;
    rows.forEach((row, i) => {
      const record = records[i] as Uint8Array;
      const at = block.reservePrevious(record.length);
      block.previousBytes.set(record, at);
      block.setPrevious(row, record.length);
      bytes += record.length;
    });
    return bytes;
  } finally {
    view.release();
  }
}
