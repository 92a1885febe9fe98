/**
 * Events that arrive while pages of the tree are being read. A page is of the revision at which its reading began, so what happened
 * since is not in it, and came when there was no page yet to apply it to.
 *
 * Invariant: what is kept is in order and without a gap, from the moment the first of the running reads began.
 */
import type { TreeEvent } from "./tree-model.js";

/** Beyond it all are forgotten, and a page from before them has to be read again. */
export const keptEventsMax = 20_000;

export class KeptEvents {
  readonly #readers = new Set<object>();
  #events: TreeEvent[] = [];
  /** The newest event that was forgotten; 0n for none. */
  #forgotten = 0n;

  begin(reader: object): void {
    this.#readers.add(reader);
  }

  /** With the last of the readers goes what was kept for them. */
  end(reader: object): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0) this.clear();
  }

  clear(): void {
    this.#readers.clear();
    this.#events = [];
    this.#forgotten = 0n;
  }

  keep(events: readonly TreeEvent[]): void {
    if (this.#readers.size === 0) return;
    for (const event of events) this.#events.push(event);
    if (this.#events.length <= keptEventsMax) return;
    this.#forgotten = this.#events.at(-1)?.revision ?? 0n;
    this.#events = [];
  }

  /** What happened behind a revision. @returns undefined when some of it was forgotten. */
  since(revision: bigint): readonly TreeEvent[] | undefined {
    if (revision < this.#forgotten) return undefined;
    return this.#events.filter((event) => event.revision > revision);
  }
}
