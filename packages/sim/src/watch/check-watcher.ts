/**
 * What a watcher was told, against the store's history.
 *
 * - ordered, unique, reliable: from where a stream starts, each response goes on exactly where the last one stopped.
 * - atomic: a response ends between two revisions, unless it announces itself a fragment.
 * - bookmarkable: progress at R only after everything up to R.
 * - resumable: a new stream that starts behind the last one's end goes on without a gap; a stream is refused for compaction
 *   only if its start is compacted.
 * - alive: at the end it has been told everything it must have been told.
 */
import type { Findings } from "../history/verdict.js";
import type { StoreEvent, WatcherLog, WatchRecord } from "../history/watcher-log.js";
import { describeEvent, describeKey, isSameKey } from "../revisions/describe-key.js";
import type { StoreHistory } from "../revisions/store-history.js";

/** Events of the store around a fault that its description shows. */
const CONTEXT_EVENTS = 3;

export function checkWatcher(log: WatcherLog, store: StoreHistory, findings: Findings): void {
  const expected = store.events.filter(({ key }) => key.startsWith(log.prefix));
  new WatcherCheck(log, store, expected, findings).run();
}

class WatcherCheck {
  readonly #log: WatcherLog;
  readonly #store: StoreHistory;
  readonly #expected: readonly StoreEvent[];
  readonly #findings: Findings;
  /** The next event of the store this stream has to tell. */
  #next = 0;
  /** Everything up to here was told, over all streams. */
  #reached: number;
  /** Of the stream: where it was asked to start, 0 for now; and the last bookmark it gave. */
  #startRevision = 0;
  #bookmark = 0;
  #isInFragment = false;

  constructor(log: WatcherLog, store: StoreHistory, expected: readonly StoreEvent[], findings: Findings) {
    this.#log = log;
    this.#store = store;
    this.#expected = expected;
    this.#findings = findings;
    this.#reached = store.baseRevision;
  }

  run(): void {
    for (const record of this.#log.records) this.#take(record);
    const { mustReachRevision } = this.#log;
    if (this.#reached >= mustReachRevision) return;
    // Between the last thing told and the end there may have been nothing to tell.
    const missing = this.#expected.find(({ modRevision }) => modRevision > this.#reached);
    if (missing === undefined || missing.modRevision > mustReachRevision) return;
    this.#fault(
      `was never told ${describeEvent(missing)}`,
      `it came to revision ${this.#reached} and had to come to ${mustReachRevision}`,
    );
  }

  #take(record: WatchRecord): void {
    switch (record.kind) {
      case "opened":
        this.#open(record.startRevision);
        return;
      case "created":
        if (this.#startRevision === 0) this.#startAt(record.revision + 1);
        return;
      case "events":
        this.#takeEvents(record);
        return;
      case "progress":
        this.#takeProgress(record.revision);
        return;
      case "canceled":
        this.#takeCanceled(record);
        return;
      case "broken":
        this.#isInFragment = false;
        return;
    }
  }

  #open(startRevision: number): void {
    this.#isInFragment = false;
    this.#bookmark = 0;
    this.#startRevision = startRevision;
    if (startRevision > 0) this.#startAt(startRevision);
    else this.#next = this.#expected.length;
  }

