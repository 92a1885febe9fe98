/**
 * The ordered map from keys to their newest revision: a B+tree of `IndexPage`s.
 *
 *                [ 0 | m ]                 inner pages: shortest separators, live keys per child
 *               /         \
 *     [a:3 b:~7 f:9]   [m:1 p:12 z:~4]     leaves: whole keys; word >= 0: head slot of a live key,
 *                                          word < 0: ~slot of the tombstone of a deleted key
 *
 * A deleted key stays until compaction frees its tombstone. The live counts make `countLive` O(log n).
 *
 * Use: `seek` a key, then read or change it through the members that speak of "the sought key"; any other call in between
 * moves the cursor. `find`, `scan` and `countLive` have no cursor.
 */
import { assert } from "@quorate/std";
import { compareBytes } from "./byte-range.js";
import { createPageMemory, IndexPage, LONG_KEYS_MIN, PAGE_BYTES_MAX, PAGE_KEYS_MAX } from "./index-page.js";
import type { PageMemory } from "./page-memory.js";
import type { Slot } from "./store-api.js";

/** What `find` returns for a key that is not in the index; no word can have this value. */
export const ABSENT = -0x8000_0000;

/** A page with fewer keys looks for a neighbour to join; joined pages stay below `JOINED_KEYS_MAX`. */
const SPARSE_KEYS = 32;
const JOINED_KEYS_MAX = 96;
const NO_BYTES: Uint8Array = new Uint8Array(0);

/** `word` as in a leaf; the key's bytes [start, end) of `buffer` hold during the call. Return false to stop. */
export type WordVisitor = (word: number, buffer: Uint8Array, start: number, end: number) => boolean;

export class KeyIndex {
  readonly #memory: PageMemory = createPageMemory();
  #root: IndexPage = new IndexPage(this.#memory, 0, undefined);
  /** Inner levels above the leaves. */
  #height = 0;
  #keyCount = 0;
  #liveCount = 0;
  /** Grows when keys come, go or move: a scan that sees it change has been pulled from under. */
  #shape = 0;

  /** The cursor: inner pages from the root down, the child taken in each, the leaf, and `search`'s result there. */
  readonly #path: IndexPage[] = [];
  readonly #steps: number[] = [];
  #leaf: IndexPage = this.#root;
  #position = -1;

  /** Keys held, deleted ones included. */
  get keyCount(): number {
    return this.#keyCount;
  }

  get liveCount(): number {
    return this.#liveCount;
  }

  /** The word of a key, or ABSENT. */
  find(key: Uint8Array, start: number, end: number): number {
    let page = this.#root;
    for (let level = this.#height; level > 0; level--) page = childAt(page, childFor(page, key, start, end));
    const position = page.search(key, start, end);
    return position < 0 ? ABSENT : page.word(position);
  }

  /** Moves the cursor to a key. @returns its word, or ABSENT. */
  seek(key: Uint8Array, start: number, end: number): number {
    let page = this.#root;
    for (let level = 0; level < this.#height; level++) {
      const step = childFor(page, key, start, end);
      this.#path[level] = page;
      this.#steps[level] = step;
      page = childAt(page, step);
    }
    this.#leaf = page;
    this.#position = page.search(key, start, end);
    return this.#position < 0 ? ABSENT : page.word(this.#position);
  }

  /** Gives the sought key, which is in the index, another head; `live` is false for a tombstone. */
  setHead(slot: Slot, live: boolean): void {
    const was = this.#leaf.word(this.#position);
    this.#leaf.setWord(this.#position, live ? slot : ~slot);
    if (was >= 0 !== live) this.#addLive(live ? 1 : -1);
  }

  #addLive(difference: number): void {
    this.#liveCount += difference;
    for (let level = 0; level < this.#height; level++) {
      const page = this.#path[level] as IndexPage;
      const step = this.#steps[level] as number;
      page.setWord(step, page.word(step) + difference);
    }
  }

