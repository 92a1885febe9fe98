/**
 * A segment that is being written, and the zeros ahead of its records.
 *
 * Writing over zeros that are already on the disk costs one flush and no change to the file system's own tables; growing a
 * file costs a journal commit with every write. Node has no fallocate, and fallocated space would need that commit all the
 * same, so the zeros are real ones, written in the background. Numbers: docs/decisions/0006-log-segments-of-zeros.md.
 *
 * Invariant: a fill never overlaps a record. While one is under way the range up to `#fillEnd` is its own, and `write` into it
 * waits until it is through.
 */
import type { File, WriteDone } from "../vfs/file-system.js";

export class Segment {
  readonly file: File;
  /** Path, for messages. */
  path: string;
  /** Everything below is on the disk, as zeros or records. */
  #filledBytes: number;
  /** End of the fill under way, or 0. */
  #fillEnd = 0;
  #whenFilled: (() => void)[] = [];
  #fillStopped = false;

  constructor(file: File, path: string, filledBytes: number) {
    this.file = file;
    this.path = path;
    this.#filledBytes = filledBytes;
  }

  get filledBytes(): number {
    return this.#filledBytes;
  }

  get filling(): boolean {
    return this.#fillEnd !== 0;
  }

  /** Writes a group at `position`, behind all earlier ones. */
  write(bytes: Uint8Array, length: number, position: number, done: WriteDone): void {
    const end = position + length;
    if (end <= this.#filledBytes) this.file.write(bytes, 0, length, position, done);
    else if (this.filling) this.#whenFilled.push(() => this.write(bytes, length, position, done));
    else {
      // The fill fell behind, or the disk is too full for it: the write extends the file by itself.
      this.#filledBytes = end;
      this.file.write(bytes, 0, length, position, done);
    }
  }

  /**
   * Fills with zeros up to `target`, `zeros.length` bytes at a time; a second call while one is under way does nothing. It
   * stops at the first error, which is no failure of the log: only the write that finds no space is.
   */
  fill(target: number, zeros: Uint8Array): void {
    if (this.filling || this.#fillStopped || this.#filledBytes >= target) return;
    const start = this.#filledBytes;
    const length = Math.min(zeros.length, target - start);
    this.#fillEnd = start + length;
    this.file.write(zeros, 0, length, start, (error) => {
      this.#fillEnd = 0;
      if (error === null) this.#filledBytes = start + length;
      else this.#fillStopped = true;
      const waiting = this.#whenFilled;
      this.#whenFilled = [];
      for (const resume of waiting) resume();
      this.fill(target, zeros);
    });
  }

  /** Starts no further fills. */
  stopFilling(): void {
    this.#fillStopped = true;
  }

  /** Resolves when no fill is under way. Only for a segment that gets no new fills. */
  async filled(): Promise<void> {
    while (this.filling) await new Promise<void>((resolve) => this.#whenFilled.push(resolve));
  }
}
