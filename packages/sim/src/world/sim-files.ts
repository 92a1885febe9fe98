/**
 * The disk under a log: takes its time, loses what was not acknowledged when the power goes, and fails on command. Contents and names
 * are those of `MemoryFiles`.
 */
import type { Prng } from "@quorate/std";
import type { MemoryFiles } from "@quorate/storage";
import { systemError, type File, type FileSystem, type OpenMode, type WriteDone } from "@quorate/storage";
import type { Life } from "./life.js";

const SECTOR_BYTES = 512;

/** How a disk is just now. */
export interface DiskHealth {
  /** Milliseconds that a write takes at least and at most. */
  writeMs: readonly [number, number];
  /** Writes and creations fail with this code. */
  failsWith: "ENOSPC" | "EIO" | undefined;
  /**
   * The next write or flush fails with EIO and all later ones succeed, as with a kernel that gives up pages it could not write: who
   * believes the second answer has lost what the first one was about.
   */
  failsOnce: boolean;
  /** Databases that arrive end in the middle. */
  cutsReceived: boolean;
}

export function createHealth(): DiskHealth {
  return { writeMs: [0.05, 0.5], failsWith: undefined, failsOnce: false, cutsReceived: false };
}

/** @returns what a write must fail with now. */
export function takeFailure(health: DiskHealth): "ENOSPC" | "EIO" | undefined {
  if (!health.failsOnce) return health.failsWith;
  health.failsOnce = false;
  return "EIO";
}

interface WriteUnderWay {
  readonly file: File;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly position: number;
}

/** What a disk remembers when its process or its machine ends. */
export type EndOfLife = "killed" | "power-lost";

export class SimFiles implements FileSystem {
  readonly #inner: MemoryFiles;
  readonly #life: Life;
  readonly #health: DiskHealth;
  readonly #prng: Prng;
  readonly #underWay = new Set<WriteUnderWay>();

  constructor(
    inner: MemoryFiles,
    parts: { readonly life: Life; readonly health: DiskHealth; readonly prng: Prng },
  ) {
    this.#inner = inner;
    this.#life = parts.life;
    this.#health = parts.health;
    this.#prng = parts.prng;
  }

  /** What the next process finds. Call after the life has ended. */
  async afterEnd(end: EndOfLife): Promise<MemoryFiles> {
    for (const write of this.#underWay) {
      if (end === "killed") {
        // The system call was made or it was not.
        if (this.#prng.chance(0.5)) await writeSectors(write, () => true);
      } else await writeSectors(write, () => this.#prng.chance(0.5));
    }
    if (end === "killed") return this.#inner;
    return this.#inner.crashed(this.#prng.chance(0.5) ? "kept" : "lost");
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#change(path);
    return this.#inner.makeDirectory(path);
  }

  async list(path: string): Promise<string[]> {
    await this.#life.sleep(0);
    return this.#inner.list(path);
  }

  async exists(path: string): Promise<boolean> {
    await this.#life.sleep(0);
    return this.#inner.exists(path);
  }

  async open(path: string, mode: OpenMode): Promise<File> {
    if (mode === "create") await this.#change(path);
    else await this.#life.sleep(0);
    return this.#wrap(await this.#inner.open(path, mode), path);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#change(from);
    return this.#inner.rename(from, to);
  }

  async remove(path: string): Promise<void> {
    await this.#life.sleep(this.#delayMs());
    return this.#inner.remove(path);
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#change(path);
    return this.#inner.syncDirectory(path);
  }

  async #change(path: string): Promise<void> {
    await this.#life.sleep(this.#delayMs());
    const failure = takeFailure(this.#health);
    if (failure !== undefined) throw systemError(failure, path);
  }

  #delayMs(): number {
    const [least, most] = this.#health.writeMs;
    return least + this.#prng.float() * (most - least);
  }

  #wrap(inner: File, path: string): File {
    const life = this.#life;
    return {
      write: (bytes, start, end, position, done) =>
        this.#write({ file: inner, bytes, start, end, position }, path, done),
      read: async (bytes, position) => {
        await life.sleep(0);
        return inner.read(bytes, position);
      },
      size: () => inner.size(),
      truncate: async (size) => {
        await this.#change(path);
        return inner.truncate(size);
      },
      close: () => inner.close(),
    };
  }

  #write(write: WriteUnderWay, path: string, done: WriteDone): void {
    this.#underWay.add(write);
    this.#life.scheduler.after(this.#delayMs(), () => {
      this.#underWay.delete(write);
      const failure = takeFailure(this.#health);
      if (failure !== undefined) {
        // Any part of it may be there all the same.
        void writeSectors(write, () => this.#prng.chance(0.5)).then(() =>
          this.#life.run(() => done(systemError(failure, path))),
        );
        return;
      }
      const { file, bytes, start, end, position } = write;
      file.write(bytes, start, end, position, (error) => this.#life.run(() => done(error)));
    });
  }
}

/** The sectors of the write that `survives` lets reach the platter; it is asked for each in turn. */
async function writeSectors(write: WriteUnderWay, survives: () => boolean): Promise<void> {
  const { file, bytes, position } = write;
  for (let start = write.start; start < write.end;) {
    const at = position + start - write.start;
    const end = Math.min(write.end, start + SECTOR_BYTES - (at % SECTOR_BYTES));
    const from = start;
    if (survives()) await new Promise<void>((resolve) => file.write(bytes, from, end, at, () => resolve()));
    start = end;
  }
}
