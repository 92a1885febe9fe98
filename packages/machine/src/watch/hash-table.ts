/**
 * A hash table of small integers that stand for something else: whoever owns the table knows what their hashes are and which
 * of them is the one looked for.
 *
 *     for (let step = 0; ; step++) { const value = table.probe(hash, step); if (value === NONE) ...; if (isIt(value)) ... }
 *
 * It is cut into shards by the upper bits of the hash, and each grows by itself, so that no insertion stops the process for
 * the time it takes to move a million entries.
 */
import { NONE } from "./columns.js";

const SHARD_BITS = 10;
const SHARD_SHIFT: number = 32 - SHARD_BITS;
const SHARD_SLOTS_MIN = 8;

interface Shard {
  /** Value + 1, or 0 for an empty slot; a power of two of them. */
  slots: Int32Array;
  count: number;
}

export class HashTable {
  readonly #hashOf: (value: number) => number;
  readonly #shards: (Shard | undefined)[] = new Array<Shard | undefined>(1 << SHARD_BITS).fill(undefined);

  /** @param hashOf the hash, an unsigned 32-bit number, that a value was added with. */
  constructor(hashOf: (value: number) => number) {
    this.#hashOf = hashOf;
  }

  /** The candidate after `step` others for the hash, or NONE behind the last. */
  probe(hash: number, step: number): number {
    const shard = this.#shards[hash >>> SHARD_SHIFT];
    if (shard === undefined) return NONE;
    const { slots } = shard;
    return (slots[(hash + step) & (slots.length - 1)] as number) - 1;
  }

  add(hash: number, value: number): void {
    const shard = (this.#shards[hash >>> SHARD_SHIFT] ??= {
      slots: new Int32Array(SHARD_SLOTS_MIN),
      count: 0,
    });
    shard.count += 1;
    // Never more than three quarters full: probing ends at an empty slot.
    if (shard.count * 4 > shard.slots.length * 3) this.#grow(shard);
    place(shard.slots, hash, value);
  }

  #grow(shard: Shard): void {
    const slots = new Int32Array(shard.slots.length * 2);
    for (const filled of shard.slots) if (filled !== 0) place(slots, this.#hashOf(filled - 1), filled - 1);
    shard.slots = slots;
  }

  /** Removes a value that is there. */
  remove(hash: number, value: number): void {
    const shard = this.#shards[hash >>> SHARD_SHIFT] as Shard;
    const { slots } = shard;
    const mask = slots.length - 1;
    let hole = hash & mask;
    while (slots[hole] !== value + 1) hole = (hole + 1) & mask;
    shard.count -= 1;
    // Entries behind the hole move up unless that would take them before their own place.
    for (let at = (hole + 1) & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const home = this.#hashOf((slots[at] as number) - 1) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      slots[hole] = slots[at] as number;
      hole = at;
    }
    slots[hole] = 0;
  }
}

function place(slots: Int32Array, hash: number, value: number): void {
  const mask = slots.length - 1;
  let at = hash & mask;
  while (slots[at] !== 0) at = (at + 1) & mask;
  slots[at] = value + 1;
}

/** A well-mixed unsigned 32-bit hash of bytes[start, end). */
export function hashBytes(seed: number, bytes: Uint8Array, start: number, end: number): number {
  let hash = seed ^ (end - start);
  for (let i = start; i < end; i++) {
    hash = Math.imul(hash ^ (bytes[i] as number), 0x5bd1_e995);
    hash ^= hash >>> 15;
  }
  return mixHash(hash);
}

/** Spreads every bit over all others. */
export function mixHash(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x21f0_aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0x735a_2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}
