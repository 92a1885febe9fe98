/** As many calls at once as one connection may have streams: the gateway of etcd has one connection to its server. Others wait in order. */
export class CallSlots {
  readonly #max: number;
  #taken = 0;
  readonly #waiting = new Set<() => void>();

  constructor(max: number) {
    this.#max = max;
  }

  /** Calls `start` when there is a slot, now or later. @returns gives the slot back, or the place in the queue */
  enter(start: () => void): () => void {
    let isInside = false;
    let hasLeft = false;
    const begin = (): void => {
      isInside = true;
      this.#taken += 1;
      start();
    };
    if (this.#taken < this.#max) begin();
    else this.#waiting.add(begin);
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      this.#waiting.delete(begin);
      if (!isInside) return;
      this.#taken -= 1;
      this.#next();
    };
  }

  #next(): void {
    const next = this.#waiting.values().next();
    if (next.done === true) return;
    this.#waiting.delete(next.value);
    next.value();
  }
}
