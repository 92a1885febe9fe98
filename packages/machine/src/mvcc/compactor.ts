/**
 * Frees what a compaction at C makes unreachable. Garbage is known when it is made: a revision becomes garbage when a later
 * one of its key is at or below C, so the *superseding* revisions wait in a queue, in order of revision, and freeing costs
 * as much as there is garbage, however many keys there are.
 *
 *     queue:  put a@5 | tombstone b@6 | put a@9 | ...            C = 7
 *             frees a's      frees b's         above C:
 *             older ones     older ones and,   stays
 *                            being below C,
 *                            itself and its key
 *
 * What stays (reference: etcd's rules): of each key the newest revision at or below C, unless that is a tombstone below C.
 * A tombstone exactly at C stays until the next compaction, so that a watch from C sees the delete: it moves to a second
 * queue, which goes first then. When a key was deleted and put again within revision C, the put stays and the tombstone goes.
 *
 * Freeing stops short of open read views, and of revisions whose rows have not been handed to the engine, because a delete
 * must reach it after its put. Rows are deleted oldest first: a crash in between never brings a deleted key back.
 */
import { assert } from "@quorate/std";
import { ByteQueue } from "./byte-queue.js";
import type { KeyIndex } from "./key-index.js";
import { NumberQueue } from "./number-queue.js";
import { createMetaRevision } from "./revision-key.js";
import type { SlotTable } from "./slot-table.js";
import type { Slot } from "./store-api.js";
import { NO_SLOT } from "./store-api.js";
import type { WriteBehind } from "./write-behind.js";
import { FINISHED_COMPACT_KEY, SCHEDULED_COMPACT_KEY } from "./write-behind.js";

/** Superseding slots in order of revision; a tombstone is followed by its key, needed to take it out of the index. */
class GarbageQueue {
  readonly slots: NumberQueue = new NumberQueue();
  readonly keys: ByteQueue = new ByteQueue();
}

export interface CompactorParts {
  readonly slots: SlotTable;
  readonly index: KeyIndex;
}

export class Compactor {
  readonly #slots: SlotTable;
  readonly #index: KeyIndex;
  readonly #queue: GarbageQueue = new GarbageQueue();
  /** Tombstones that were exactly at C when they were met. */
  readonly #kept: GarbageQueue = new GarbageQueue();
  #revision = -1;
  #finished = -1;
  #waiters: { readonly revision: number; readonly resolve: () => void }[] = [];

  constructor(parts: CompactorParts) {
    this.#slots = parts.slots;
    this.#index = parts.index;
  }

  /** C: nothing below it is readable. */
  get revision(): number {
    return this.#revision;
  }

  /** The newest C below which all garbage has been freed. */
  get finished(): number {
    return this.#finished;
  }

  /** Takes over what the engine remembers. */
  restore(scheduled: number, finished: number): void {
    this.#revision = Math.max(scheduled, finished);
    this.#finished = finished;
  }

  /** Reports a put over a live key, newer than all reported before. */
  addPut(slot: Slot): void {
    this.#queue.slots.push(slot);
  }

  /** Reports a tombstone of key [start, end), newer than all reported before. */
  addTombstone(slot: Slot, key: Uint8Array, start: number, end: number): void {
    this.#queue.slots.push(slot);
    this.#queue.keys.push(key, start, end);
  }

  schedule(revision: number, writer: WriteBehind): void {
    assert(revision > this.#revision, "compaction went back");
    this.#revision = revision;
    writer.addRaw(SCHEDULED_COMPACT_KEY, createMetaRevision(revision));
  }

  /** Resolves once everything below `revision` has been freed in memory. */
  whenFinished(revision: number): Promise<void> {
    if (this.#finished >= revision) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ revision, resolve }));
  }

  /**
   * Frees at most about `budgetCount` revisions visible to none at or above `bound`, which is at most C.
   * @returns true when it stopped for the budget: there is more to free.
   */
  step(budgetCount: number, bound: number, writer: WriteBehind): boolean {
    let budget = budgetCount;
    while (budget > 0) {
      const queue = this.#nextQueue(bound);
      if (queue === undefined) {
        this.#finish(writer);
        return false;
      }
      budget -= 1 + this.#clean(queue, writer);
    }
    return true;
  }

  #nextQueue(bound: number): GarbageQueue | undefined {
    const { slots: kept } = this.#kept;
    if (kept.length > 0) {
      const tombstone = kept.peek();
      if (this.#slots.main(tombstone) <= bound && this.#isGarbage(tombstone)) return this.#kept;
    }
    const { slots: queue } = this.#queue;
    return queue.length > 0 && this.#slots.main(queue.peek()) <= bound ? this.#queue : undefined;
  }

  /** Whether a tombstone at or below C goes altogether. */
  #isGarbage(tombstone: Slot): boolean {
    if (this.#slots.main(tombstone) < this.#revision) return true;
    const successor = this.#slots.successor(tombstone);
    return successor !== NO_SLOT && this.#slots.main(successor) <= this.#revision;
  }

  /** Takes the oldest superseding slot and frees what it supersedes. @returns the number of revisions freed. */
  #clean(queue: GarbageQueue, writer: WriteBehind): number {
    const slot = queue.slots.shift();
    let freed = 0;
    let older = this.#slots.previous(slot);
    this.#slots.setPrevious(slot, NO_SLOT);
    while (older !== NO_SLOT) {
      const next = this.#slots.previous(older);
      this.#free(older, writer);
      freed += 1;
      older = next;
    }
    if (!this.#slots.isTombstone(slot)) return freed;

    const key = queue.keys.shift();
    if (!this.#isGarbage(slot)) {
      this.#kept.slots.push(slot);
      this.#kept.keys.push(key, 0, key.length);
      return freed;
    }
    const successor = this.#slots.successor(slot);
    if (successor === NO_SLOT) this.#removeKey(slot, key);
    else this.#slots.setPrevious(successor, NO_SLOT);
    this.#free(slot, writer);
    return freed + 1;
  }

  #removeKey(tombstone: Slot, key: Uint8Array): void {
    const word = this.#index.seek(key, 0, key.length);
    assert(
      word === ~tombstone,
      () => `tombstone ${String(tombstone)} is not the head of its key: ${String(word)}`,
    );
    this.#index.remove();
  }

  #free(slot: Slot, writer: WriteBehind): void {
    writer.addDelete(this.#slots.main(slot), this.#slots.sub(slot), this.#slots.isTombstone(slot));
    this.#slots.free(slot);
  }

  /** Notes that all garbage below C is gone, unless it only waits for a view or the engine. */
  #finish(writer: WriteBehind): void {
    if (this.#finished === this.#revision || this.#nextQueue(this.#revision) !== undefined) return;
    this.#finished = this.#revision;
    writer.addRaw(FINISHED_COMPACT_KEY, createMetaRevision(this.#finished));
    const ready = this.#waiters.filter((waiter) => waiter.revision <= this.#finished);
    this.#waiters = this.#waiters.filter((waiter) => waiter.revision > this.#finished);
    for (const waiter of ready) waiter.resolve();
  }
}
