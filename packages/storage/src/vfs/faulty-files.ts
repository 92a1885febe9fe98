/**
 * A disk that fails on command: the n-th change (create, write, truncate, rename, remove, sync of a folder, new folder)
 * meets a fault. Reads are never counted: damage to what is read is done to the bytes themselves.
 */
import { systemError } from "./memory-files.js";
import type { File, FileSystem, OpenMode, WriteDone } from "./file-system.js";

/** Which bytes of a write that was under way reach the platter: true keeps byte `index` of `length`, bound for `position` + index. */
export type Tear = (index: number, length: number, position: number) => boolean;

export type Fault =
  /** The power goes: of a write the torn part remains, of anything else nothing; no later call ever returns. */
  | { readonly kind: "crash"; readonly tear: Tear }
  /** The change fails with `code`; of a write the torn part remains. Later changes succeed when `once`, else fail too. */
  | { readonly kind: "error"; readonly code: string; readonly tear: Tear; readonly once: boolean };

export const tearNothing: Tear = () => false;
/** Keeps the first `count` bytes. */
export function tearAfter(count: number): Tear {
  return (index) => index < count;
}

export class FaultyFiles implements FileSystem {
  readonly #inner: FileSystem;
  readonly #faultAt: number;
  readonly #fault: Fault;
  #changes = 0;
  #crashed = false;

  /** @param faultAt number of the change that fails, counted from 0; Infinity for none. */
  constructor(inner: FileSystem, faultAt: number, fault: Fault) {
    this.#inner = inner;
    this.#faultAt = faultAt;
    this.#fault = fault;
  }

  /** Changes begun so far: how many fault points a fault-free run has. */
  get changeCount(): number {
    return this.#changes;
  }

  get crashed(): boolean {
    return this.#crashed;
  }

  makeDirectory(path: string): Promise<void> {
    return this.#change(path, () => this.#inner.makeDirectory(path));
  }

  list(path: string): Promise<string[]> {
    return this.#alive(() => this.#inner.list(path));
  }

  exists(path: string): Promise<boolean> {
    return this.#alive(() => this.#inner.exists(path));
  }

  async open(path: string, mode: OpenMode): Promise<File> {
    const open = async (): Promise<File> => new FaultyFile(this, await this.#inner.open(path, mode), path);
    return mode === "create" ? this.#change(path, open) : this.#alive(open);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#change(from, () => this.#inner.rename(from, to));
  }

  remove(path: string): Promise<void> {
    return this.#change(path, () => this.#inner.remove(path));
  }

  syncDirectory(path: string): Promise<void> {
    return this.#change(path, () => this.#inner.syncDirectory(path));
  }

  /** Runs a change that is all or nothing. */
  async #change<T>(path: string, run: () => Promise<T>): Promise<T> {
    const fault = this.nextFault();
    if (fault === undefined) return this.#alive(run);
    if (fault.kind === "crash") return new Promise(() => {});
    throw systemError(fault.code, path);
  }

  changeFile<T>(path: string, run: () => Promise<T>): Promise<T> {
    return this.#change(path, run);
  }

  readFile<T>(run: () => Promise<T>): Promise<T> {
    return this.#alive(run);
  }

  /** A crashed machine answers nothing, not even a call that was under way. */
  async #alive<T>(run: () => Promise<T>): Promise<T> {
    if (this.#crashed) return new Promise(() => {});
    const result = await run();
    return this.#crashed ? new Promise(() => {}) : result;
  }

  /** Counts a change. @returns the fault it meets, if any. */
  nextFault(): Fault | undefined {
    const number = this.#changes++;
    if (this.#crashed) return { kind: "crash", tear: tearNothing };
    const fault = this.#fault;
    const hit = number === this.#faultAt || (number > this.#faultAt && fault.kind === "error" && !fault.once);
    if (!hit) return undefined;
    if (fault.kind === "crash") this.#crashed = true;
    return fault;
  }
}

class FaultyFile implements File {
  readonly #files: FaultyFiles;
  readonly #inner: File;
  readonly #path: string;

  constructor(files: FaultyFiles, inner: File, path: string) {
    this.#files = files;
    this.#inner = inner;
    this.#path = path;
  }

  write(bytes: Uint8Array, start: number, end: number, position: number, done: WriteDone): void {
    const files = this.#files;
    const finish: WriteDone = (error) => {
      if (!files.crashed) done(error);
    };
    const fault = files.nextFault();
    if (fault === undefined) return this.#inner.write(bytes, start, end, position, finish);
    const torn = bytes.slice(start, end);
    for (const [from, to] of keptRuns(fault.tear, torn.length, position)) {
      this.#inner.write(torn, from, to, position + from, () => {});
    }
    if (fault.kind === "error") setImmediate(() => finish(systemError(fault.code, this.#path)));
  }

  read(bytes: Uint8Array, position: number): Promise<number> {
    return this.#files.readFile(() => this.#inner.read(bytes, position));
  }

  size(): Promise<number> {
    return this.#files.readFile(() => this.#inner.size());
  }

  truncate(size: number): Promise<void> {
    return this.#files.changeFile(this.#path, () => this.#inner.truncate(size));
  }

  close(): Promise<void> {
    return this.#files.readFile(() => this.#inner.close());
  }
}

/** The half-open ranges of a write of `length` bytes that a tear keeps. */
function* keptRuns(tear: Tear, length: number, position: number): Generator<readonly [number, number]> {
  let from = -1;
  for (let i = 0; i <= length; i++) {
    const kept = i < length && tear(i, length, position);
    if (kept && from < 0) from = i;
    if (!kept && from >= 0) {
      yield [from, i];
      from = -1;
    }
  }
}
