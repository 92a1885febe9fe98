/**
 * A stable sort that gives way to other work: runs are sorted in one piece each and then merged, with a pause after every
 * `ITEMS_PER_TURN` items.
 */

/** Port: lets the event loop turn. */
export interface Turns {
  /** Resolves on a later turn, after pending input and timers had their chance. */
  yieldTurn(): Promise<void>;
}

const RUN_ITEMS = 256;
/** What sorting a run costs, in items merged: 8 comparisons each. */
const RUN_COST_ITEMS: number = RUN_ITEMS * 8;
/** Well below a millisecond for numbers, about one for long values that are equal. */
const ITEMS_PER_TURN = 4096;

/** Sorts `items` by `compare`, equal ones staying in their order. @returns the sorted items, possibly in another array. */
export async function sortInTurns(
  items: Uint32Array,
  compare: (a: number, b: number) => number,
  turns: Turns,
): Promise<Uint32Array> {
  const pause = createPause(turns);
  for (let start = 0; start < items.length; start += RUN_ITEMS) {
    items.subarray(start, start + RUN_ITEMS).sort(compare);
    await pause(RUN_COST_ITEMS);
  }
  let source: Uint32Array = items;
  let target: Uint32Array = new Uint32Array(items.length);
  for (let width = RUN_ITEMS; width < items.length; width *= 2) {
    for (let start = 0; start < items.length; start += 2 * width) {
      const middle = Math.min(start + width, items.length);
      const end = Math.min(start + 2 * width, items.length);
      await mergeRuns(source, target, { start, middle, end, compare, pause });
    }
    [source, target] = [target, source];
  }
  return source;
}

type Pause = (items: number) => Promise<void> | undefined;

function createPause(turns: Turns): Pause {
  let done = 0;
  return (items) => {
    done += items;
    if (done < ITEMS_PER_TURN) return undefined;
    done = 0;
    return turns.yieldTurn();
  };
}

async function mergeRuns(
  source: Uint32Array,
  target: Uint32Array,
  merge: {
    readonly start: number;
    readonly middle: number;
    readonly end: number;
    readonly compare: (a: number, b: number) => number;
    readonly pause: Pause;
  },
): Promise<void> {
  const { middle, end, compare, pause } = merge;
  let left = merge.start;
  let right = middle;
  for (let at = merge.start; at < end; at++) {
    const fromLeft =
      right >= end || (left < middle && compare(source[left] as number, source[right] as number) <= 0);
    target[at] = source[fromLeft ? left++ : right++] as number;
    if (at % RUN_ITEMS === RUN_ITEMS - 1) await pause(RUN_ITEMS);
  }
}
