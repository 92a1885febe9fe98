/** A clock that tests move, with timers that honour their intervals. Due tasks run in order of time. */
import type { ClockPort, SchedulerPort } from "../../member/ports.js";

interface Timer {
  atMs: number;
  readonly everyMs: number | undefined;
  readonly task: () => void;
}

export class VirtualTime implements ClockPort, SchedulerPort {
  nowMs = 100_000;
  #timers: Timer[] = [];

  monotonicMs(): number {
    return this.nowMs;
  }

  unixMs(): number {
    return 1_763_832_000_000 + this.nowMs;
  }

  get timerCount(): number {
    return this.#timers.length;
  }

  soon(task: () => void): void {
    this.after(0, task);
  }

  every(everyMs: number, task: () => void): () => void {
    return this.#add({ atMs: this.nowMs + everyMs, everyMs, task });
  }

  after(delayMs: number, task: () => void): () => void {
    return this.#add({ atMs: this.nowMs + delayMs, everyMs: undefined, task });
  }

  yieldTurn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  #add(timer: Timer): () => void {
    this.#timers.push(timer);
    return () => this.#remove(timer);
  }

  #remove(timer: Timer): void {
    this.#timers = this.#timers.filter((each) => each !== timer);
  }

  /** Moves time on; promises that timers settle are followed up before the next timer. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (;;) {
      await this.yieldTurn();
      const next = this.#timers
        .filter((timer) => timer.atMs <= untilMs)
        .reduce<Timer | undefined>((a, b) => (a === undefined || b.atMs < a.atMs ? b : a), undefined);
      if (next === undefined) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      if (next.everyMs === undefined) this.#remove(next);
      else next.atMs += next.everyMs;
      next.task();
    }
    this.nowMs = untilMs;
  }

  /** Moves time on until `work` has settled. */
  async settle<T>(work: Promise<T>): Promise<T> {
    const state = { isDone: false };
    const done = work.finally(() => (state.isDone = true));
    for (let step = 0; step < 1000 && !state.isDone; step++) await this.advance(100);
    return done;
  }
}
