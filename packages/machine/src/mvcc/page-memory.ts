/**
 * Memory of index pages, cut from slabs: a page is one small object that knows where its bytes and its table lie. Arrays of
 * their own would make it five objects, and at ten million keys tracing them is what the garbage collector does all day.
 *
 * Tables have one size. Bytes come in size classes; more than the largest class gets an array of its own. Places given back
 * are used again and never returned to the system: an index that shrinks keeps what it needed at its largest.
 */

const SLAB_BYTES: number = 256 * 1024;
/** Ascending, at most a half apart where most pages are; what a slab has left behind its last place is lost. */
const CLASS_BYTES: readonly number[] = [
  64, 128, 256, 512, 768, 1024, 1536, 2048, 2560, 3072, 4096, 5120, 6144, 8192, 12288, 16384,
];
const CLASS_BYTES_MAX = 16384;
const TABLES_PER_SLAB = 64;

/** Free places of one size, and the slab being cut. */
class FreePlaces<Slab> {
  readonly slabs: Slab[] = [];
  readonly bases: number[] = [];
  open: Slab | undefined = undefined;
  /** Where the open slab's next place begins. */
  next = 0;
}

/** What a page has of its memory; `take...` fills it in. */
export interface PageStorage {
  bytes: Uint8Array;
  bytesBase: number;
  capacity: number;
  table: Int32Array;
  tableBase: number;
}

export class PageMemory {
  readonly #tableSize: number;
  readonly #tables: FreePlaces<Int32Array> = new FreePlaces();
  readonly #classes: readonly FreePlaces<Uint8Array>[] = CLASS_BYTES.map(() => new FreePlaces<Uint8Array>());

  /** @param tableSize words of a table. */
  constructor(tableSize: number) {
    this.#tableSize = tableSize;
  }

  /** Gives the page a table of arbitrary content. */
  takeTable(page: PageStorage): void {
    const places = this.#tables;
    const slab = places.slabs.pop();
    if (slab !== undefined) {
      page.table = slab;
      page.tableBase = places.bases.pop() as number;
      return;
    }
    if (places.open === undefined || places.next + this.#tableSize > places.open.length) {
      places.open = new Int32Array(this.#tableSize * TABLES_PER_SLAB);
      places.next = 0;
    }
    page.table = places.open;
    page.tableBase = places.next;
    places.next += this.#tableSize;
  }

  releaseTable(page: PageStorage): void {
    this.#tables.slabs.push(page.table);
    this.#tables.bases.push(page.tableBase);
  }

  /** Gives the page at least `size` bytes of arbitrary content; what it had before is the caller's to release. */
  takeBytes(page: PageStorage, size: number): void {
    page.bytesBase = 0;
    page.capacity = size;
    if (size > CLASS_BYTES_MAX) {
      page.bytes = new Uint8Array(size);
      return;
    }
    const classIndex = classOf(size);
    const places = this.#classes[classIndex] as FreePlaces<Uint8Array>;
    const classBytes = CLASS_BYTES[classIndex] as number;
    page.capacity = classBytes;
    const slab = places.slabs.pop();
    if (slab !== undefined) {
      page.bytes = slab;
      page.bytesBase = places.bases.pop() as number;
      return;
    }
    if (places.open === undefined || places.next + classBytes > SLAB_BYTES) {
      places.open = new Uint8Array(SLAB_BYTES);
      places.next = 0;
    }
    page.bytes = places.open;
    page.bytesBase = places.next;
    places.next += classBytes;
  }

  /** Takes back `capacity` bytes of `bytes` from `base` on, as `takeBytes` gave them. */
  releaseBytes(bytes: Uint8Array, base: number, capacity: number): void {
    if (capacity > CLASS_BYTES_MAX) return;
    const places = this.#classes[classOf(capacity)] as FreePlaces<Uint8Array>;
    places.slabs.push(bytes);
    places.bases.push(base);
  }
}

/** The smallest class that holds `size` bytes. */
function classOf(size: number): number {
  let index = 0;
  while ((CLASS_BYTES[index] as number) < size) index++;
  return index;
}
