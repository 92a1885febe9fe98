/** Waiting between attempts: doubling, bounded, with jitter so that clients do not come back together. */
import { onAbort } from "../session/on-abort.js";

export const BACK_OFF_FIRST_MS = 25;
export const BACK_OFF_MAX_MS = 2000;

/** Milliseconds after `failures` failures in a row: half of the bound is fixed, half is chance. */
export function backOffMs(failures: number): number {
  const bound = Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** Math.min(failures, 16));
  return bound / 2 + (Math.random() * bound) / 2;
}

/** Resolves after the time, rejects with the reason of the first signal that aborts. */
export function pause(ms: number, signals: readonly (AbortSignal | undefined)[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const present = signals.filter((signal) => signal !== undefined);
    const leave = (): void => {
      clearTimeout(timer);
      for (const forget of forgets) forget();
    };
    const fail = (): void => {
      leave();
      reject(present.find(({ aborted }) => aborted)?.reason as Error);
    };
    const timer = setTimeout(() => {
      leave();
      resolve();
    }, ms);
    const forgets: (() => void)[] = [];
    for (const signal of present) forgets.push(onAbort(signal, fail));
    if (present.some(({ aborted }) => aborted)) leave();
  });
}