  #startAt(revision: number): void {
    this.#startRevision = revision;
    this.#next = this.#firstFrom(revision);
  }

  #takeEvents({ revision, events, isFragment }: Extract<WatchRecord, { kind: "events" }>): void {
    for (const event of events) {
      // Behind the history's end nothing is known.
      if (event.modRevision > this.#store.finalRevision) break;
      if (event.modRevision > revision) {
        this.#fault(`was told ${describeEvent(event)} under a header of revision ${revision}`);
      }
      if (event.modRevision <= this.#bookmark) {
        this.#fault(`was told ${describeEvent(event)} after progress at ${this.#bookmark}`);
      }
      this.#takeEvent(event);
    }
    this.#isInFragment = isFragment;
    const last = this.#expected[this.#next - 1];
    const following = this.#expected[this.#next];
    if (last === undefined) return;
    const isSplit = following?.modRevision === last.modRevision;
    if (isSplit && !isFragment && events.length > 0) {
      this.#fault(`was told a part of revision ${last.modRevision} only`, this.#context(this.#next));
    }
    this.#reached = Math.max(this.#reached, isSplit ? last.modRevision - 1 : last.modRevision);
  }

  #takeEvent(event: StoreEvent): void {
    const expected = this.#expected[this.#next];
    if (expected !== undefined && isSameEvent(event, expected)) {
      this.#next += 1;
      this.#checkPrevious(event);
      return;
    }
    const place = this.#placeOf(event);
    this.#describeMisplaced(event, place);
    // Goes on behind what was told, so that one fault is not told as thousands.
    if (place >= this.#next) this.#next = place + 1;
  }

  #describeMisplaced(event: StoreEvent, place: number): void {
    const told = describeEvent(event);
    const context = this.#context(this.#next);
    if (place < 0) this.#fault(`was told what never happened: ${told}`, context);
    else if (event.modRevision < this.#startRevision) {
      this.#fault(`was told ${told}, from before its start at ${this.#startRevision}`, context);
    } else if (place < this.#next) this.#fault(`was told twice or too late: ${told}`, context);
    else {
      const skipped = place - this.#next;
      this.#fault(`was not told ${skipped} events before ${told}`, context);
    }
  }

  #checkPrevious(event: StoreEvent): void {
    if (!this.#log.wantsPrevious || event.previous === undefined) return;
    const before = this.#store.keyAt(event.key, event.modRevision - 1);
    if (isSameKey(event.previous, before)) return;
    // A state that is compacted is not told any more.
    if (event.previous === null && event.modRevision <= this.#store.compactedRevision) return;
    this.#fault(
      `was told ${describeEvent(event)} with ${describeKey(event.previous)} before it, but it was ${describeKey(before)}`,
    );
  }

  #takeProgress(revision: number): void {
    const bound = Math.min(revision, this.#store.finalRevision);
    const untold = this.#expected[this.#next];
    if (this.#isInFragment) this.#fault(`was told progress at ${revision} between two fragments`);
    if (untold !== undefined && untold.modRevision <= bound) {
      this.#fault(
        `was told progress at ${revision} before ${describeEvent(untold)}`,
        this.#context(this.#next),
      );
    }
    this.#bookmark = Math.max(this.#bookmark, revision);
    this.#reached = Math.max(this.#reached, bound);
  }

  #takeCanceled({ compactRevision, reason }: Extract<WatchRecord, { kind: "canceled" }>): void {
    this.#isInFragment = false;
    if (
      compactRevision > 0 &&
      this.#reached + 1 >= compactRevision &&
      this.#startRevision >= compactRevision
    ) {
      this.#fault(
        `was refused revision ${this.#startRevision} as compacted, though compaction is at ${compactRevision} (${reason})`,
      );
    }
    // What is compacted cannot be told any more.
    if (compactRevision > 0) this.#reached = Math.max(this.#reached, compactRevision - 1);
  }

  /** Index of an event in the store's history; -1 if it never happened. */
  #placeOf(event: StoreEvent): number {
    for (let place = this.#firstFrom(event.modRevision); place < this.#expected.length; place += 1) {
      const candidate = this.#expected[place]!;
      if (candidate.modRevision !== event.modRevision) break;
      if (isSameEvent(event, candidate)) return place;
    }
    return -1;
  }

  /** Index of the first event at or after a revision. */
  #firstFrom(revision: number): number {
    let low = 0;
    let high = this.#expected.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#expected[middle]!.modRevision < revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Events of the store around a place. */
  #context(place: number): string {
    const lines = this.#expected
      .slice(Math.max(0, place - CONTEXT_EVENTS), place + CONTEXT_EVENTS)
      .map((event) => `  ${describeEvent(event)}`);
    return ["the store's history there:", ...lines].join("\n");
  }

  #fault(what: string, details = ""): void {
    this.#findings.add("watch", `${this.#log.name} ${what}`, details);
  }
}

function isSameEvent(a: StoreEvent, b: StoreEvent): boolean {
  return a.kind === b.kind && isSameKey(a, b);
}
