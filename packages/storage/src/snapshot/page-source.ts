/**
 * Pages of a database file, read in blocks: files that we and etcd write lie mostly in order, so one trip to the disk serves many
 * pages. Buffers are never used again, so views into them stay valid as long as somebody holds them.
 */
import type { FileHandle } from "node:fs/promises";
import { CorruptionError } from "../errors.js";
import { getUint16, getUint32, getUint64 } from "./format.js";

const BLOCK_BYTES: number = 256 * 1024;
/** Blocks kept: upper levels of a tree and its leaves lie apart. */
const BLOCKS_KEPT = 8;
/** The longest run of pages that is read: a row is far smaller than that, and a damaged length must not take all memory. */
export const RUN_BYTES_MAX: number = 512 * 1024 * 1024;

export interface PageRun {
  readonly id: number;
  readonly flags: number;
  readonly count: number;
  /** Pages behind the first one. */
  readonly overflow: number;
  /** The whole run, header included. */
  readonly bytes: Buffer;
}

export class PageSource {
  readonly path: string;
  readonly pageBytes: number;
  readonly highWater: number;
  readonly #file: FileHandle;
  readonly #sizeBytes: number;
  readonly #blockBytes: number;
  /** In order of use, the newest last. */
  readonly #blocks = new Map<number, Buffer>();

  constructor(
    file: FileHandle,
    shape: { path: string; pageBytes: number; highWater: number; sizeBytes: number },
  ) {
    this.#file = file;
    this.path = shape.path;
    this.pageBytes = shape.pageBytes;
    this.highWater = shape.highWater;
    this.#sizeBytes = shape.sizeBytes;
    this.#blockBytes = Math.max(BLOCK_BYTES, shape.pageBytes);
  }

  /** The page `id` with what overflows from it. @throws CorruptionError when it is not one page run of this file */
  async read(id: number): Promise<PageRun> {
    const position = id * this.pageBytes;
    if (!(id >= 2 && id < this.highWater))
      throw this.damage(0, `page ${id} lies outside of the file's pages`);
    const start = Math.floor(position / this.#blockBytes) * this.#blockBytes;
    const block = await this.#block(start);
    const page = block.subarray(position - start, position - start + this.pageBytes);
    if (page.length < this.pageBytes) throw this.damage(position, `the file ends within page ${id}`);
    const header = {
      id: getUint64(page, 0),
      flags: getUint16(page, 8),
      count: getUint16(page, 10),
      overflow: getUint32(page, 12),
    };
    if (header.id !== id) throw this.damage(position, `page ${id} says that it is page ${header.id}`);
    if (header.overflow === 0) return { ...header, bytes: page };
    const size = (header.overflow + 1) * this.pageBytes;
    if (id + header.overflow >= this.highWater || size > RUN_BYTES_MAX) {
      throw this.damage(position, `page ${id} says that ${header.overflow} pages continue it`);
    }
    const inBlock = block.subarray(position - start, position - start + size);
    return { ...header, bytes: inBlock.length === size ? inBlock : await this.#readAt(position, size) };
  }

  async #block(start: number): Promise<Buffer> {
    const known = this.#blocks.get(start);
    if (known !== undefined) {
      this.#blocks.delete(start);
      this.#blocks.set(start, known);
      return known;
    }
    const block = await this.#readAt(start, Math.min(this.#blockBytes, this.#sizeBytes - start));
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size < BLOCKS_KEPT) break;
      this.#blocks.delete(oldest);
    }
    this.#blocks.set(start, block);
    return block;
  }

  async #readAt(position: number, size: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(size);
    for (let done = 0; done < size;) {
      const { bytesRead } = await this.#file.read(bytes, done, size - done, position + done);
      if (bytesRead === 0)
        throw this.damage(position + done, "the file has become shorter while it was read");
      done += bytesRead;
    }
    return bytes;
  }

  damage(offset: number, what: string): CorruptionError {
    return new CorruptionError(this.path, offset, what);
  }
}
