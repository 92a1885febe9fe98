/** The last stream ids that were added, up to a limit; the oldest is forgotten first. */
export class RecentIds {
  readonly #limit: number;
  readonly #ids = new Set<number>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(id: number): void {
    this.#ids.add(id);
    if (this.#ids.size <= this.#limit) return;
    // A set iterates in the order of insertion.
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }

  has(id: number): boolean {
    return this.#ids.has(id);
  }
}
