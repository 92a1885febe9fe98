/** Open reads that span turns: compaction may free nothing that the oldest of them can see. */
import { assert } from "@quorate/std";
import type { ReadView } from "./store-api.js";

export class ReadViews {
  /** Revision to number of open views. */
  readonly #counts: Map<number, number> = new Map();

  /** The oldest revision pinned, or Infinity. */
  get oldest(): number {
    let oldest = Infinity;
    for (const revision of this.#counts.keys()) if (revision < oldest) oldest = revision;
    return oldest;
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  open(revision: number): ReadView {
    this.#counts.set(revision, (this.#counts.get(revision) ?? 0) + 1);
    let open = true;
    return {
      revision,
      release: (): void => {
        assert(open, "read view released twice");
        open = false;
        this.#release(revision);
      },
    };
  }

  #release(revision: number): void {
    const count = (this.#counts.get(revision) as number) - 1;
    if (count > 0) this.#counts.set(revision, count);
    else this.#counts.delete(revision);
  }
}
