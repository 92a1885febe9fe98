/**
 * The store's history as its events tell it: what every key was at every revision.
 *
 * Revisions run from `baseRevision` (exclusive; none of the keys existed then) to `finalRevision` (inclusive). Everything between
 * is here, so what is not here did not happen.
 */
import type { StoredKey } from "../history/operation.js";
import type { Findings } from "../history/verdict.js";
import type { StoreEvent } from "../history/watcher-log.js";
import { describeEvent, describeKey, isSameKey } from "./describe-key.js";

export interface RevisionRange {
  readonly baseRevision: number;
  readonly finalRevision: number;
  /** Up to where the store was compacted at the end of the history; absent when it never was. */
  readonly compactedRevision?: number;
}

interface KeyTimeline {
  /** Ascending, parallel to `states`. */
  readonly revisions: number[];
  /** What the key was from that revision on; undefined once it was deleted. */
  readonly states: (StoredKey | undefined)[];
}

export class StoreHistory {
  readonly baseRevision: number;
  readonly finalRevision: number;
  readonly compactedRevision: number;
  readonly events: readonly StoreEvent[];
  readonly #timelines = new Map<string, KeyTimeline>();
  readonly #sortedKeys: readonly string[];
  /** The first event of each revision that has some, and how many it has. */
  readonly #placeByRevision = new Map<number, { first: number; count: number }>();

  /**
   * @param events in the order of the store.
   * @param findings gets what the events say against each other: order, versions, creation.
   */
  constructor(events: readonly StoreEvent[], range: RevisionRange, findings: Findings) {
    this.events = events;
    this.baseRevision = range.baseRevision;
    this.finalRevision = range.finalRevision;
    this.compactedRevision = range.compactedRevision ?? 0;
    events.forEach((event, index) => {
      this.#checkOrder(event, index, findings);
      const place = this.#placeByRevision.get(event.modRevision);
      if (place === undefined) this.#placeByRevision.set(event.modRevision, { first: index, count: 1 });
      else place.count += 1;
      this.#append(event, findings);
    });
    this.#sortedKeys = [...this.#timelines.keys()].sort();
  }

  /** Revisions at which something was written, ascending. */
  revisions(): Iterable<number> {
    return this.#placeByRevision.keys();
  }

  /** What was written at a revision, in the order it was. */
  eventsAt(revision: number): readonly StoreEvent[] {
    const place = this.#placeByRevision.get(revision);
    return place === undefined ? [] : this.events.slice(place.first, place.first + place.count);
  }

  /** The key once everything up to and including `revision` was written; undefined if it was not there. */
  keyAt(key: string, revision: number): StoredKey | undefined {
    const timeline = this.#timelines.get(key);
    if (timeline === undefined) return undefined;
    const index = lastAtMost(timeline.revisions, revision);
    return index < 0 ? undefined : timeline.states[index];
  }

  /** All keys that begin with `prefix` at a revision, in order. */
  keysAt(prefix: string, revision: number): StoredKey[] {
    const found: StoredKey[] = [];
    for (const key of this.#sortedKeys) {
      if (!key.startsWith(prefix)) continue;
      const state = this.keyAt(key, revision);
      if (state !== undefined) found.push(state);
    }
    return found;
  }

  #checkOrder(event: StoreEvent, index: number, findings: Findings): void {
    const { modRevision } = event;
    const last = this.events[index - 1]?.modRevision ?? this.baseRevision + 1;
    if (modRevision < last || modRevision > this.finalRevision) {
      const bounds = `${last} to ${this.finalRevision}`;
      findings.add(
        "durability",
        `the store's history is out of order: ${describeEvent(event)} not in ${bounds}`,
      );
    }
  }

  #append(event: StoreEvent, findings: Findings): void {
    const { key, modRevision } = event;
    let timeline = this.#timelines.get(key);
    if (timeline === undefined) {
      timeline = { revisions: [], states: [] };
      this.#timelines.set(key, timeline);
    }
    const before = timeline.states.at(-1);
    timeline.revisions.push(modRevision);
    if (event.kind === "delete") {
      timeline.states.push(undefined);
      if (before === undefined) {
        findings.add("durability", `the store's history deletes what is not there: ${describeEvent(event)}`);
      }
      return;
    }
    const { value } = event;
    const version = (before?.version ?? 0) + 1;
    const createRevision = before?.createRevision ?? modRevision;
    const expected: StoredKey = { key, value, createRevision, modRevision, version };
    timeline.states.push(expected);
    if (!isSameKey(event, expected)) {
      const told = describeKey(event);
      findings.add(
        "durability",
        `the store's history contradicts itself: ${told}, expected ${describeKey(expected)}`,
      );
    }
  }
}

/** Index of the last of the ascending numbers that is at most `bound`; -1 if none is. */
function lastAtMost(ascending: readonly number[], bound: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! <= bound) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
