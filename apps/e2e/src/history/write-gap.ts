/** How long a cluster took no writes around an event: the time between two acknowledged ones. */
import type { History } from "@quorate/sim";

export interface WriteGap {
  /** Times of the acknowledgements before and after, on the clock of the operations. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly gapMs: number;
}

/**
 * The longest time without an acknowledged write that touches the window after a mark (the last one of that label). With the
 * load's clients at several members this is the cluster's downtime; it is known to within the time between two writes.
 * A gap that has no end before the load's is counted up to the last write of all.
 * @throws if there is no such mark.
 */
export function longestWriteGap(
  history: Pick<History, "marks" | "successMs">,
  { after, windowMs }: { after: string; windowMs: number },
): WriteGap {
  const mark = history.marks.findLast(({ label }) => label === after);
  if (mark === undefined) throw new Error(`there is no mark "${after}"`);
  return longestGapWithin(history.successMs, mark.atMs, mark.atMs + windowMs);
}

/** Of ascending times; only gaps that touch `[fromMs, toMs)` count. */
export function longestGapWithin(times: readonly number[], fromMs: number, toMs: number): WriteGap {
  let longest: WriteGap = { fromMs, toMs: fromMs, gapMs: 0 };
  let last = fromMs;
  for (const time of times) {
    if (time >= fromMs) {
      if (last >= toMs) break;
      if (time - last > longest.gapMs) longest = { fromMs: last, toMs: time, gapMs: time - last };
    }
    last = time;
  }
  const hasEnded = (times.at(-1) ?? fromMs) >= fromMs;
  if (!hasEnded) return { fromMs: last, toMs, gapMs: toMs - last };
  return longest;
}
