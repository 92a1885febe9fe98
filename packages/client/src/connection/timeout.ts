/** Times that callers give, in milliseconds: what is none is told at once, and what is longer than a timer of the platform is as good. */

/** Timers of the platform take no more, and fire at once when they are given more. */
export const TIMER_MAX_MS = 2_147_483_647;

/**
 * @returns `timeoutMs`; Infinity is no limit, and what is not above 0 has passed already.
 * @throws TypeError for what is no number, such as that of a variable that is not set.
 */
export function checkTimeout<T extends number | undefined>(timeoutMs: T): T {
  if (timeoutMs === undefined || (typeof timeoutMs === "number" && !Number.isNaN(timeoutMs)))
    return timeoutMs;
  throw new TypeError(`timeoutMs is a number of milliseconds, not ${String(timeoutMs)}`);
}

/** Calls `onTime` once, unless the returned function is called before. Never for undefined and Infinity. */
export function startTimer(timeoutMs: number | undefined, onTime: () => void): () => void {
  if (timeoutMs === undefined || timeoutMs === Infinity) return () => undefined;
  const endMs = performance.now() + timeoutMs;
  let timer: ReturnType<typeof setTimeout>;
  const wait = (): void => {
    const leftMs = endMs - performance.now();
    // A timer may be a little early.
    if (leftMs > TIMER_MAX_MS) timer = setTimeout(wait, TIMER_MAX_MS);
    else timer = setTimeout(onTime, Math.max(0, leftMs));
  };
  wait();
  return () => clearTimeout(timer);
}
