/**
 * The pause before an attempt that follows a conflict. Every conflict means that somebody else got through, so it is short, and
 * random: who lost together does not come back together.
 */
import { onAbort } from "./on-abort.js";

const FIRST_MS = 4;
const MAX_MS = 200;

/** @param conflicts in a row, from 0. @throws the reason of a signal that aborts. */
export function conflictPause(
  conflicts: number,
  signals: readonly (AbortSignal | undefined)[],
): Promise<void> {
  return new Promise((resolve, reject) => {
    const forgets: (() => void)[] = [];
    const leave = (): void => {
      clearTimeout(timer);
      for (const forget of forgets) forget();
    };
    const timer = setTimeout(
      () => {
        leave();
        resolve();
      },
      Math.random() * Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(conflicts, 16)),
    );
    for (const signal of signals) {
      if (signal === undefined) continue;
      forgets.push(
        onAbort(signal, () => {
          leave();
          reject(signal.reason as Error);
        }),
      );
    }
  });
}
