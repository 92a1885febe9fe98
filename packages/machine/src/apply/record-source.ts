/**
 * Records by slot, for code that must not wait: what is in memory, plus what was loaded or kept for the request at hand. A
 * slot that is in neither is noted, so that the caller can load it and start over.
 */
import type { Slot, StoreReads } from "../mvcc/store-api.js";

export class RecordSource {
  readonly #store: StoreReads;
  // Made when they are needed, which they seldom are.
  #held: Map<Slot, Uint8Array> | undefined;
  #missing: Slot[] | undefined;

  constructor(store: StoreReads) {
    this.#store = store;
  }

  /** The record, or undefined after noting that it is missing. Good for this moment: a write may push it out of memory. */
  get(slot: Slot): Uint8Array | undefined {
    const record = this.#held?.get(slot) ?? this.#store.record(slot);
    if (record === undefined) (this.#missing ??= []).push(slot);
    return record;
  }

  /** Sees to it that `get` still finds the record after writes of the request at hand; notes it when it is missing. */
  keep(slot: Slot): void {
    const record = this.get(slot);
    if (record !== undefined) (this.#held ??= new Map<Slot, Uint8Array>()).set(slot, record);
  }

  get hasMissing(): boolean {
    return this.#missing !== undefined;
  }

  /** Loads what was missing. The caller holds a read view that can see the slots. */
  async loadMissing(): Promise<void> {
    const slots = this.#missing ?? [];
    this.#missing = undefined;
    const held = (this.#held ??= new Map<Slot, Uint8Array>());
    const records = await this.#store.load(slots);
    for (const [position, slot] of slots.entries()) {
      const record = records[position];
      if (record !== undefined) held.set(slot, record);
    }
  }
}
