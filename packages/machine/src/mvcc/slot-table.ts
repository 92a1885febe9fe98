/**
 * The numbers of every revision, as a struct of arrays: a slot is a row, a chunk holds `CHUNK_SLOTS` rows in one buffer.
 *
 *     slot ---> chunk = slot >> 14, row = slot & 16383
 *     chunk:  main[] | create[] | version[] | position[] | sub[] | previous[] | jump[] | size[] | flags[] | lease[] (on need)
 *
 * Growing means one more chunk (about 0.8 MiB), never a copy of what is there, so no call pauses however many revisions
 * there are; and the garbage collector sees a handful of objects per chunk, not one per revision.
 *
 * A freed slot joins a list chained through `previous` and is reused first.
 *
 * Besides the one before it, a revision knows an older one of its key to jump to, so that `findAt` takes a logarithmic number
 * of steps through a key of a million revisions (Myers, "An applicative random-access stack", 1983). Jumps are not mended
 * when their target is freed: a freed slot has main 0 and a reused one a main above the jumping revision's, so either shows.
 *
 *     previous:  8 > 7 > 6 > 5 > 4 > 3 > 2 > 1
 *     jump:      8 > 7 ........> 4 ....> 1         (rank: 0, 2, 0, 1, ... lengths 1, 3, 7, ...)
 */
import { assert } from "@quorate/std";
import type { Slot } from "./store-api.js";
import { NO_SLOT } from "./store-api.js";

const CHUNK_BITS = 14;
const CHUNK_SLOTS: number = 1 << CHUNK_BITS;
const ROW_MASK: number = CHUNK_SLOTS - 1;

/** Position of a record that is only in the engine. */
export const NO_POSITION = -1;

const FLAG_USED = 1;
const FLAG_TOMBSTONE = 2;
/** The rank of a slot's jump, which leads 2^(rank + 1) - 1 revisions back, fills the rest of its flags. */
const RANK_SHIFT = 2;

class SlotChunk {
  readonly main: Float64Array;
  /** Of a put: create_revision. Of a tombstone: the slot of the put that follows it, or NO_SLOT. */
  readonly create: Float64Array;
  readonly version: Float64Array;
  readonly position: Float64Array;
  readonly sub: Uint32Array;
  readonly previous: Int32Array;
  readonly jump: Int32Array;
  readonly size: Uint32Array;
  readonly flags: Uint8Array;
  /** Most keys of most stores have no lease: absent until the first one in the chunk. */
  lease: BigInt64Array | undefined = undefined;

  constructor() {
    const buffer = new ArrayBuffer(CHUNK_SLOTS * (4 * 8 + 4 * 4 + 1));
    let at = 0;
    const take = (bytesEach: number): number => {
      const start = at;
      at += CHUNK_SLOTS * bytesEach;
      return start;
    };
    this.main = new Float64Array(buffer, take(8), CHUNK_SLOTS);
    this.create = new Float64Array(buffer, take(8), CHUNK_SLOTS);
    this.version = new Float64Array(buffer, take(8), CHUNK_SLOTS);
    this.position = new Float64Array(buffer, take(8), CHUNK_SLOTS);
    this.sub = new Uint32Array(buffer, take(4), CHUNK_SLOTS);
    this.previous = new Int32Array(buffer, take(4), CHUNK_SLOTS);
    this.jump = new Int32Array(buffer, take(4), CHUNK_SLOTS);
    this.size = new Uint32Array(buffer, take(4), CHUNK_SLOTS);
    this.flags = new Uint8Array(buffer, take(1), CHUNK_SLOTS);
  }
}

export class SlotTable {
  readonly #chunks: SlotChunk[] = [];
  #freeHead: Slot = NO_SLOT;
  /** Slots below it have been used at least once. */
  #end = 0;
  #usedCount = 0;
  #recordBytes = 0;

  /** Revisions held. */
  get usedCount(): number {
    return this.#usedCount;
  }

  /** Encoded size of the records of all revisions held. */
  get recordBytes(): number {
    return this.#recordBytes;
  }

  /** Takes a slot for a put. */
  addPut(main: number, sub: number, previous: Slot, create: number, version: number, lease: bigint): Slot {
    const slot = this.#take(main, sub, previous, FLAG_USED);
    const chunk = this.#chunkOf(slot);
    const row = slot & ROW_MASK;
    chunk.create[row] = create;
    chunk.version[row] = version;
    if (lease !== 0n) (chunk.lease ??= new BigInt64Array(CHUNK_SLOTS))[row] = lease;
    else if (chunk.lease !== undefined) chunk.lease[row] = 0n;
    return slot;
  }

  addTombstone(main: number, sub: number, previous: Slot): Slot {
    const slot = this.#take(main, sub, previous, FLAG_USED | FLAG_TOMBSTONE);
    const chunk = this.#chunkOf(slot);
    const row = slot & ROW_MASK;
    chunk.create[row] = NO_SLOT;
    chunk.version[row] = 0;
    if (chunk.lease !== undefined) chunk.lease[row] = 0n;
    return slot;
  }

