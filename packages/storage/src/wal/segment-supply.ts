/**
 * Prepares the next segment while the current one fills: creates it under a temporary name and fills it with zeros, so that a
 * switch costs the writers one rename. What it leaves behind when the machine stops (`0.tmp`, `1.tmp`) the next open
 * removes.
 */
import { toOperationalError } from "../errors.js";
import type { FileSystem } from "../vfs/file-system.js";
import type { WalLimits } from "./limits.js";
import { Segment } from "./segment.js";

export class SegmentSupply {
  readonly #files: FileSystem;
  readonly #dir: string;
  readonly #limits: WalLimits;
  readonly zeros: Uint8Array;
  #created = 0;
  #next: Promise<Segment> | undefined;

  constructor(files: FileSystem, dir: string, limits: WalLimits) {
    this.#files = files;
    this.#dir = dir;
    this.#limits = limits;
    this.zeros = new Uint8Array(limits.fillChunkBytes);
  }

  /** Starts preparing the next segment; does nothing when it is prepared already. A failure shows in `take`. */
  prepare(): void {
    if (this.#next !== undefined) return;
    this.#next = this.#create();
    this.#next.catch(() => {});
  }

  /** Hands over the next segment, still under its temporary name. A failed preparation is tried again once. */
  async take(): Promise<Segment> {
    this.prepare();
    let segment: Segment;
    try {
      segment = await (this.#next as Promise<Segment>);
    } catch {
      segment = await this.#create();
    } finally {
      this.#next = undefined;
    }
    return segment;
  }

  /** Closes and removes what was prepared and not taken. */
  async discard(): Promise<void> {
    const next = this.#next;
    this.#next = undefined;
    if (next === undefined) return;
    const segment = await next.catch(() => undefined);
    if (segment === undefined) return;
    segment.stopFilling();
    await segment.filled();
    await segment.file.close();
    await this.#files.remove(segment.path);
  }

  async #create(): Promise<Segment> {
    const path = `${this.#dir}/${this.#created++ % 2}.tmp`;
    try {
      const segment = new Segment(await this.#files.open(path, "create"), path, 0);
      segment.fill(this.#limits.segmentBytes, this.zeros);
      return segment;
    } catch (error) {
      throw toOperationalError(error, `preparing log segment ${path}`);
    }
  }
}
