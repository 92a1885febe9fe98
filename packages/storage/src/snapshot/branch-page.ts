/** The unfinished page of one branch level: children in ascending order of their first keys. */
import { assert } from "@quorate/std";
import {
  ELEMENTS_MAX,
  ELEMENT_BYTES,
  PAGE_HEADER_BYTES,
  PageFlag,
  putUint16,
  putUint32,
  putUint64,
} from "./format.js";
import type { PageSink } from "./page-sink.js";

/** One more than stay together, because one goes on to the next page. With long keys the page then overflows. */
const CHILDREN_MIN = 3;

/** First key and id of a page. */
export type Child = readonly [key: Uint8Array, page: number];

export class BranchPage {
  readonly #sink: PageSink;
  #keys: Uint8Array[] = [];
  #pages: number[] = [];
  #bytes = PAGE_HEADER_BYTES;
  #hasEnded = false;

  constructor(sink: PageSink) {
    this.#sink = sink;
  }

  hasRoom(key: Uint8Array): boolean {
    if (this.#keys.length < CHILDREN_MIN) return true;
    return (
      this.#bytes + ELEMENT_BYTES + key.length <= this.#sink.pageBytes && this.#keys.length < ELEMENTS_MAX
    );
  }

  add(key: Uint8Array, page: number): void {
    // A copy: the key may be a view into a chunk of rows many times its size.
    this.#keys.push(key.slice());
    this.#pages.push(page);
    this.#bytes += ELEMENT_BYTES + key.length;
  }

  /** The child when it is the only one the level ever had: then the level is not needed. */
  get onlyChild(): number | undefined {
    return this.#hasEnded || this.#pages.length !== 1 ? undefined : this.#pages[0];
  }

  /** Writes the page with all children but the last, which begins the next page. */
  endButLast(): Child {
    const key = this.#keys.pop() as Uint8Array;
    const page = this.#pages.pop() as number;
    this.#bytes -= ELEMENT_BYTES + key.length;
    const ended = this.end();
    this.add(key, page);
    return ended;
  }

  /** Writes the page. */
  end(): Child {
    assert(this.#pages.length > 1, "a branch page needs two children");
    const page = this.#encode();
    const first = this.#keys[0] as Uint8Array;
    this.#keys = [];
    this.#pages = [];
    this.#bytes = PAGE_HEADER_BYTES;
    this.#hasEnded = true;
    return [first, page];
  }

  #encode(): number {
    const sink = this.#sink;
    const id = sink.reserve(this.#bytes);
    const pages = Math.ceil(this.#bytes / sink.pageBytes);
    const { bytes, at } = sink;
    putUint64(bytes, at, id);
    putUint16(bytes, at + 8, PageFlag.Branch);
    putUint16(bytes, at + 10, this.#pages.length);
    putUint32(bytes, at + 12, pages - 1);
    let element = at + PAGE_HEADER_BYTES;
    let data = element + this.#pages.length * ELEMENT_BYTES;
    for (const [i, key] of this.#keys.entries()) {
      putUint32(bytes, element, data - element);
      putUint32(bytes, element + 4, key.length);
      putUint64(bytes, element + 8, this.#pages[i] as number);
      bytes.set(key, data);
      data += key.length;
      element += ELEMENT_BYTES;
    }
    bytes.fill(0, data, at + pages * sink.pageBytes);
    return id;
  }
}
