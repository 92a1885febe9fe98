/**
 * Turns among users of one session in this process: the server knows a session by its lease, so that for it two of them asking for
 * the same lock would be one.
 */
import { onAbort } from "./on-abort.js";

export class LocalQueue {
  readonly #tails = new Map<string, Promise<void>>();

  isBusy(name: string): boolean {
    return this.#tails.has(name);
  }

  /** Resolves when it is the caller's turn, with what ends the turn. Rejects with the signal's reason. */
  async enter(name: string, signal: AbortSignal): Promise<() => void> {
    const before = this.#tails.get(name);
    let leave = (): void => undefined;
    const turn = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const tail = (before ?? Promise.resolve()).then(() => turn);
    this.#tails.set(name, tail);
    void tail.then(() => {
      if (this.#tails.get(name) === tail) this.#tails.delete(name);
    });
    if (before === undefined) return leave;
    try {
      await settledOrAborted(before, signal);
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }
}

function settledOrAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(signal.reason as Error));
    void promise.then(() => {
      forget();
      resolve();
    });
  });
}
