/**
 * A log file that is put aside when it has grown too large: `dir/name.ext` becomes `dir/name-2006-01-02T15-04-05.000.ext`, and a new file
 * takes its place. Old ones are compressed and removed as the settings say.
 *
 * Lines are written at once, so that the last one before a crash is there; compressing and removing go on beside.
 */
import {
  closeSync,
  createReadStream,
  createWriteStream,
  fstatSync,
  openSync,
  renameSync,
  writeSync,
} from "node:fs";
import { readdir, rename, unlink } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { RotationSettings } from "./rotation.js";

const MODE = 0o600;
const COMPRESSED = ".gz";

export class LogFile {
  readonly #path: string;
  readonly #rotation: RotationSettings | undefined;
  readonly #nowMs: () => number;
  #fd: number;
  #bytes: number;
  #tidying: Promise<void> = Promise.resolve();

  /** Appends to what is there. @throws the file system's error. */
  constructor(path: string, rotation: RotationSettings | undefined, nowMs: () => number = Date.now) {
    this.#path = path;
    this.#rotation = rotation;
    this.#nowMs = nowMs;
    this.#fd = openSync(path, "a", MODE);
    this.#bytes = fstatSync(this.#fd).size;
  }

  /** @throws the file system's error; the line may be lost then. */
  write(line: string): void {
    const length = Buffer.byteLength(line);
    const rotation = this.#rotation;
    if (rotation !== undefined && this.#bytes > 0 && this.#bytes + length > rotation.bytesMax)
      this.#rotate(rotation);
    writeSync(this.#fd, line);
    this.#bytes += length;
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** Resolves when nothing is being compressed or removed. */
  get tidied(): Promise<void> {
    return this.#tidying;
  }

  #rotate(rotation: RotationSettings): void {
    renameSync(this.#path, join(dirname(this.#path), this.#backupName(rotation)));
    closeSync(this.#fd);
    this.#fd = openSync(this.#path, "a", MODE);
    this.#bytes = 0;
    // A file that can't be compressed or removed stays; the next rotation tries again.
    this.#tidying = this.#tidying.then(() => this.#tidy(rotation)).catch(() => undefined);
  }

  #backupName({ isLocalTime }: RotationSettings): string {
    const now = new Date(this.#nowMs());
    const shown = isLocalTime ? new Date(now.getTime() - now.getTimezoneOffset() * 60_000) : now;
    const { stem, extension } = this.#nameParts;
    return `${stem}-${shown.toISOString().slice(0, -1).replaceAll(":", "-")}${extension}`;
  }

  get #nameParts(): { readonly stem: string; readonly extension: string } {
    const extension = extname(this.#path);
    return { stem: basename(this.#path, extension), extension };
  }

  async #tidy({ backupsMax, ageMsMax, compresses }: RotationSettings): Promise<void> {
    const folder = dirname(this.#path);
    const newestFirst = (await readdir(folder))
      .filter((name) => this.#isBackup(name))
      .sort()
      .reverse();
    for (const [place, name] of newestFirst.entries()) {
      const path = join(folder, name);
      const isTooOld = ageMsMax > 0 && this.#nowMs() - this.#timeOf(name) > ageMsMax;
      if (isTooOld || (backupsMax > 0 && place >= backupsMax)) await unlink(path);
      else if (compresses && !name.endsWith(COMPRESSED)) await compress(path);
    }
  }

  #isBackup(name: string): boolean {
    const { stem, extension } = this.#nameParts;
    if (!name.startsWith(`${stem}-`)) return false;
    const rest = name.slice(stem.length + 1);
    return (
      /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}/.test(rest) &&
      [extension, extension + COMPRESSED].includes(rest.slice(23))
    );
  }

  #timeOf(name: string): number {
    const text = name.slice(this.#nameParts.stem.length + 1, this.#nameParts.stem.length + 24);
    return Date.parse(`${text.slice(0, 10)}T${text.slice(11).replaceAll("-", ":")}Z`);
  }
}

async function compress(path: string): Promise<void> {
  const partial = `${path}${COMPRESSED}.partial`;
  await pipeline(createReadStream(path), createGzip(), createWriteStream(partial, { mode: MODE }));
  await rename(partial, `${path}${COMPRESSED}`);
  await unlink(path);
}
