/**
 * Pages on their way into a file, in order of their ids: filled in blocks, written one block at a time while the next is filled.
 *
 * `reserve` never waits, so that encoding is plain synchronous code; whoever feeds the tree calls `drain` between rows when
 * `needsDrain` says so. Memory: `BLOCKS_POOLED` blocks, plus what one row needs beyond a block.
 */
import type { FileHandle } from "node:fs/promises";

/** Large enough that the disk streams, small enough that filling one takes under a millisecond. */
const BLOCK_BYTES: number = 1024 * 1024;
/** One is filled, one is written. */
const BLOCKS_POOLED = 2;

interface Block {
  readonly bytes: Buffer;
  used: number;
}

export class PageSink {
  readonly pageBytes: number;
  readonly #file: FileHandle;
  #nextPage: number;
  /** Where the block that is written next belongs, in bytes from the start of the file. */
  #position: number;
  #open: Block;
  readonly #full: Block[] = [];
  readonly #spare: Buffer[] = [];
  /** Never rejects: a failure is kept, and told to whoever drains next. */
  #writing: Promise<void> = Promise.resolve();
  #failure: Error | undefined;

  /** Where in `bytes` the newest reservation begins. */
  bytes: Buffer;
  at = 0;

  constructor(file: FileHandle, pageBytes: number, firstPage: number) {
    this.#file = file;
    this.pageBytes = pageBytes;
    this.#nextPage = firstPage;
    this.#position = firstPage * pageBytes;
    this.#open = { bytes: Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, pageBytes)), used: 0 };
    this.bytes = this.#open.bytes;
  }

  /** The id that comes next; in the end, the number of pages in the file. */
  get nextPage(): number {
    return this.#nextPage;
  }

  /** Room for `byteCount` bytes in whole pages: `bytes` from `at`, not zeroed. @returns the id of the first page. */
  reserve(byteCount: number): number {
    const pages = Math.ceil(byteCount / this.pageBytes);
    const size = pages * this.pageBytes;
    if (this.#open.used + size > this.#open.bytes.length) {
      if (this.#open.used > 0) this.#full.push(this.#open);
      else this.#pool(this.#open.bytes);
      this.#open = { bytes: this.#takeBuffer(size), used: 0 };
    }
    this.bytes = this.#open.bytes;
    this.at = this.#open.used;
    this.#open.used += size;
    const page = this.#nextPage;
    this.#nextPage += pages;
    return page;
  }

  get needsDrain(): boolean {
    return this.#full.length > 0;
  }

  /** Hands full blocks to the disk; waits for those handed over before. @throws what the disk said */
  async drain(): Promise<void> {
    for (let block = this.#full.shift(); block !== undefined; block = this.#full.shift()) {
      await this.#writing;
      if (this.#failure !== undefined) throw this.#failure;
      this.#writing = this.#write(block, this.#position);
      this.#position += block.used;
    }
  }

  /** Everything reserved so far is in the file when it resolves. */
  async finish(): Promise<void> {
    if (this.#open.used > 0) this.#full.push(this.#open);
    this.#open = { bytes: Buffer.alloc(0), used: 0 };
    await this.drain();
    await this.settle();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Resolves when nothing is under way: only then may the file be closed. */
  settle(): Promise<void> {
    return this.#writing;
  }

  async #write(block: Block, position: number): Promise<void> {
    try {
      // A nearly full disk answers with a short write; the next one tells why.
      for (let done = 0; done < block.used;) {
        done += (await this.#file.write(block.bytes, done, block.used - done, position + done)).bytesWritten;
      }
      this.#pool(block.bytes);
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  #pool(bytes: Buffer): void {
    if (bytes.length === BLOCK_BYTES && this.#spare.length < BLOCKS_POOLED) this.#spare.push(bytes);
  }

  #takeBuffer(size: number): Buffer {
    if (size > BLOCK_BYTES) return Buffer.allocUnsafeSlow(size);
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }
}
