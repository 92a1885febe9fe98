/**
 * Finds unary calls that take long without a look at the clock per call: a pulse counts on while the server lives, a call remembers
 * the pulse that it began in, and what has lasted more pulses than allowed was slow.
 *
 * Durations are true to a pulse, a quarter of the limit. A call that kept the loop from its beginning to its end is not seen.
 */
import type { CallBase } from "./grpc-call.js";

export type SlowCallListener = (call: CallBase, status: number, ms: number) => void;

export interface SlowCallOptions {
  /** Calls that last longer are told of. */
  readonly aboveMs: number;
  /** Hears of them as they end. */
  readonly onSlow: SlowCallListener;
}

const PULSES_PER_LIMIT = 4;
const PULSE_MS_MIN = 5;

export class SlowCalls {
  /** The present pulse. */
  pulse = 0;
  readonly #pulseMs: number;
  /** More than so many pulses are slow; never without options. */
  readonly #pulsesMax: number;
  readonly #onSlow: SlowCallListener | undefined;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(options: SlowCallOptions | undefined, nowMs: () => number) {
    const aboveMs = options?.aboveMs ?? 0;
    this.#pulseMs = Math.max(PULSE_MS_MIN, Math.ceil(aboveMs / PULSES_PER_LIMIT));
    this.#pulsesMax = options === undefined ? Infinity : Math.ceil(aboveMs / this.#pulseMs);
    this.#onSlow = options?.onSlow;
    if (options === undefined) return;
    const startMs = nowMs();
    // By the clock, since a timer that comes late comes once.
    const advance = (): void => {
      this.pulse = Math.floor((nowMs() - startMs) / this.#pulseMs);
    };
    this.#timer = setInterval(advance, this.#pulseMs).unref();
  }

  /** @param startPulse `pulse` when the call began */
  ended(call: CallBase, startPulse: number, status: number): void {
    // The pulse that it began in may have been nearly over.
    const pulses = this.pulse - startPulse - 1;
    if (pulses >= this.#pulsesMax) this.#onSlow?.(call, status, pulses * this.#pulseMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
