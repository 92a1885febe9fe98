/**
 * The newest revisions, encoded once for all watchers: blocks of whole revisions, the oldest of which goes when there are too
 * many. Without watchers nothing is kept.
 *
 *     | block: 912 .. 960 | block: 961 .. 1007 | block: 1008 .. 1016 |
 *       ^ first                                                ^ last = R
 *
 * Invariant: every revision in [first, last] is here, and no other.
 */
import { assert } from "@quorate/std";
import type { Slot, StoreReads } from "../mvcc/store-api.js";
import { NO_SLOT } from "../mvcc/store-api.js";
import { EventBlock, eventBytesMax } from "./event-block.js";
import {
  PREVIOUS_BYTES_KEPT_MAX,
  RECENT_BLOCK_BYTES,
  RECENT_REVISION_BYTES_MAX,
  RECENT_REVISION_EVENTS_MAX,
} from "./limits.js";

export class RecentEvents {
  readonly #bytesMax: number;
  readonly #blockBytes: number;
  #blocks: EventBlock[] = [];
  #first: number;
  #last: number;

  /** @param revision R at present. */
  constructor(bytesMax: number, revision: number) {
    this.#bytesMax = bytesMax;
    this.#blockBytes = Math.min(RECENT_BLOCK_BYTES, bytesMax >> 2);
    this.#first = revision + 1;
    this.#last = revision;
  }

  /** The oldest revision that is here; `last + 1` when none is. */
  get first(): number {
    return this.#first;
  }

  /** The newest revision, here or not. */
  get last(): number {
    return this.#last;
  }

  get bytesHeld(): number {
    let bytes = 0;
    for (const block of this.#blocks) bytes += block.bytesHeld;
    return bytes;
  }

  /** Without the newest block, which is still growing: at most `bytesMax`. */
  get bytesHeldBeforeLast(): number {
    return this.bytesHeld - (this.#blocks.at(-1)?.bytesHeld ?? 0);
  }

  get bytesMax(): number {
    return this.#bytesMax;
  }

  /** Forgets everything: R is `revision` now. */
  reset(revision: number): void {
    if (this.#blocks.length > 0) this.#blocks = [];
    this.#first = revision + 1;
    this.#last = revision;
  }

  /**
   * Takes in what the transaction of `revision` has changed; called in its turn, while its records are in memory.
   * @param withPrevious also keep the pairs before, as far as they are in memory.
   */
  append(store: StoreReads, revision: number, slots: Int32Array, count: number, withPrevious: boolean): void {
    let size = 0;
    for (let i = 0; i < count; i++) size += eventBytesMax(store.recordSizeOf(slots[i] as Slot));
    if (count > RECENT_REVISION_EVENTS_MAX || size > RECENT_REVISION_BYTES_MAX) {
      this.reset(revision);
      return;
    }
    assert(revision === this.#last + 1, "a revision was left out");
    const block = this.#blockFor(size);
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as Slot;
      const isDelete = store.isTombstone(slot);
      const recordSize = store.recordSizeOf(slot);
      const at = block.begin(revision, isDelete, recordSize);
      if (!store.copyRecord(slot, block.bytes, at)) {
        // Not seen to happen: a record is in memory until the engine has it.
        this.reset(revision);
        return;
      }
      block.finish(at, isDelete || store.createRevisionOf(slot) !== revision);
      if (withPrevious) copyPrevious(store, block, slot, revision);
    }
    this.#last = revision;
  }

  #blockFor(size: number): EventBlock {
    const open = this.#blocks.at(-1);
    if (open !== undefined && open.used + size <= open.bytes.length) return open;
    const block = new EventBlock(Math.max(this.#blockBytes, size));
    this.#blocks.push(block);
    this.#dropOldest();
    return block;
  }

  /** The newest block, which is being filled, stays. */
  #dropOldest(): void {
    let bytes = this.bytesHeld;
    while (this.#blocks.length > 1 && bytes > this.#bytesMax) {
      const dropped = this.#blocks.shift() as EventBlock;
      bytes -= dropped.bytesHeld;
      this.#first = (dropped.main[dropped.count - 1] as number) + 1;
    }
  }

  /** The block that holds `revision`, which must be in [first, last]. */
  blockOf(revision: number): EventBlock {
    let low = 0;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#blocks[middle]?.main[0] as number) <= revision) low = middle;
      else high = middle - 1;
    }
    return this.#blocks[low] as EventBlock;
  }
}

/** Keeps the pair that the newest event of the block replaced, when it is in memory. */
function copyPrevious(store: StoreReads, block: EventBlock, slot: Slot, revision: number): void {
  const row = block.count - 1;
  if (block.previousSize[row] === 0) return;
  let previous = store.previousOf(slot);
  // A pair is replaced by a revision as a whole: what the same transaction wrote before does not count.
  while (previous !== NO_SLOT && store.mainOf(previous) === revision) previous = store.previousOf(previous);
  if (previous === NO_SLOT || store.isTombstone(previous)) {
    block.setPrevious(row, 0);
    return;
  }
  const size = store.recordSizeOf(previous);
  // A record that was never in memory has no size yet.
  if (size === 0 || block.previousUsed + size > PREVIOUS_BYTES_KEPT_MAX) return;
  const at = block.reservePrevious(size);
  if (store.copyRecord(previous, block.previousBytes, at)) block.setPrevious(row, size);
}
