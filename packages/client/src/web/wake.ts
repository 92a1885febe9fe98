/** Somebody who waits for something to do, and is not missed when it comes before they wait. One waits at a time. */
export class Wake {
  #isDue = false;
  #resolve: (() => void) | undefined;

  call(): void {
    this.#isDue = true;
    this.#resolve?.();
  }

  async wait(): Promise<void> {
    if (!this.#isDue) await new Promise<void>((resolve) => (this.#resolve = resolve));
    this.#resolve = undefined;
    this.#isDue = false;
  }
}
