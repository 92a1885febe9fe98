/**
 * Walks one tree of a database file in the order of its keys, and believes nothing: page ids, kinds, lengths and the order of keys
 * are checked on the way, and no page is visited twice in the whole file, so every walk ends.
 */
import type { CorruptionError } from "../errors.js";
import {
  BUCKET_FLAG,
  BUCKET_HEADER_BYTES,
  ELEMENT_BYTES,
  getUint16,
  getUint32,
  getUint64,
  PAGE_HEADER_BYTES,
  PageFlag,
} from "./format.js";
import type { PageRun, PageSource } from "./page-source.js";

/** Levels below a root. With two children per branch page, the least there may be, it is more than any file can hold. */
const DEPTH_MAX = 64;

/** Keys of a page are at or above `from` and below `to`, as its parents say. */
interface Bounds {
  readonly from: Buffer | undefined;
  readonly to: Buffer | undefined;
}

/** The elements of one leaf, as parallel arrays of views. */
export interface Leaf {
  readonly keys: Buffer[];
  readonly values: Buffer[];
  /** Whether the value is a bucket. */
  readonly buckets: boolean[];
}

/** Which pages of the file have been seen: a bit each. */
export class VisitedPages {
  readonly #bits: Uint8Array;

  constructor(highWater: number) {
    this.#bits = new Uint8Array(Math.ceil(highWater / 8));
  }

  /** @returns false when one of the pages was visited before. */
  visit(id: number, count: number): boolean {
    for (let page = id; page < id + count; page++) {
      const bit = 1 << (page & 7);
      const byte = this.#bits[page >>> 3] as number;
      if ((byte & bit) !== 0) return false;
      this.#bits[page >>> 3] = byte | bit;
    }
    return true;
  }
}

export class TreeWalker {
  readonly #source: PageSource;
  readonly #visited: VisitedPages;

  constructor(source: PageSource, visited: VisitedPages) {
    this.#source = source;
    this.#visited = visited;
  }

  /** The leaves of the bucket whose element has this value. @throws CorruptionError */
  async *leavesOfBucket(value: Buffer): AsyncGenerator<Leaf> {
    if (value.length < BUCKET_HEADER_BYTES) throw this.#damage(0, `a bucket's head of ${value.length} bytes`);
    const rootPage = getUint64(value, 0);
    if (rootPage !== 0) yield* this.leaves(rootPage);
    else yield this.#inlineLeaf(value.subarray(BUCKET_HEADER_BYTES));
  }

  #inlineLeaf(page: Buffer): Leaf {
    if (page.length < PAGE_HEADER_BYTES || (getUint16(page, 8) & PageFlag.Leaf) === 0) {
      throw this.#damage(0, "an inline bucket holds no leaf page");
    }
    const run = { id: 0, flags: PageFlag.Leaf, count: getUint16(page, 10), overflow: 0, bytes: page };
    return this.#leaf(run, { from: undefined, to: undefined });
  }

  /** The leaves below `rootPage`. */
  leaves(rootPage: number): AsyncGenerator<Leaf> {
    return this.#leavesBelow(rootPage, { from: undefined, to: undefined });
  }

  async *#leavesBelow(rootPage: number, bounds: Bounds): AsyncGenerator<Leaf> {
    // Pages yet to be read, the next one last. A branch is replaced by its children.
    const ahead: { id: number; depth: number; bounds: Bounds }[] = [{ id: rootPage, depth: 0, bounds }];
    for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
      const run = await this.#source.read(next.id);
      if (!this.#visited.visit(run.id, run.overflow + 1)) {
        throw this.#damage(run.id, `page ${run.id} is used in two places`);
      }
      if (run.flags === PageFlag.Leaf) yield this.#leaf(run, next.bounds);
      else if (run.flags === PageFlag.Branch && next.depth < DEPTH_MAX) {
        const children = this.#children(run, next.bounds);
        for (const child of children.reverse()) ahead.push({ ...child, depth: next.depth + 1 });
      } else throw this.#damage(run.id, `page ${run.id} has flags ${run.flags}, which no page of a tree has`);
    }
  }

  #children(run: PageRun, bounds: Bounds): { id: number; bounds: Bounds }[] {
    const { bytes, count } = run;
    if (count === 0) throw this.#damage(run.id, `branch page ${run.id} has no children`);
    const keys: Buffer[] = [];
    const ids: number[] = [];
    this.#checkElements(run);
    for (let i = 0; i < count; i++) {
      const at = PAGE_HEADER_BYTES + i * ELEMENT_BYTES;
      keys.push(this.#slice(run, at + getUint32(bytes, at), getUint32(bytes, at + 4)));
      ids.push(getUint64(bytes, at + 8));
    }
    this.#checkOrder(run, keys, bounds);
    return ids.map((id, i) => ({ id, bounds: { from: keys[i], to: keys[i + 1] ?? bounds.to } }));
  }

  #leaf(run: PageRun, bounds: Bounds): Leaf {
    const { bytes, count } = run;
    const keys: Buffer[] = [];
    const values: Buffer[] = [];
    const buckets: boolean[] = [];
    this.#checkElements(run);
    let room = bytes.length;
    for (let i = 0; i < count; i++) {
      const at = PAGE_HEADER_BYTES + i * ELEMENT_BYTES;
      const keyAt = at + getUint32(bytes, at + 4);
      const keySize = getUint32(bytes, at + 8);
      keys.push(this.#slice(run, keyAt, keySize));
      values.push(this.#slice(run, keyAt + keySize, getUint32(bytes, at + 12)));
      buckets.push((getUint32(bytes, at) & BUCKET_FLAG) !== 0);
      room -= keySize + getUint32(bytes, at + 12);
      // Rows that share their bytes would make a small file a database without end.
      if (room < 0) throw this.#damage(run.id, `elements of page ${run.id} overlap`);
    }
    this.#checkOrder(run, keys, bounds);
    return { keys, values, buckets };
  }

  #checkElements({ id, bytes, count }: PageRun): void {
    if (PAGE_HEADER_BYTES + count * ELEMENT_BYTES <= bytes.length) return;
    throw this.#damage(id, `page ${id} says that it has ${count} elements, more than fit`);
  }

  #slice({ id, bytes }: PageRun, start: number, size: number): Buffer {
    if (start + size > bytes.length) throw this.#damage(id, `an element of page ${id} reaches beyond it`);
    return bytes.subarray(start, start + size);
  }

  #checkOrder({ id }: PageRun, keys: readonly Buffer[], { from, to }: Bounds): void {
    for (let i = 1; i < keys.length; i++) {
      if (Buffer.compare(keys[i - 1] as Buffer, keys[i] as Buffer) >= 0) {
        throw this.#damage(id, `the keys of page ${id} do not ascend`);
      }
    }
    const first = keys[0];
    const last = keys.at(-1);
    const isBelow = from !== undefined && first !== undefined && Buffer.compare(first, from) < 0;
    const isAbove = to !== undefined && last !== undefined && Buffer.compare(last, to) >= 0;
    if (isBelow || isAbove) throw this.#damage(id, `page ${id} has keys that belong to another page`);
  }

  #damage(page: number, what: string): CorruptionError {
    return this.#source.damage(page * this.#source.pageBytes, what);
  }
}
