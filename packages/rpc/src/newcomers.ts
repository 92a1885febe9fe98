/**
 * The lane of connections that are new: what they cost until their first call is under way is done a little at a time, so that a thousand
 * that come at once are not felt by those who are here. A loop that has nothing else to do takes the next at once, so nobody waits for
 * nothing.
 *
 *     event of a socket --> run(work) --> [ queue ] --> at most `newcomersMs` of work between two looks at all other sockets
 *
 * Limits: one or two pieces of work a connection, and so `connectionsMax` bounds the queue.
 */
export class Newcomers {
  readonly #nowMs: () => number;
  readonly #budgetMs: number;
  #queue: (() => void)[] = [];
  #next = 0;
  /** In this turn of the loop. */
  #spentMs = 0;
  #beganMs = 0;
  #isTicking = false;
  #isTurnAwaited = false;

  constructor(nowMs: () => number, budgetMs: number) {
    this.#nowMs = nowMs;
    this.#budgetMs = budgetMs;
  }

  /** Pieces of work that wait. */
  get waiting(): number {
    return this.#queue.length - this.#next;
  }

  /** Does `work` after this event, or in a later turn of the loop; in the order of the calls. What it must not do is throw. */
  run(work: () => void): void {
    this.#queue.push(work);
    this.#tick();
  }

  #tick(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    process.nextTick(this.#onTick);
  }

  readonly #onTick = (): void => {
    this.#isTicking = false;
    this.#doNext();
  };

  #doNext(): void {
    if (this.waiting === 0) {
      this.#queue = [];
      this.#next = 0;
      return;
    }
    this.#awaitTurn();
    if (this.#spentMs >= this.#budgetMs) return;
    const work = this.#queue[this.#next];
    this.#queue[this.#next++] = NOTHING;
    this.#beganMs = this.#nowMs();
    this.#isTicking = true;
    work?.();
    // A socket hands over what it has read in a tick of its own, which is before this one.
    process.nextTick(this.#onDone);
  }

  readonly #onDone = (): void => {
    this.#spentMs += this.#nowMs() - this.#beganMs;
    this.#onTick();
  };

  #awaitTurn(): void {
    if (this.#isTurnAwaited) return;
    this.#isTurnAwaited = true;
    setImmediate(this.#onTurn);
  }

  readonly #onTurn = (): void => {
    this.#isTurnAwaited = false;
    this.#spentMs = 0;
    if (this.waiting > 0) this.#tick();
  };
}

/** Done work is let go of. */
const NOTHING = (): void => undefined;
