/**
 * The configurations a search has been in, so that none is explored twice.
 *
 * A configuration is which completed operations are ordered, which open ones are used, and the state. Of two that differ only
 * in the open ones, the one that used fewer can do all that the other can; so one that used a superset of what was tried
 * before is not new.
 */
export class Configurations {
  readonly #bits: Uint32Array;
  readonly #used: Uint32Array;
  readonly #seen = new Map<string, Uint32Array[]>();
  /** First completed operation that is not ordered, and one past the last that is. */
  #base = 0;
  #top = 0;
  #count = 0;

  constructor(completedCount: number, openCount: number) {
    this.#bits = new Uint32Array((completedCount >> 5) + 1);
    this.#used = new Uint32Array((openCount + 31) >> 5);
  }

  /** Number of configurations remembered. */
  get count(): number {
    return this.#count;
  }

  orderCompleted(operation: number): void {
    this.#bits[operation >> 5]! |= 1 << (operation & 31);
    this.#top = Math.max(this.#top, operation + 1);
    while (this.#isOrdered(this.#base)) this.#base += 1;
  }

  undoCompleted(operation: number): void {
    this.#bits[operation >> 5]! &= ~(1 << (operation & 31));
    this.#base = Math.min(this.#base, operation);
    while (this.#top > this.#base && !this.#isOrdered(this.#top - 1)) this.#top -= 1;
  }

  useOpen(operation: number): void {
    this.#used[operation >> 5]! |= 1 << (operation & 31);
  }

  undoOpen(operation: number): void {
    this.#used[operation >> 5]! &= ~(1 << (operation & 31));
  }

  /** Remembers where the search is; false if it has been there, or somewhere at least as good. */
  enter(stateKey: string): boolean {
    const key = `${this.#orderedKey()}|${stateKey}`;
    const tried = this.#seen.get(key);
    if (tried === undefined) {
      this.#seen.set(key, [this.#used.slice()]);
      this.#count += 1;
      return true;
    }
    if (tried.some((used) => isSubset(used, this.#used))) return false;
    const kept = tried.filter((used) => !isSubset(this.#used, used));
    kept.push(this.#used.slice());
    this.#seen.set(key, kept);
    this.#count += kept.length - tried.length;
    return true;
  }

  #isOrdered(operation: number): boolean {
    return (this.#bits[operation >> 5]! & (1 << (operation & 31))) !== 0;
  }

  /** All before the base are ordered and none from the top on, so only the words between can differ. */
  #orderedKey(): string {
    let key = `${this.#base}`;
    for (let word = this.#base >> 5; word <= (this.#top - 1) >> 5; word += 1) {
      key += `.${this.#bits[word]!.toString(36)}`;
    }
    return key;
  }
}

function isSubset(a: Uint32Array, b: Uint32Array): boolean {
  for (let word = 0; word < a.length; word += 1) {
    if ((a[word]! & ~b[word]!) !== 0) return false;
  }
  return true;
}
