/**
 * Intervals of keys [from, to), found by a key that lies in them: a treap ordered by `from`, then `to`, in which each node knows
 * the furthest `to` below it.
 *
 * A lookup turns away from every subtree that ends before the key, so it costs O(log n) and what it finds, however many
 * intervals lie elsewhere. Nodes are rows of columns; keys lie in a `KeyArena`. Priorities come from a hash, not from chance:
 * the same calls give the same tree.
 * Source: Seidel and Aragon, "Randomized search trees" (1996); Cormen et al., section 14.3.
 */
import { compareRanges } from "../mvcc/byte-range.js";
import { Int32Column, NONE, type NumberList, RowAllocator } from "./columns.js";
import { hashBytes } from "./hash-table.js";
import type { KeyArena } from "./key-arena.js";

/** `to` of an interval without an end. */
const NO_END = -1;

export class IntervalTree {
  readonly #arena: KeyArena;
  readonly #seed: number;
  readonly #from: Int32Column = new Int32Column();
  readonly #fromSize: Int32Column = new Int32Column();
  readonly #to: Int32Column = new Int32Column();
  readonly #toSize: Int32Column = new Int32Column();
  readonly #left: Int32Column = new Int32Column();
  readonly #right: Int32Column = new Int32Column();
  /** The node in this subtree whose `to` is the largest. */
  readonly #furthest: Int32Column = new Int32Column();
  readonly #priority: Int32Column = new Int32Column();
  readonly #value: Int32Column = new Int32Column();
  readonly #rows: RowAllocator = new RowAllocator(this.#left);
  #root = NONE;

  constructor(arena: KeyArena, seed: number) {
    this.#arena = arena;
    this.#seed = seed;
  }

  valueOf(node: number): number {
    return this.#value.get(node);
  }

  /** The node of exactly this interval, or NONE. `to === undefined` means no end. */
  find(from: Uint8Array, to: Uint8Array | undefined): number {
    let node = this.#root;
    while (node !== NONE) {
      const order = this.#compare(node, from, to);
      if (order === 0) return node;
      node = order > 0 ? this.#left.get(node) : this.#right.get(node);
    }
    return NONE;
  }

  /** Adds an interval that is not there. @returns its node. */
  insert(from: Uint8Array, to: Uint8Array | undefined, value: number): number {
    const node = this.#rows.allocate();
    this.#from.set(node, this.#arena.add(from, 0, from.length));
    this.#fromSize.set(node, from.length);
    this.#to.set(node, to === undefined ? NO_END : this.#arena.add(to, 0, to.length));
    this.#toSize.set(node, to === undefined ? 0 : to.length);
    this.#left.set(node, NONE);
    this.#right.set(node, NONE);
    this.#furthest.set(node, node);
    const hash = hashBytes(this.#seed, from, 0, from.length);
    this.#priority.set(node, to === undefined ? hash : hashBytes(hash, to, 0, to.length));
    this.#value.set(node, value);
    this.#root = this.#insertBelow(this.#root, node, from, to);
    return node;
  }

  #insertBelow(top: number, node: number, from: Uint8Array, to: Uint8Array | undefined): number {
    if (top === NONE) return node;
    if (this.#compare(top, from, to) > 0) {
      const left = this.#insertBelow(this.#left.get(top), node, from, to);
      this.#left.set(top, left);
      if (this.#priority.get(left) > this.#priority.get(top)) return this.#rotateRight(top, left);
    } else {
      const right = this.#insertBelow(this.#right.get(top), node, from, to);
      this.#right.set(top, right);
      if (this.#priority.get(right) > this.#priority.get(top)) return this.#rotateLeft(top, right);
    }
    this.#update(top);
    return top;
  }

  remove(node: number): void {
    const from = this.#fromBytes(node);
    const to = this.#toBytes(node);
    this.#root = this.#removeBelow(this.#root, node, from, to);
    this.#arena.free(this.#from.get(node), this.#fromSize.get(node));
    if (this.#to.get(node) !== NO_END) this.#arena.free(this.#to.get(node), this.#toSize.get(node));
    this.#rows.free(node);
  }

  #removeBelow(top: number, node: number, from: Uint8Array, to: Uint8Array | undefined): number {
    if (top === node) return this.#merge(this.#left.get(node), this.#right.get(node));
    if (this.#compare(top, from, to) > 0)
      this.#left.set(top, this.#removeBelow(this.#left.get(top), node, from, to));
    else this.#right.set(top, this.#removeBelow(this.#right.get(top), node, from, to));
    this.#update(top);
    return top;
  }

  /** One tree of two, all of whose left one's intervals come before the right one's. */
  #merge(left: number, right: number): number {
    if (left === NONE) return right;
    if (right === NONE) return left;
    if (this.#priority.get(left) > this.#priority.get(right)) {
      this.#right.set(left, this.#merge(this.#right.get(left), right));
      this.#update(left);
      return left;
    }
    this.#left.set(right, this.#merge(left, this.#left.get(right)));
    this.#update(right);
    return right;
  }

  #rotateRight(top: number, left: number): number {
    this.#left.set(top, this.#right.get(left));
    this.#right.set(left, top);
    this.#update(top);
    this.#update(left);
    return left;
  }

  #rotateLeft(top: number, right: number): number {
    this.#right.set(top, this.#left.get(right));
    this.#left.set(right, top);
    this.#update(top);
    this.#update(right);
    return right;
  }

