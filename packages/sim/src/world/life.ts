/**
 * One process, from its start to its end: its clock, its turns, its timers. When it ends nothing of it goes on; while it is stopped, as by
 * SIGSTOP or a long pause of the machine, everything of it waits.
 */
import type { ClockPort, SchedulerPort } from "@quorate/server/world";
import type { VirtualTime } from "./virtual-time.js";

/** Some day in 2033. */
const EPOCH_MS = 2_000_000_000_000;

export interface LifeOptions {
  /** How fast its clock goes: 1.05 gains a twentieth. */
  readonly clockRate: number;
  /** How far its wall clock is off. */
  readonly wallOffsetMs: number;
  /** The process broke an invariant of its own and would have ended. */
  readonly onCrash: (error: Error) => void;
}

export class Life {
  readonly clock: ClockPort;
  readonly scheduler: SchedulerPort;
  readonly #time: VirtualTime;
  readonly #options: LifeOptions;
  readonly #bornMs: number;
  #wallOffsetMs: number;
  #isOver = false;
  #stoppedUntilMs = 0;

  constructor(time: VirtualTime, options: LifeOptions) {
    this.#time = time;
    this.#options = options;
    this.#bornMs = time.nowMs;
    this.#wallOffsetMs = options.wallOffsetMs;
    this.clock = {
      monotonicMs: () => (time.nowMs - this.#bornMs) * options.clockRate,
      unixMs: () => Math.floor(EPOCH_MS + time.nowMs * options.clockRate + this.#wallOffsetMs),
    };
    this.scheduler = {
      soon: (task) => void this.#after(0, task),
      // As Node's: not below a millisecond, so that time goes on for whoever asks for less and less.
      after: (delayMs, task) => this.#after(Math.max(1, delayMs) / options.clockRate, task),
      every: (intervalMs, task) => this.#every(intervalMs / options.clockRate, task),
      yieldTurn: () => this.sleep(0),
    };
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nothing of the process happens any more; promises that it waits for stay open for ever. */
  end(): void {
    this.#isOver = true;
  }

  /** Nothing happens for a while, then everything that was due. */
  stop(durationMs: number): void {
    this.#stoppedUntilMs = Math.max(this.#stoppedUntilMs, this.#time.nowMs + durationMs);
  }

  get isStopped(): boolean {
    return this.#stoppedUntilMs > this.#time.nowMs;
  }

  /** Somebody sets the wall clock. */
  jumpWallClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** Of the world's milliseconds. Never resolves when the process ends first. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.#after(delayMs, resolve));
  }

  /** Runs `task` as a part of the process, when it is next able to. */
  run(task: () => void): void {
    if (this.#isOver) return;
    const waitMs = this.#stoppedUntilMs - this.#time.nowMs;
    if (waitMs > 0) {
      this.#time.after(waitMs, () => this.run(task));
      return;
    }
    try {
      task();
    } catch (error) {
      this.#options.onCrash(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #after(delayMs: number, task: () => void): () => void {
    if (this.#isOver) return () => undefined;
    let isCancelled = false;
    const cancel = this.#time.after(delayMs, () =>
      this.run(() => {
        if (!isCancelled) task();
      }),
    );
    return () => {
      isCancelled = true;
      cancel();
    };
  }

  #every(intervalMs: number, task: () => void): () => void {
    let cancel: () => void = () => undefined;
    const next = (): void => {
      cancel = this.#after(intervalMs, () => {
        // As Node's intervals: what was missed during a stop is not made up for.
        next();
        task();
      });
    };
    next();
    return () => cancel();
  }
}