  /** Inserts the sought key, which is not in the index. */
  insert(key: Uint8Array, start: number, end: number, slot: Slot, live: boolean): void {
    assert(this.#position < 0, "insert of a key that is there");
    const position = ~this.#position;
    const word = live ? slot : ~slot;
    this.#shape += 1;
    this.#keyCount += 1;
    if (live) this.#addLive(1);
    const leaf = this.#leaf;
    if (fits(leaf, end - start)) {
      leaf.insert(position, key, start, end, word);
      leaf.insertedAt = position;
    } else {
      this.#insertSplitting(leaf, position, key, start, end, word);
    }
  }

  #insertSplitting(
    leaf: IndexPage,
    position: number,
    key: Uint8Array,
    start: number,
    end: number,
    word: number,
  ): void {
    // Ascending keys would leave every page half empty: a full page that was filled in order stays full.
    const ascending = position === leaf.count && leaf.insertedAt === position - 1;
    const middle = ascending ? position : splitPosition(leaf);
    const right = leaf.split(middle);
    if (ascending) leaf.trim();
    const target = position < middle || (position === middle && !ascending) ? leaf : right;
    const targetPosition = target === leaf ? position : position - middle;
    target.insert(targetPosition, key, start, end, word);
    target.insertedAt = targetPosition;
    this.#insertChild(this.#height - 1, leaf, right, right.createSeparator(leaf));
  }

  /** Puts `right`, split off `left`, into the parent at `level` of the path. */
  #insertChild(level: number, left: IndexPage, right: IndexPage, separator: Uint8Array): void {
    if (level < 0) {
      const root = new IndexPage(this.#memory, separator.length, [left, right]);
      root.insert(0, NO_BYTES, 0, 0, liveUnder(left));
      root.insert(1, separator, 0, separator.length, liveUnder(right));
      this.#root = root;
      this.#height += 1;
      return;
    }
    let parent = this.#path[level] as IndexPage;
    let step = this.#steps[level] as number;
    parent.setWord(step, liveUnder(left));
    if (parent.count === PAGE_KEYS_MAX) {
      const middle = PAGE_KEYS_MAX >> 1;
      const parentRight = parent.split(middle);
      const parentLeft = parent;
      if (step >= middle) {
        parent = parentRight;
        step -= middle;
      }
      insertChildAt(parent, step + 1, right, separator);
      this.#insertChild(level - 1, parentLeft, parentRight, parentRight.copyKey(0));
    } else {
      insertChildAt(parent, step + 1, right, separator);
    }
  }

  /** Removes the sought key, which is in the index. */
  remove(): void {
    assert(this.#position >= 0, "removal of a key that is not there");
    if (this.#leaf.word(this.#position) >= 0) this.#addLive(-1);
    this.#shape += 1;
    this.#keyCount -= 1;
    this.#leaf.remove(this.#position);
    this.#repair(this.#height - 1, this.#leaf);
  }

  /** After a removal below `level` of the path: drops the child when empty, joins it with a neighbour when sparse. */
  #repair(level: number, child: IndexPage): void {
    if (level < 0) {
      while (this.#height > 0 && this.#root.count <= 1) {
        const old = this.#root;
        this.#root = old.count === 1 ? childAt(old, 0) : new IndexPage(this.#memory, 0, undefined);
        old.release();
        this.#height = this.#root.children === undefined ? 0 : this.#height - 1;
      }
      return;
    }
    if (child.count >= SPARSE_KEYS) return;
    const parent = this.#path[level] as IndexPage;
    const step = this.#steps[level] as number;
    if (child.count === 0) removeChildAt(parent, step);
    else if (!joinChildren(parent, step - 1) && !joinChildren(parent, step)) return;
    this.#repair(level - 1, parent);
  }

  /**
   * Visits the keys in [from, to) ascending, deleted ones included; `to` undefined means no bound. The visitor may change
   * heads; it may not add or remove keys.
   */
  scan(from: Uint8Array, to: Uint8Array | undefined, visit: WordVisitor): void {
    if (to !== undefined && compareBytes(from, to) >= 0) return;
    this.#scanPage(this.#root, from, to, visit);
  }

  /** `from` undefined: from the page's beginning. @returns false once the visitor has stopped or `to` is reached. */
  #scanPage(
    page: IndexPage,
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
    visit: WordVisitor,
  ): boolean {
    const children = page.children;
    if (children === undefined) return this.#scanLeaf(page, from, to, visit);
    const first = from === undefined ? 0 : childFor(page, from, 0, from.length);
    const last = to === undefined ? page.count - 1 : childFor(page, to, 0, to.length);
    for (let i = first; i <= last; i++) {
      const child = children[i] as IndexPage;
      const bound = i === last ? to : undefined;
      if (!this.#scanPage(child, i === first ? from : undefined, bound, visit)) return false;
    }
    return true;
  }

  #scanLeaf(
    page: IndexPage,
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
    visit: WordVisitor,
  ): boolean {
    const shape = this.#shape;
    const end = to === undefined ? page.count : lowerBound(page, to);
    for (let i = from === undefined ? 0 : lowerBound(page, from); i < end; i++) {
      const proceed = visit(page.word(i), page.bytes, page.keyStart(i), page.keyEnd(i));
      assert(this.#shape === shape, "the index changed shape under a scan");
      if (!proceed) return false;
    }
    return true;
  }

  /** Number of live keys in [from, to). */
  countLive(from: Uint8Array, to: Uint8Array | undefined): number {
    if (to === undefined) return this.#liveCount - this.#liveBelow(from);
    if (compareBytes(from, to) >= 0) return 0;
    return this.#liveBelow(to) - this.#liveBelow(from);
  }

  #liveBelow(bound: Uint8Array): number {
    let page = this.#root;
    let count = 0;
    for (let level = this.#height; level > 0; level--) {
      const step = childFor(page, bound, 0, bound.length);
      for (let i = 0; i < step; i++) count += page.word(i);
      page = childAt(page, step);
    }
    const end = lowerBound(page, bound);
    for (let i = 0; i < end; i++) if (page.word(i) >= 0) count += 1;
    return count;
  }
}

