/** A clock and a scheduler that tests move. Promises are settled between timers. */
import type { ClockPort, SchedulerPort } from "../../member/ports.js";

interface Timer {
  atMs: number;
  readonly intervalMs: number | undefined;
  readonly task: () => void;
}

/** Lets everything run that needs no timer. */
export async function settle(turns = 4): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}

export class VirtualTime implements ClockPort, SchedulerPort {
  nowMs = 1000;
  readonly #timers = new Set<Timer>();

  monotonicMs(): number {
    return this.nowMs;
  }

  unixMs(): number {
    return this.nowMs;
  }

  soon(task: () => void): void {
    setImmediate(task);
  }

  every(intervalMs: number, task: () => void): () => void {
    return this.#add({ atMs: this.nowMs + intervalMs, intervalMs, task });
  }

  after(delayMs: number, task: () => void): () => void {
    return this.#add({ atMs: this.nowMs + delayMs, intervalMs: undefined, task });
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  yieldTurn(): Promise<void> {
    return settle(1);
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  /** Moves on by `ms`, running the timers that come due in their order. */
  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await settle();
    for (;;) {
      const next = [...this.#timers].sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, next.atMs);
      this.#fire(next);
      await settle();
    }
    this.nowMs = endMs;
  }

  /** The process stands still: time passes and no timer runs. */
  stall(ms: number): void {
    this.nowMs += ms;
    for (const timer of this.#timers) timer.atMs = Math.max(timer.atMs, this.nowMs);
  }

  #fire(timer: Timer): void {
    if (timer.intervalMs === undefined) this.#timers.delete(timer);
    else timer.atMs = this.nowMs + timer.intervalMs;
    timer.task();
  }
}
