/**
 * Builds one B+tree of a bbolt file from rows that come in ascending order, from the leaves up, in a single pass.
 *
 * Each level keeps one unfinished page. A page that is full goes to the sink, and its (first key, page id) to the level above,
 * so memory does not grow with the tree. A branch page that goes leaves its last child to the next one: a later Go member asserts
 * that no branch has a lone child, and which page is the last one is known only at the end.
 */
import { assert } from "@quorate/std";
import { BranchPage } from "./branch-page.js";
import { CorruptionError } from "../errors.js";
import {
  BUCKET_FLAG,
  BUCKET_HEADER_BYTES,
  ELEMENTS_MAX,
  ELEMENT_BYTES,
  INLINE_SHARE,
  KEY_BYTES_MAX,
  PAGE_HEADER_BYTES,
} from "./format.js";
import { encodeLeaf } from "./leaf-page.js";
import type { PageSink } from "./page-sink.js";

/** A finished tree: where its root lies, or, of a small one, its only page. */
export type BuiltTree =
  | { readonly kind: "paged"; readonly rootPage: number }
  | { readonly kind: "inline"; readonly page: Uint8Array };

export class TreeBuilder {
  readonly #sink: PageSink;
  readonly #name: string;
  readonly #elementFlags: number;
  #keys: Uint8Array[] = [];
  #values: Uint8Array[] = [];
  #leafBytes = PAGE_HEADER_BYTES;
  #lastKey: Uint8Array | undefined;
  readonly #levels: BranchPage[] = [];

  /** @param holds what the rows' values are; only the root tree holds buckets. @param name for messages. */
  constructor(sink: PageSink, name: string, holds: "rows" | "buckets") {
    this.#sink = sink;
    this.#name = name;
    this.#elementFlags = holds === "buckets" ? BUCKET_FLAG : 0;
  }

  /** Neither key nor value may change until the tree is finished. @throws CorruptionError when the order is wrong */
  add(key: Uint8Array, value: Uint8Array): void {
    this.#checkKey(key);
    const size = ELEMENT_BYTES + key.length + value.length;
    const isFull = this.#leafBytes + size > this.#sink.pageBytes || this.#keys.length >= ELEMENTS_MAX;
    if (this.#keys.length > 0 && isFull) this.#endLeaf();
    this.#keys.push(key);
    this.#values.push(value);
    this.#leafBytes += size;
    this.#lastKey = key;
  }

  #checkKey(key: Uint8Array): void {
    const last = this.#lastKey;
    if (key.length === 0 || key.length > KEY_BYTES_MAX) {
      throw new CorruptionError(
        this.#name,
        0,
        `a key of ${key.length} bytes cannot be stored in a database file`,
      );
    }
    if (last !== undefined && Buffer.compare(last, key) >= 0) {
      const what = `key ${hex(key)} comes after ${hex(last)}`;
      throw new CorruptionError(this.#name, 0, what);
    }
  }

  #endLeaf(): void {
    const first = this.#keys[0] as Uint8Array;
    const page = this.#sink.reserve(this.#leafBytes);
    const run = Math.ceil(this.#leafBytes / this.#sink.pageBytes) * this.#sink.pageBytes;
    const { bytes, at } = this.#sink;
    const end = encodeLeaf(bytes, at, {
      page,
      flags: this.#elementFlags,
      keys: this.#keys,
      values: this.#values,
    });
    assert(end === at + this.#leafBytes, "leaf of another size than counted");
    bytes.fill(0, end, at + run);
    bytes.writeUInt32LE(run / this.#sink.pageBytes - 1, at + 12);
    this.#keys = [];
    this.#values = [];
    this.#leafBytes = PAGE_HEADER_BYTES;
    this.#addChild(0, first, page);
  }

  #addChild(level: number, key: Uint8Array, child: number): void {
    let branch = this.#levels[level];
    if (branch === undefined) this.#levels.push((branch = new BranchPage(this.#sink)));
    if (!branch.hasRoom(key)) {
      const [first, page] = branch.endButLast();
      this.#addChild(level + 1, first, page);
    }
    branch.add(key, child);
  }

  /** No more rows: completes the pages of all levels. A tree of rows that is small enough becomes inline. */
  finish(): BuiltTree {
    const isSmall = this.#leafBytes <= this.#sink.pageBytes / INLINE_SHARE;
    if (this.#levels.length === 0 && this.#elementFlags === 0 && isSmall) {
      const bytes = Buffer.alloc(this.#leafBytes);
      encodeLeaf(bytes, 0, { page: 0, flags: 0, keys: this.#keys, values: this.#values });
      return { kind: "inline", page: bytes };
    }
    this.#endLeaf();
    let level = 0;
    for (;;) {
      const branch = this.#levels[level] as BranchPage;
      if (branch.onlyChild !== undefined) return { kind: "paged", rootPage: branch.onlyChild };
      const [first, page] = branch.end();
      this.#addChild(level + 1, first, page);
      level += 1;
    }
  }
}

/** What the root tree holds for a bucket: the head, then, of an inline one, its page. */
export function encodeBucket(tree: BuiltTree): Uint8Array {
  if (tree.kind === "paged") {
    const value = Buffer.alloc(BUCKET_HEADER_BYTES);
    value.writeBigUInt64LE(BigInt(tree.rootPage));
    return value;
  }
  const value = new Uint8Array(BUCKET_HEADER_BYTES + tree.page.length);
  value.set(tree.page, BUCKET_HEADER_BYTES);
  return value;
}

function hex(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, Math.min(key.length, 32)).toString("hex");
}
