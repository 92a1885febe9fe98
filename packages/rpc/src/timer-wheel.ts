/**
 * Many coarse timers for the price of one: a ring of buckets, one bucket per tick.
 *
 *   bucket:   0    1    2    3   ...  slotCount-1
 *             |    |         |
 *             a    b         d          an entry further away than one turn of the ring stays in its bucket
 *                  |                    until the turn that it belongs to
 *                  c
 *
 * Starting and stopping a timer links or unlinks the entry itself: no allocation, no search.
 * An entry expires at the first tick at or after its time, so up to `tickMs` late and never early.
 * The one system timer sleeps until the next bucket with entries is due, runs only while there are any, and does not keep the
 * process alive.
 */
export abstract class WheelEntry {
  /** Links of the wheel; nobody else touches them. `wheelTick` is -1 while the entry is not started. */
  wheelNext: WheelEntry | null = null;
  wheelPrevious: WheelEntry | null = null;
  wheelTick = -1;

  /** Called once, on the event loop; the entry is stopped by then and may be started again. */
  abstract onExpire(): void;
}

/** A wheel entry that calls a function: for the few timers that belong to no object of their own. */
export class Alarm extends WheelEntry {
  readonly #ring: () => void;

  constructor(ring: () => void) {
    super();
    this.#ring = ring;
  }

  override onExpire(): void {
    this.#ring();
  }
}

export interface TimerWheelOptions {
  readonly tickMs: number;
  /** A power of two. */
  readonly slotCount: number;
  readonly nowMs: () => number;
}

export class TimerWheel {
  readonly #tickMs: number;
  readonly #mask: number;
  readonly #nowMs: () => number;
  readonly #heads: (WheelEntry | null)[];
  #tick: number;
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  /** When the system timer wakes us; Infinity when it does not run. */
  #wakeTick = Infinity;
  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#wakeTick = Infinity;
    this.advance();
    if (this.#size > 0) this.#wakeAt(this.#nextOccupiedTick());
  };

  constructor(options: TimerWheelOptions) {
    this.#tickMs = options.tickMs;
    this.#mask = options.slotCount - 1;
    this.#nowMs = options.nowMs;
    this.#heads = new Array<WheelEntry | null>(options.slotCount).fill(null);
    this.#tick = Math.floor(this.#nowMs() / this.#tickMs);
  }

  /** Entries started and not expired. */
  get size(): number {
    return this.#size;
  }

  /** (Re)starts an entry for an absolute time of the wheel's clock. */
  startAt(entry: WheelEntry, timeMs: number): void {
    if (entry.wheelTick >= 0) this.#unlink(entry);
    // After a pause the ring has not turned; start counting from now or old ticks would be walked one by one.
    if (this.#size === 0 && this.#timer === undefined) this.#tick = Math.floor(this.#nowMs() / this.#tickMs);
    const tick = Math.max(this.#tick + 1, Math.ceil(timeMs / this.#tickMs));
    entry.wheelTick = tick;
    const head = this.#heads[tick & this.#mask] as WheelEntry | null;
    entry.wheelNext = head;
    entry.wheelPrevious = null;
    if (head !== null) head.wheelPrevious = entry;
    this.#heads[tick & this.#mask] = entry;
    this.#size++;
    this.#wakeAt(tick);
  }

  /** (Re)starts an entry for a delay from now. */
  startIn(entry: WheelEntry, delayMs: number): void {
    this.startAt(entry, this.#nowMs() + delayMs);
  }

  /** Does nothing when the entry is not started. */
  stop(entry: WheelEntry): void {
    if (entry.wheelTick >= 0) this.#unlink(entry);
  }

  /** Expires what is due. Called by the wheel's own timer; tests with a clock of their own call it directly. */
  advance(): void {
    const now = Math.floor(this.#nowMs() / this.#tickMs);
    // More than one turn behind, every bucket is due anyway: one turn visits them all.
    const first = Math.max(this.#tick + 1, now - this.#mask);
    for (let tick = first; tick <= now && this.#size > 0; tick++) {
      this.#tick = tick;
      this.#expireBucket(tick & this.#mask, now);
    }
    this.#tick = now;
  }

  /** Forgets all entries and stops the system timer. */
  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wakeTick = Infinity;
    for (let slot = 0; slot <= this.#mask; slot++) {
      for (let entry = this.#heads[slot]; entry; entry = this.#heads[slot]) this.#unlink(entry);
    }
  }

  #expireBucket(slot: number, now: number): void {
    let entry = this.#heads[slot] as WheelEntry | null;
    const due: WheelEntry[] = [];
    for (; entry !== null; entry = entry.wheelNext) if (entry.wheelTick <= now) due.push(entry);
    for (const expired of due) {
      // One that expired before it may have stopped or restarted this one.
      if (expired.wheelTick < 0 || expired.wheelTick > now) continue;
      this.#unlink(expired);
      expired.onExpire();
    }
  }

  #unlink(entry: WheelEntry): void {
    const { wheelNext: next, wheelPrevious: previous } = entry;
    if (previous === null) this.#heads[entry.wheelTick & this.#mask] = next;
    else previous.wheelNext = next;
    if (next !== null) next.wheelPrevious = previous;
    entry.wheelNext = null;
    entry.wheelPrevious = null;
    entry.wheelTick = -1;
    this.#size--;
  }

  /** The bucket of one that is further away than a turn of the ring wakes us once a turn. */
  #nextOccupiedTick(): number {
    let tick = this.#tick + 1;
    while (this.#heads[tick & this.#mask] === null) tick++;
    return tick;
  }

  /** Makes sure that we are woken at that tick, if not before. */
  #wakeAt(tick: number): void {
    if (tick >= this.#wakeTick) return;
    this.#wakeTick = tick;
    clearTimeout(this.#timer);
    const delayMs = tick * this.#tickMs - this.#nowMs();
    // After a turn of the ring we look around anyway; system timers do not take any delay.
    const turnMs = this.#heads.length * this.#tickMs;
    this.#timer = setTimeout(this.#onTimer, Math.max(1, Math.min(turnMs, delayMs)));
    this.#timer.unref();
  }
}