  #update(node: number): void {
    let furthest = node;
    const left = this.#left.get(node);
    const right = this.#right.get(node);
    if (left !== NONE) furthest = this.#further(furthest, this.#furthest.get(left));
    if (right !== NONE) furthest = this.#further(furthest, this.#furthest.get(right));
    this.#furthest.set(node, furthest);
  }

  #further(a: number, b: number): number {
    const addressA = this.#to.get(a);
    const addressB = this.#to.get(b);
    if (addressA === NO_END) return a;
    if (addressB === NO_END) return b;
    const startA = this.#arena.offsetOf(addressA);
    const order = this.#compareAt(addressB, this.#toSize.get(b), {
      bytes: this.#arena.pageOf(addressA),
      start: startA,
      end: startA + this.#toSize.get(a),
    });
    return order > 0 ? b : a;
  }

  /** Appends the values of all intervals that the key bytes[start, end) lies in. */
  stab(bytes: Uint8Array, start: number, end: number, found: NumberList): void {
    if (this.#root !== NONE) this.#stabBelow(this.#root, bytes, start, end, found);
  }

  #stabBelow(top: number, bytes: Uint8Array, start: number, end: number, found: NumberList): void {
    let node = top;
    while (node !== NONE && this.#endsAfter(this.#furthest.get(node), bytes, start, end)) {
      const left = this.#left.get(node);
      if (left !== NONE) this.#stabBelow(left, bytes, start, end, found);
      const address = this.#from.get(node);
      const at = this.#arena.offsetOf(address);
      const order = compareRanges(
        this.#arena.pageOf(address),
        at,
        at + this.#fromSize.get(node),
        bytes,
        start,
        end,
      );
      // Everything to the right begins behind the key too.
      if (order > 0) return;
      if (this.#endsAfter(node, bytes, start, end)) found.push(this.#value.get(node));
      node = this.#right.get(node);
    }
  }

  #endsAfter(node: number, bytes: Uint8Array, start: number, end: number): boolean {
    const address = this.#to.get(node);
    if (address === NO_END) return true;
    const at = this.#arena.offsetOf(address);
    const page = this.#arena.pageOf(address);
    return compareRanges(page, at, at + this.#toSize.get(node), bytes, start, end) > 0;
  }

  /** Order of a node's interval and the given one. */
  #compare(node: number, from: Uint8Array, to: Uint8Array | undefined): number {
    const order = this.#compareAt(this.#from.get(node), this.#fromSize.get(node), whole(from));
    if (order !== 0) return order;
    const address = this.#to.get(node);
    if (address === NO_END) return to === undefined ? 0 : 1;
    return to === undefined ? -1 : this.#compareAt(address, this.#toSize.get(node), whole(to));
  }

  #compareAt(address: number, size: number, other: Bytes): number {
    const at = this.#arena.offsetOf(address);
    const page = this.#arena.pageOf(address);
    return compareRanges(page, at, at + size, other.bytes, other.start, other.end);
  }

  #fromBytes(node: number): Uint8Array {
    const at = this.#arena.offsetOf(this.#from.get(node));
    return this.#arena.pageOf(this.#from.get(node)).subarray(at, at + this.#fromSize.get(node));
  }

  #toBytes(node: number): Uint8Array | undefined {
    const address = this.#to.get(node);
    if (address === NO_END) return undefined;
    const at = this.#arena.offsetOf(address);
    return this.#arena.pageOf(address).subarray(at, at + this.#toSize.get(node));
  }
}

interface Bytes {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

function whole(bytes: Uint8Array): Bytes {
  return { bytes, start: 0, end: bytes.length };
}
