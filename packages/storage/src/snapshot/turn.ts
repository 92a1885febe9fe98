/** Rows and bytes after which other work of the process gets its turn: about a millisecond of ours. */
const TURN_ROWS = 1024;
const TURN_BYTES: number = 512 * 1024;

/** Counts work, and tells when it has been enough for one turn of the event loop. */
export class Turn {
  #rows = 0;
  #bytes = 0;

  /** Counts one row. @returns whether to let others run now, which begins a new turn. */
  isOver(bytes: number): boolean {
    this.#rows += 1;
    this.#bytes += bytes;
    if (this.#rows < TURN_ROWS && this.#bytes < TURN_BYTES) return false;
    this.#rows = 0;
    this.#bytes = 0;
    return true;
  }
}
