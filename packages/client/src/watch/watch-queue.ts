/** Batches that wait for their consumer, counted. */

export interface Waiting<T> {
  readonly value: T;
  /** 0 for mere progress, of which only the newest waits behind the last events. */
  readonly events: number;
  readonly bytes: number;
}

export class WatchQueue<T> {
  #items: Waiting<T>[] = [];
  #head = 0;
  #events = 0;
  #bytes = 0;
  #wake: (() => void) | undefined;
  #end: { readonly failure: unknown } | undefined;

  get events(): number {
    return this.#events;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(item: Waiting<T>): void {
    if (this.#end !== undefined) return;
    const last = this.#items.length - 1;
    if (item.events === 0 && last >= this.#head && this.#items[last]?.events === 0) this.#items[last] = item;
    else this.#items.push(item);
    this.#events += item.events;
    this.#bytes += item.bytes;
    this.#wakeUp();
  }

  /** Nothing more comes. What waits is still taken, unless `dropsWaiting`; then comes the failure, or the end. */
  finish(failure: unknown, dropsWaiting: boolean): void {
    if (this.#end !== undefined) return;
    this.#end = { failure };
    if (dropsWaiting) {
      this.#items = [];
      this.#head = this.#events = this.#bytes = 0;
    }
    this.#wakeUp();
  }

  get isFinished(): boolean {
    return this.#end !== undefined;
  }

  /** @returns undefined at the end. @throws the failure. */
  async take(): Promise<T | undefined> {
    for (;;) {
      const item = this.#items[this.#head];
      if (item !== undefined) {
        this.#head += 1;
        if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
          this.#items = this.#items.slice(this.#head);
          this.#head = 0;
        }
        this.#events -= item.events;
        this.#bytes -= item.bytes;
        return item.value;
      }
      this.#items = [];
      this.#head = 0;
      if (this.#end !== undefined) {
        if (this.#end.failure !== undefined) throw this.#end.failure as Error;
        return undefined;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }
}
