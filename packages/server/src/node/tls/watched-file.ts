/**
 * Files that are read again when they have changed, which is looked up with a `stat` at each use: certificates are replaced while the
 * server runs.
 */
import { readFile, stat } from "node:fs/promises";

interface Known<T> {
  readonly marks: readonly string[];
  readonly value: T;
}

export class WatchedFiles<T> {
  readonly #paths: readonly string[];
  readonly #build: (contents: readonly Buffer[]) => T;
  #known: Known<T> | undefined;
  #loading: Promise<T> | undefined;

  /** @param build makes the value from the contents, in the order of the paths; may throw */
  constructor(paths: readonly string[], build: (contents: readonly Buffer[]) => T) {
    this.#paths = paths;
    this.#build = build;
  }

  /** The value of the last `load` that succeeded; undefined before. */
  get current(): T | undefined {
    return this.#known?.value;
  }

  /** The value for what the files hold now. Calls at the same time share one look. @throws what reading or building throws */
  load(): Promise<T> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<T> {
    const marks = await Promise.all(this.#paths.map(markOf));
    const known = this.#known;
    if (known?.marks.every((mark, i) => mark === marks[i]) === true) return known.value;
    const value = this.#build(await Promise.all(this.#paths.map((path) => readFile(path))));
    this.#known = { marks, value };
    return value;
  }
}

/** Differs when a file was written or replaced; two writes within one tick of the file system's clock keep their size apart at best. */
async function markOf(path: string): Promise<string> {
  const { mtimeNs, size, ino } = await stat(path, { bigint: true });
  return `${String(mtimeNs)} ${String(size)} ${String(ino)}`;
}
