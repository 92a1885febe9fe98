/** The attempts of one call: how long they may take together, and what ends them. */
import type { CallOptions, Calls } from "../calls.js";
import { DeadlineError, type QuorateError } from "../errors/errors.js";
import { backOffMs, pause } from "./back-off.js";
import { checkTimeout } from "./timeout.js";

/** Attempts of one call, whatever its deadline. */
export const ATTEMPTS_MAX = 100;
/**
 * The first attempt of a call that may be made elsewhere too gets a third of the call's time, at least this: a member that hangs does not
 * use it up. The next ones get what is left.
 */
const ATTEMPT_MIN_MS = 1000;
const ATTEMPT_SHARE = 1 / 3;

export interface AttemptLimits {
  /** Of the call, unless it says otherwise. */
  readonly timeoutMs: number;
  /** Whether an attempt leaves time for another one. */
  readonly isShared: boolean;
}

export class Attempts {
  readonly #calls: Calls;
  readonly #userSignal: AbortSignal | undefined;
  readonly #totalMs: number;
  readonly #untilMs: number;
  #isShared: boolean;
  #count = 0;
  #hasNewToken = false;
  #lastFailure: QuorateError | undefined;

  /** @throws TypeError for a time that is no number. */
  constructor(calls: Calls, { signal, timeoutMs }: CallOptions, limits: AttemptLimits) {
    this.#calls = calls;
    this.#userSignal = signal;
    this.#totalMs = checkTimeout(timeoutMs) ?? limits.timeoutMs;
    this.#untilMs = performance.now() + this.#totalMs;
    this.#isShared = limits.isShared;
  }

  /** @returns milliseconds for the next attempt. @throws the reason when the call has been ended. */
  begin(): number {
    // During the attempt it is the channel that listens to the caller's signal, and that ends with the client.
    this.#userSignal?.throwIfAborted();
    this.#calls.closed.throwIfAborted();
    this.#count += 1;
    const leftMs = Math.max(1, this.#untilMs - performance.now());
    return this.#isShared
      ? Math.min(leftMs, Math.max(ATTEMPT_MIN_MS, this.#totalMs * ATTEMPT_SHARE))
      : leftMs;
  }

  /** After an attempt that got a share of the time only. @returns whether there is a rest, which is for the next one. */
  takeRest(): boolean {
    const wasShared = this.#isShared;
    this.#isShared = false;
    return wasShared && performance.now() < this.#untilMs;
  }

  /** Waits before the next attempt. @throws `error` when there is no time for one. */
  async failed(error: QuorateError): Promise<void> {
    this.#lastFailure = error;
    const leftMs = this.#untilMs - performance.now();
    if (leftMs <= 0 || this.#count >= ATTEMPTS_MAX) throw error;
    const waitMs = Math.min(backOffMs(this.#count - 1), leftMs);
    await pause(waitMs, [this.#userSignal, this.#calls.closed]);
    if (performance.now() >= this.#untilMs) throw error;
  }

  /**
   * What the call rejects with. Time that was up before anything was sent is no story of its own: what kept the request from being sent
   * is the better one, of the login if that is what it waited for, or of an earlier attempt.
   */
  storyOf(error: QuorateError, wasSent: boolean, login: QuorateError | undefined): QuorateError {
    if (wasSent || !(error instanceof DeadlineError)) return error;
    return login ?? this.#lastFailure ?? error;
  }

  /** A rejected token is replaced once a call. */
  takeNewToken(): boolean {
    const isFirst = !this.#hasNewToken;
    this.#hasNewToken = true;
    return isFirst;
  }
}