  #take(main: number, sub: number, previous: Slot, flags: number): Slot {
    let slot = this.#freeHead;
    if (slot === NO_SLOT) {
      slot = this.#end++;
      if ((slot & ROW_MASK) === 0) this.#chunks.push(new SlotChunk());
    } else {
      this.#freeHead = this.previous(slot);
    }
    const chunk = this.#chunkOf(slot);
    const row = slot & ROW_MASK;
    chunk.main[row] = main;
    chunk.sub[row] = sub;
    chunk.previous[row] = previous;
    chunk.position[row] = NO_POSITION;
    chunk.size[row] = 0;
    chunk.flags[row] = flags;
    chunk.jump[row] = previous;
    if (previous !== NO_SLOT) this.#lengthenJump(chunk, row, previous);
    this.#usedCount += 1;
    return slot;
  }

  /** Two jumps of equal length that follow `previous` become one. */
  #lengthenJump(chunk: SlotChunk, row: number, previous: Slot): void {
    const first = this.#jumpOf(previous);
    if (first === NO_SLOT) return;
    const second = this.#jumpOf(first);
    if (second === NO_SLOT) return;
    const rank = this.#rankOf(previous);
    if (rank !== this.#rankOf(first)) return;
    chunk.jump[row] = second;
    chunk.flags[row] = (chunk.flags[row] as number) | ((rank + 1) << RANK_SHIFT);
  }

  #rankOf(slot: Slot): number {
    return (this.#chunkOf(slot).flags[slot & ROW_MASK] as number) >> RANK_SHIFT;
  }

  /** Where a slot's jump leads, or NO_SLOT when that revision has been freed. */
  #jumpOf(slot: Slot): Slot {
    const chunk = this.#chunkOf(slot);
    const jump = chunk.jump[slot & ROW_MASK] as number;
    if (jump === NO_SLOT) return NO_SLOT;
    const main = this.main(jump);
    return main > 0 && main <= (chunk.main[slot & ROW_MASK] as number) ? jump : NO_SLOT;
  }

  /** The newest revision at or below `revision` among `head` and what came before it, or NO_SLOT. */
  findAt(head: Slot, revision: number): Slot {
    let slot = head;
    while (slot !== NO_SLOT && this.main(slot) > revision) {
      const jump = this.#jumpOf(slot);
      slot = jump !== NO_SLOT && this.main(jump) > revision ? jump : this.previous(slot);
    }
    return slot;
  }

  /** Gives a slot back; nothing may refer to it any more. */
  free(slot: Slot): void {
    const chunk = this.#chunkOf(slot);
    const row = slot & ROW_MASK;
    assert(chunk.flags[row] !== 0, () => `slot ${String(slot)} freed twice`);
    chunk.flags[row] = 0;
    // A reader that kept the slot too long must not find a plausible revision.
    chunk.main[row] = 0;
    chunk.previous[row] = this.#freeHead;
    this.#freeHead = slot;
    this.#usedCount -= 1;
    this.#recordBytes -= chunk.size[row] as number;
  }

  main(slot: Slot): number {
    return this.#chunkOf(slot).main[slot & ROW_MASK] as number;
  }

  sub(slot: Slot): number {
    return this.#chunkOf(slot).sub[slot & ROW_MASK] as number;
  }

  /** 0 for a tombstone. */
  createRevision(slot: Slot): number {
    const chunk = this.#chunkOf(slot);
    const row = slot & ROW_MASK;
    return (chunk.flags[row] as number) & FLAG_TOMBSTONE ? 0 : (chunk.create[row] as number);
  }

  version(slot: Slot): number {
    return this.#chunkOf(slot).version[slot & ROW_MASK] as number;
  }

  lease(slot: Slot): bigint {
    const lease = this.#chunkOf(slot).lease;
    return lease === undefined ? 0n : (lease[slot & ROW_MASK] as bigint);
  }

  previous(slot: Slot): Slot {
    return this.#chunkOf(slot).previous[slot & ROW_MASK] as number;
  }

  setPrevious(slot: Slot, previous: Slot): void {
    this.#chunkOf(slot).previous[slot & ROW_MASK] = previous;
  }

  isTombstone(slot: Slot): boolean {
    return ((this.#chunkOf(slot).flags[slot & ROW_MASK] as number) & FLAG_TOMBSTONE) !== 0;
  }

  isUsed(slot: Slot): boolean {
    return slot >= 0 && slot < this.#end && this.#chunkOf(slot).flags[slot & ROW_MASK] !== 0;
  }

  /** Of a tombstone: the put that followed it, or NO_SLOT while the key is deleted. */
  successor(tombstone: Slot): Slot {
    return this.#chunkOf(tombstone).create[tombstone & ROW_MASK] as number;
  }

  setSuccessor(tombstone: Slot, put: Slot): void {
    this.#chunkOf(tombstone).create[tombstone & ROW_MASK] = put;
  }

  /** Where the record is (was, when the cache has dropped it) in the record cache; NO_POSITION when it never was. */
  position(slot: Slot): number {
    return this.#chunkOf(slot).position[slot & ROW_MASK] as number;
  }

  recordSize(slot: Slot): number {
    return this.#chunkOf(slot).size[slot & ROW_MASK] as number;
  }

  setRecord(slot: Slot, position: number, size: number): void {
    const chunk = this.#chunkOf(slot);
    const row = slot & ROW_MASK;
    this.#recordBytes += size - (chunk.size[row] as number);
    chunk.position[row] = position;
    chunk.size[row] = size;
  }

  #chunkOf(slot: Slot): SlotChunk {
    return this.#chunks[slot >> CHUNK_BITS] as SlotChunk;
  }
}
