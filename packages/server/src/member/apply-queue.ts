/**
 * The apply thread of raft: committed entries, strictly in index order, each applied exactly once.
 *
 * Most entries are applied at once; one that must first read old values from the engine holds the queue until it is done.
 * While the store has too much to write, nothing is applied: on a follower nobody else would slow the leader down.
 * A long run gives way to other work every `SLICE_MS`, so that heartbeats and reads are not late behind it.
 */
import type { Entry, Message } from "@quorate/raft";
import type { ClockPort, SchedulerPort } from "./ports.js";

const SLICE_MS = 5;
/** How many entries are applied between two looks at the clock. */
const CLOCK_CHECK_COUNT = 64;

export interface ApplyQueuePorts {
  readonly clock: ClockPort;
  readonly scheduler: SchedulerPort;
  /** Applies one entry; a promise when it has to wait. */
  readonly apply: (entry: Entry) => Promise<void> | undefined;
  /** The store has too much to write: applying goes on when the promise resolves. */
  readonly hold: () => Promise<void> | undefined;
  /** All entries of a message have been applied: its answers are due. */
  readonly applied: (message: Message) => void;
  /** The queue has run dry, or gives way. */
  readonly paused: () => void;
  readonly onFailed: (error: unknown) => void;
}

export class ApplyQueue {
  readonly #ports: ApplyQueuePorts;
  #messages: Message[] = [];
  /** Position in the first message. */
  #position = 0;
  #busy = false;
  #stopped = false;
  #isHeld = false;
  #onIdle: (() => void)[] = [];

  constructor(ports: ApplyQueuePorts) {
    this.#ports = ports;
  }

  push(message: Message): void {
    this.#messages.push(message);
  }

  /** Waits for the store. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  stop(): void {
    this.#stopped = true;
    this.#messages = [];
  }

  /** Resolves when everything queued so far has been applied. */
  whenIdle(): Promise<void> {
    if (!this.#busy && this.#messages.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  /** Applies what is queued, as far as it goes without waiting. */
  drain(): void {
    if (this.#busy || this.#stopped) return;
    this.#busy = true;
    const startedMs = this.#ports.clock.monotonicMs();
    try {
      this.#drainFrom(startedMs);
    } catch (error) {
      this.#ports.onFailed(error);
    }
  }

  #drainFrom(startedMs: number): void {
    for (let message = this.#messages[0]; message !== undefined; message = this.#messages[0]) {
      const hold = this.#ports.hold();
      if (hold !== undefined) return this.#holdUntil(hold);
      const entries = message.entries;
      while (this.#position < entries.length) {
        const pending = this.#ports.apply(entries[this.#position] as Entry);
        this.#position += 1;
        if (pending !== undefined) return this.#resumeAfter(pending);
        if (
          this.#position % CLOCK_CHECK_COUNT === 0 &&
          this.#ports.clock.monotonicMs() - startedMs > SLICE_MS
        ) {
          this.#ports.scheduler.soon(() => this.#resume());
          return this.#ports.paused();
        }
      }
      this.#messages.shift();
      this.#position = 0;
      this.#ports.applied(message);
    }
    this.#busy = false;
    this.#ports.paused();
    const waiting = this.#onIdle;
    this.#onIdle = [];
    for (const resolve of waiting) resolve();
  }

  #holdUntil(drained: Promise<void>): void {
    this.#isHeld = true;
    this.#ports.paused();
    this.#resumeAfter(drained);
  }

  #resumeAfter(pending: Promise<void>): void {
    pending.then(
      () => this.#resume(),
      (error: unknown) => this.#ports.onFailed(error),
    );
  }

  #resume(): void {
    this.#busy = false;
    this.#isHeld = false;
    this.drain();
  }
}
