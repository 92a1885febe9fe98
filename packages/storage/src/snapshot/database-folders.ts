/**
 * Which folder is the member's database, and how another one takes its place.
 *
 * ```
 * member/quorate        the first database
 * member/quorate.1 ...  databases that came later, each a folder of its own
 * member/database       a file: the name of the one that counts; without it, the first
 * ```
 * A database is never moved: the engine may have it open, and a folder that others read cannot be exchanged in one step. The file
 * with the name can, so that after a crash at any moment one whole database counts, the old or the new one.
 */
import { assert } from "@quorate/std";
import { CorruptionError } from "../errors.js";
import { writeFully, type FileSystem } from "../vfs/file-system.js";

const FIRST = "quorate";
const POINTER = "database";
const POINTER_TMP = "database.tmp";
const NAME = /^quorate(?:\.([1-9]\d{0,8}))?$/;
/** The file holds one name and a line feed. */
const POINTER_BYTES_MAX = 64;

export class DatabaseFolders {
  readonly #files: FileSystem;
  readonly #memberPath: string;
  #active: string;
  #prepared: string | undefined;
  #newest: number;

  private constructor(files: FileSystem, memberPath: string, found: { active: string; newest: number }) {
    this.#files = files;
    this.#memberPath = memberPath;
    this.#active = found.active;
    this.#newest = found.newest;
  }

  /**
   * @returns the folders of the member, or undefined when it has no database.
   * @throws CorruptionError when the folder that counts is not there
   */
  static async find(files: FileSystem, memberPath: string): Promise<DatabaseFolders | undefined> {
    const names = await files.list(memberPath);
    const pointed = names.includes(POINTER)
      ? await readPointer(files, `${memberPath}/${POINTER}`)
      : undefined;
    const active = pointed ?? FIRST;
    if (pointed !== undefined && !names.includes(pointed)) {
      throw new CorruptionError(
        `${memberPath}/${POINTER}`,
        0,
        `the database ${pointed} that it names is missing`,
      );
    }
    return names.includes(active) ? DatabaseFolders.#from(files, memberPath, names, active) : undefined;
  }

  /** For a member without a database. Nothing is created: `createActive` or `prepare` does. */
  static async none(files: FileSystem, memberPath: string): Promise<DatabaseFolders> {
    return DatabaseFolders.#from(files, memberPath, await files.list(memberPath), FIRST);
  }

  static #from(
    files: FileSystem,
    memberPath: string,
    names: readonly string[],
    active: string,
  ): DatabaseFolders {
    const numbers = names.map((name) => Number(NAME.exec(name)?.[1] ?? 0));
    return new DatabaseFolders(files, memberPath, { active, newest: Math.max(0, ...numbers) });
  }

  get activePath(): string {
    return `${this.#memberPath}/${this.#active}`;
  }

  async createActive(): Promise<void> {
    await this.#files.makeDirectory(this.activePath);
  }

  /** A fresh, empty folder. One that was prepared before and never activated is removed: close its engine first. */
  async prepare(): Promise<string> {
    if (this.#prepared !== undefined) await this.#files.remove(`${this.#memberPath}/${this.#prepared}`);
    this.#newest += 1;
    const name = `${FIRST}.${this.#newest}`;
    this.#prepared = name;
    await this.#files.makeDirectory(`${this.#memberPath}/${name}`);
    return `${this.#memberPath}/${name}`;
  }

  /** From when it resolves, what `prepare` returned is the member's database; if it does not, either may be after a crash. */
  async activate(path: string): Promise<void> {
    const name = this.#prepared;
    assert(name !== undefined && path === `${this.#memberPath}/${name}`, `${path} was not prepared`);
    const files = this.#files;
    // First the database with its name, then the file that points to it.
    await files.syncDirectory(path);
    await files.syncDirectory(this.#memberPath);
    const file = await files.open(`${this.#memberPath}/${POINTER_TMP}`, "create");
    try {
      await writeFully(file, Buffer.from(`${name}\n`), 0);
    } finally {
      await file.close();
    }
    await files.rename(`${this.#memberPath}/${POINTER_TMP}`, `${this.#memberPath}/${POINTER}`);
    await files.syncDirectory(this.#memberPath);
    this.#active = name;
    this.#prepared = undefined;
  }

  /** Removes databases that do not count any more, but not the one that is prepared. Their engines must be closed. */
  async removeInactive(): Promise<void> {
    for (const name of await this.#files.list(this.#memberPath)) {
      const isInactive = NAME.test(name) && name !== this.#active && name !== this.#prepared;
      if (isInactive || name === POINTER_TMP) await this.#files.remove(`${this.#memberPath}/${name}`);
    }
    await this.#files.syncDirectory(this.#memberPath);
  }
}

async function readPointer(files: FileSystem, path: string): Promise<string> {
  const file = await files.open(path, "read");
  try {
    const bytes = Buffer.alloc(POINTER_BYTES_MAX);
    const text = bytes.subarray(0, await file.read(bytes, 0)).toString();
    const name = text.endsWith("\n") ? text.slice(0, -1) : text;
    if (NAME.test(name)) return name;
    throw new CorruptionError(path, 0, `it should name a database and says ${JSON.stringify(text)}`);
  } finally {
    await file.close();
  }
}