function childAt(page: IndexPage, position: number): IndexPage {
  return (page.children as IndexPage[])[position] as IndexPage;
}

/** The child of an inner page that holds `key` or would. */
function childFor(page: IndexPage, key: Uint8Array, start: number, end: number): number {
  const position = page.search(key, start, end);
  return position >= 0 ? position : ~position - 1;
}

function lowerBound(page: IndexPage, key: Uint8Array): number {
  const position = page.search(key, 0, key.length);
  return position >= 0 ? position : ~position;
}

function fits(leaf: IndexPage, size: number): boolean {
  if (leaf.count === PAGE_KEYS_MAX) return false;
  return leaf.count < LONG_KEYS_MIN || leaf.bytesUsed + size <= PAGE_BYTES_MAX;
}

/** Where to split a leaf: half of its keys, or of its bytes when those are why it is full. */
function splitPosition(leaf: IndexPage): number {
  if (leaf.count === PAGE_KEYS_MAX) return PAGE_KEYS_MAX >> 1;
  const half = leaf.bytesUsed / 2;
  let position = 1;
  while (position < leaf.count - 1 && leaf.keyStart(position) < half) position++;
  return position;
}

function liveUnder(page: IndexPage): number {
  let count = 0;
  if (page.children !== undefined) for (let i = 0; i < page.count; i++) count += page.word(i);
  else for (let i = 0; i < page.count; i++) if (page.word(i) >= 0) count += 1;
  return count;
}

function insertChildAt(parent: IndexPage, position: number, child: IndexPage, separator: Uint8Array): void {
  parent.insert(position, separator, 0, separator.length, liveUnder(child));
  (parent.children as IndexPage[]).splice(position, 0, child);
}

function removeChildAt(parent: IndexPage, position: number): void {
  parent.remove(position);
  for (const removed of (parent.children as IndexPage[]).splice(position, 1)) removed.release();
}

/** Joins the children at `position` and `position + 1` if both exist and fit together. @returns whether it did. */
function joinChildren(parent: IndexPage, position: number): boolean {
  if (position < 0 || position + 1 >= parent.count) return false;
  const left = childAt(parent, position);
  const right = childAt(parent, position + 1);
  if (left.count + right.count > JOINED_KEYS_MAX) return false;
  if (left.children === undefined && left.bytesUsed + right.bytesUsed > PAGE_BYTES_MAX) return false;
  left.append(right, parent.copyKey(position + 1));
  parent.setWord(position, liveUnder(left));
  removeChildAt(parent, position + 1);
  return true;
}
