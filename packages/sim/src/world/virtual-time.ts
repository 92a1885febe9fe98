/**
 * Time that goes from one event to the next. Everything that happens in a simulated world happens in an event; between two events all
 * promises that can go on have gone on. So a run depends on nothing but what was asked of it.
 */
import { assert } from "@quorate/std";
import { Trace } from "./trace.js";

/** Events of a run beyond which it is taken to be in a loop. */
export const EVENTS_MAX = 2_000_000;

interface Event {
  readonly atMs: number;
  /** Breaks ties: events of one moment happen in the order in which they were asked for. */
  readonly order: number;
  task: (() => void) | undefined;
}

export class VirtualTime {
  /** Of the moments of all events; others add what they know. */
  readonly trace: Trace = new Trace();
  #nowMs = 0;
  #order = 0;
  #eventCount = 0;
  /** A binary heap by moment and order. */
  readonly #heap: Event[] = [];

  /** Milliseconds since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  /** Runs `task` after `delayMs`, at least on a later event. @returns what calls it off. */
  after(delayMs: number, task: () => void): () => void {
    const event: Event = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, task };
    this.#push(event);
    return () => (event.task = undefined);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** Lets events happen until `untilMs`, which it then is, or until `isDone`. */
  async run(untilMs: number, isDone: () => boolean = () => false): Promise<void> {
    // From a promise on, never from a task of Node's: there its ticks would come first.
    await Promise.resolve();
    await promisesRun();
    while (!isDone()) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > untilMs) {
        this.#nowMs = Math.max(this.#nowMs, untilMs);
        return;
      }
      this.#pop();
      if (next.task === undefined) continue;
      this.#nowMs = next.atMs;
      this.#eventCount += 1;
      this.trace.addNumber(next.atMs);
      assert(this.#eventCount < EVENTS_MAX, "the world does not come to rest");
      next.task();
      await promisesRun();
    }
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/**
 * Resolves when every promise that can go on has gone on: no other input and no timer of Node's is in play. Node takes the next of its
 * ticks only when no promise has anything left to do, and that costs a tenth of a turn of its loop.
 */
function promisesRun(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
