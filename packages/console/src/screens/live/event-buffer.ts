/**
 * What a live view holds: the newest changes, bounded in number and in bytes, oldest dropped first. While it is paused, changes wait
 * in a second, equally bounded place, so that what one reads stands still and resuming loses nothing that the limits allow.
 *
 * Invariant: sequences ascend without gaps over `held` followed by what waits, except where the limit dropped from the front.
 */
import type { mvccpb } from "@quorate/proto";
import { rowOf } from "./event-row.js";
import type { EventRow } from "./event-row.js";

export interface BufferLimits {
  readonly rowsMax: number;
  /** Keys and values, before and after. */
  readonly bytesMax: number;
}

export const BUFFER_LIMITS: BufferLimits = { rowsMax: 10_000, bytesMax: 32 * 1024 * 1024 };

export interface BufferSnapshot {
  /** Oldest first. A new array after each change, never changed afterwards. */
  readonly rows: readonly EventRow[];
  readonly waiting: number;
  readonly paused: boolean;
  /** Since the start. */
  readonly received: number;
  /** Of those, how many the limits have dropped. */
  readonly dropped: number;
  /** Newest revision seen; where to resume from is one above. 0 before the first. */
  readonly revision: bigint;
}

export class EventBuffer {
  readonly #limits: BufferLimits;
  #held: EventRow[] = [];
  #waiting: EventRow[] = [];
  #bytes = 0;
  #paused = false;
  #received = 0;
  #dropped = 0;
  #revision = 0n;

  constructor(limits: BufferLimits = BUFFER_LIMITS) {
    this.#limits = limits;
  }

  /** @param revision of the answer that carried the events; progress without events counts too. */
  add(events: readonly mvccpb.Event[], revision: bigint, seenAtMs: number): void {
    const target = this.#paused ? this.#waiting : this.#held;
    for (const event of events) {
      const row = rowOf(event, ++this.#received, seenAtMs);
      target.push(row);
      this.#bytes += bytesOf(row);
    }
    if (revision > this.#revision) this.#revision = revision;
    this.#trim();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    for (const row of this.#waiting) this.#held.push(row);
    this.#waiting = [];
    this.#trim();
  }

  /** Empties the view; counters and the place in the stream stay. */
  clear(): void {
    this.#held = [];
    this.#waiting = [];
    this.#bytes = 0;
  }

  snapshot(): BufferSnapshot {
    return {
      rows: this.#held.slice(),
      waiting: this.#waiting.length,
      paused: this.#paused,
      received: this.#received,
      dropped: this.#dropped,
      revision: this.#revision,
    };
  }

  /** While paused, what is read stays and the oldest of what waits goes: nothing moves under the reader's eyes. */
  #trim(): void {
    const over = (list: readonly EventRow[], from: number): boolean =>
      list.length - from > this.#limits.rowsMax ||
      (this.#bytes > this.#limits.bytesMax && from < list.length);
    const list = this.#paused ? this.#waiting : this.#held;
    let cut = 0;
    while (over(list, cut)) {
      this.#bytes -= bytesOf(list[cut]!);
      cut++;
    }
    if (cut === 0) return;
    list.splice(0, cut);
    this.#dropped += cut;
  }
}

/** What a row costs beside its bytes, roughly: without it, a million empty keys would cost nothing. */
const ROW_BYTES = 200;

function bytesOf(row: EventRow): number {
  return ROW_BYTES + row.key.length + (row.after?.value.length ?? 0) + (row.before?.value.length ?? 0);
}
