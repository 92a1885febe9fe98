/**
 * Remembers the heads of header blocks, byte for byte: clients send the same block again and again once their HPACK
 * table has settled, and comparing a few dozen bytes is much cheaper than decoding them.
 *
 * Invariant: an entry is valid only for the table generation it was decoded in, and only blocks that did not themselves
 * change the table are remembered.
 * Limits: `slotCount` entries per connection, blocks of at most `blockBytesMax`; a colliding block replaces the older one.
 */
const slotCount = 16;
const blockBytesMax = 512;

interface Entry<H> {
  readonly block: Uint8Array;
  readonly generation: number;
  readonly head: H;
}

/** @template H what a block stands for; immutable, since calls share it. */
export class HeadCache<H> {
  readonly #entries = new Array<Entry<H> | undefined>(slotCount).fill(undefined);

  /** The head of the block bytes[start, end) in this generation of the table. */
  find(bytes: Uint8Array, start: number, end: number, generation: number): H | undefined {
    const entry = this.#entries[slotOf(bytes, start, end)];
    if (entry === undefined || entry.generation !== generation) return undefined;
    const block = entry.block;
    if (block.length !== end - start) return undefined;
    for (let i = 0; i < block.length; i++) if (block[i] !== bytes[start + i]) return undefined;
    return entry.head;
  }

  /** Remembers a head; the block is copied. */
  remember(bytes: Uint8Array, start: number, end: number, generation: number, head: H): void {
    if (end - start > blockBytesMax) return;
    const block = Uint8Array.prototype.slice.call(bytes, start, end);
    this.#entries[slotOf(bytes, start, end)] = { block, generation, head };
  }
}

/** The last bytes tell blocks apart best: metadata comes last. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let at = Math.max(start, end - 16); at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193);
  return (hash ^ (hash >>> 15)) & (slotCount - 1);
}
