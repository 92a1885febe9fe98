/**
 * A pass tells an audience of the events [from, to) of one block: all watchers in step, or some that are being brought forward.
 *
 *     match: event -> ranges -> rows of each touched range      (only ranges that the audience watches)
 *     look up the pairs before, where somebody wants them
 *     deliver: range by range, its bodies to each of its watchers in the audience
 *
 * It runs in slices, and between them watchers come, go and lose step: those that leave are skipped, those that come have a next
 * revision behind the block. A watcher whose stream takes no more falls behind at the first revision it was not told of.
 */
import type { StoreReads } from "../mvcc/store-api.js";
import { NONE, NumberList } from "./columns.js";
import type { EventBlock } from "./event-block.js";
import { PREVIOUS_BYTES_KEPT_MAX } from "./limits.js";
import { PreviousPairs } from "./previous-pairs.js";
import { ResponseBuilder } from "./response-builder.js";
import { WATCHER_FLAG } from "./watcher-table.js";
import type { StreamRecord, WatcherRegistry } from "./watcher-registry.js";

/** Steps between looks at the clock. */
const STEPS_PER_LOOK = 16;

export interface PassPlan {
  readonly block: EventBlock;
  /** Rows of the block. */
  readonly from: number;
  readonly to: number;
  /** Everything up to here can be told. */
  readonly endRevision: number;
  /** What headers of responses show; 0 for the revision of the last event in each. */
  readonly headerRevision: number;
  /** Watchers that are brought forward, in whose ranges `pass` is `number`; undefined for all that are in step. */
  readonly members: Members | undefined;
}

export interface Members {
  readonly number: number;
  /** Watchers, or NONE where one has left; `link` of a watcher is its place. */
  readonly watchers: number[];
}

export type PassProgress = "done" | "sliced" | Promise<void>;
type Phase = "idle" | "match" | "look-up" | "deliver";

export class Pass {
  readonly #registry: WatcherRegistry;
  readonly #nowMs: () => number;
  readonly #responses: ResponseBuilder = new ResponseBuilder();
  #plan: PassPlan | undefined;
  #phase: Phase = "idle";
  #row = 0;
  /** As planned, unless the pass has to end sooner. */
  #to = 0;
  #endRevision = 0;
  #stepCount = 0;
  readonly #found: NumberList = new NumberList();
  /** Events whose pair before somebody may want. */
  readonly #previousRows: NumberList = new NumberList();
  readonly #previous: PreviousPairs = new PreviousPairs();
  /** Per touched range: the range (NONE when it is gone), and its matches, chained. */
  readonly #touched: NumberList = new NumberList();
  readonly #firstMatch: NumberList = new NumberList();
  readonly #lastMatch: NumberList = new NumberList();
  readonly #matchRow: NumberList = new NumberList();
  readonly #nextMatch: NumberList = new NumberList();
  /** The touched range that is being served, and the watcher of it, in step, that is next. */
  #serving = 0;
  #cursor = NONE;
  readonly #rows: NumberList = new NumberList();
  /** Places of members whose ranges were touched, by range. */
  #order: number[] = [];

  constructor(registry: WatcherRegistry, nowMs: () => number) {
    this.#registry = registry;
    this.#nowMs = nowMs;
  }

  get plan(): PassPlan | undefined {
    return this.#plan;
  }

  /** Everything up to here has been told when the pass is done. */
  get endRevision(): number {
    return this.#endRevision;
  }

  start(plan: PassPlan): void {
    this.#plan = plan;
    this.#phase = "match";
    this.#row = plan.from;
    this.#to = plan.to;
    this.#endRevision = plan.endRevision;
    this.#previous.reset();
  }

  /**
   * Goes on until `deadlineMs` or the end.
   * @returns a promise when the store has to be asked first: call again when it has resolved. "done" once.
   */
  run(store: StoreReads, deadlineMs: number): PassProgress {
    const plan = this.#plan as PassPlan;
    if (this.#phase === "match") {
      if (!this.#match(plan, deadlineMs)) return "sliced";
      this.#phase = "look-up";
    }
    if (this.#phase === "look-up") {
      const found = this.#previous.run(store, { block: plan.block, rows: this.#previousRows }, () =>
        this.#isLate(deadlineMs),
      );
      if (found !== "done") return found;
      this.#cut(plan);
      this.#phase = "deliver";
      this.#serving = -1;
      this.#cursor = NONE;
      if (plan.members !== undefined) this.#sortMembers(plan.members);
    }
    const isDone =
      plan.members === undefined
        ? this.#deliverInStep(plan, deadlineMs)
        : this.#deliverMembers(plan, plan.members, deadlineMs);
    if (!isDone) return "sliced";
    if (plan.block.previousUsed > PREVIOUS_BYTES_KEPT_MAX) plan.block.forgetPrevious();
    this.#finish();
    return "done";
  }

  // Matching

  #match(plan: PassPlan, deadlineMs: number): boolean {
    const { block } = plan;
    const { ranges } = this.#registry;
    while (this.#row < plan.to) {
      if (this.#isLate(deadlineMs)) return false;
      const row = this.#row++;
      this.#found.length = 0;
      ranges.match(block.bytes, block.keyStart[row] as number, block.keyEnd[row] as number, this.#found);
      let wantsPrevious = false;
      for (let i = 0; i < this.#found.length; i++) {
        const range = this.#found.at(i);
        if (!this.#concerns(plan, range)) continue;
        this.#addMatch(range, row);
        if (ranges.previousCount.get(range) > 0) wantsPrevious = true;
      }
      if (wantsPrevious) this.#previousRows.push(row);
    }
    return true;
  }

  #concerns({ members }: PassPlan, range: number): boolean {
    const { ranges } = this.#registry;
    return members === undefined
      ? ranges.first.get(range) !== NONE
      : ranges.pass.get(range) === members.number;
  }

  #addMatch(range: number, row: number): void {
    const { touched } = this.#registry.ranges;
    const match = this.#matchRow.length;
    this.#matchRow.push(row);
    this.#nextMatch.push(NONE);
    const place = touched.get(range);
    if (place !== NONE) {
      this.#nextMatch.items[this.#lastMatch.at(place)] = match;
      this.#lastMatch.items[place] = match;
      return;
    }
    touched.set(range, this.#touched.length);
    this.#touched.push(range);
    this.#firstMatch.push(match);
    this.#lastMatch.push(match);
  }

  /** Ends the pass where the search for pairs before has ended. */
  #cut({ block }: PassPlan): void {
    const { end } = this.#previous;
    if (end === this.#previousRows.length) return;
    const revision = block.main[this.#previousRows.at(end)] as number;
    this.#to = block.firstAtOrAbove(revision);
    this.#endRevision = revision - 1;
  }

  // Delivering

  /** Gets the events of the touched range at `place` ready. */
  #serve(plan: PassPlan, place: number): void {
    this.#serving = place;
    this.#rows.length = 0;
    for (let match = this.#firstMatch.at(place); match !== NONE; match = this.#nextMatch.at(match))
      if (this.#matchRow.at(match) < this.#to) this.#rows.push(this.#matchRow.at(match));
    this.#responses.start(plan.block, this.#rows, plan.headerRevision);
  }

  #deliverInStep(plan: PassPlan, deadlineMs: number): boolean {
    const { ranges, watchers } = this.#registry;
    for (;;) {
      while (this.#cursor === NONE) {
        const place = this.#serving + 1;
        if (place === this.#touched.length) return true;
        const range = this.#touched.at(place);
        this.#serving = place;
        if (range === NONE) continue;
        this.#serve(plan, place);
        this.#cursor = ranges.first.get(range);
      }
      if (this.#isLate(deadlineMs)) return false;
      const watcher = this.#cursor;
      // Before it is told: it may leave its place then.
      this.#cursor = watchers.link.get(watcher);
      const missed = this.#tell(watcher);
      if (missed > 0) this.#registry.fallBehind(watcher, missed);
    }
  }

  #sortMembers({ watchers: members }: Members): void {
    const { watchers, ranges } = this.#registry;
    this.#order = [];
    members.forEach((watcher, place) => {
      if (watcher !== NONE && ranges.touched.get(watchers.range.get(watcher)) !== NONE)
        this.#order.push(place);
    });
    // Side by side, those that are told the same.
    this.#order.sort((a, b) => {
      const [one, two] = [members[a] as number, members[b] as number];
      const byRange = watchers.range.get(two) - watchers.range.get(one);
      return byRange === 0 ? watchers.nextRevision.get(two) - watchers.nextRevision.get(one) : byRange;
    });
  }

  /** From the end of `order`, which is then forgotten. */
  #deliverMembers(plan: PassPlan, members: Members, deadlineMs: number): boolean {
    const { watchers, ranges } = this.#registry;
    for (let place = this.#order.at(-1); place !== undefined; place = this.#order.at(-1)) {
      if (this.#isLate(deadlineMs)) return false;
      this.#order.pop();
      const watcher = members.watchers[place] as number;
      if (watcher === NONE) continue;
      const touched = ranges.touched.get(watchers.range.get(watcher));
      if (touched !== this.#serving) this.#serve(plan, touched);
      const missed = this.#tell(watcher);
      if (missed > 0) this.#registry.fallBehind(watcher, missed);
    }
    return true;
  }

  /** Sends what the watcher is to be told. @returns the first revision that its stream did not take, or 0. */
  #tell(watcher: number): number {
    const stream: StreamRecord = this.#registry.streamOf(watcher);
    if (stream.isClosed) return 0;
    const { watchers } = this.#registry;
    const flags = watchers.flags.get(watcher);
    const idLow = watchers.idLow.get(watcher);
    const idHigh = watchers.idHigh.get(watcher);
    const count = this.#responses.build(flags, watchers.nextRevision.get(watcher));
    for (let i = 0; i < count; i++) {
      const body = this.#responses.body(flags, i);
      if (stream.isBlocked) return body.firstRevision;
      // Before it is sent: the receiver may close the stream while it is told, and the watcher is gone then.
      watchers.flags.set(watcher, flags | WATCHER_FLAG.sent);
      const isOpen = stream.sink.sendEvents(idLow, idHigh, body);
      if (stream.isClosed) return 0;
      if (!isOpen) stream.isBlocked = true;
    }
    return 0;
  }

  #isLate(deadlineMs: number): boolean {
    this.#stepCount += 1;
    return this.#stepCount % STEPS_PER_LOOK === 0 && this.#nowMs() >= deadlineMs;
  }

  #finish(): void {
    const { touched } = this.#registry.ranges;
    for (let i = 0; i < this.#touched.length; i++)
      if (this.#touched.at(i) !== NONE) touched.set(this.#touched.at(i), NONE);
    this.#touched.clear();
    this.#firstMatch.clear();
    this.#lastMatch.clear();
    this.#matchRow.clear();
    this.#nextMatch.clear();
    this.#previousRows.clear();
    this.#responses.end();
    this.#plan = undefined;
    this.#phase = "idle";
    this.#cursor = NONE;
  }

  // What happens meanwhile

  /** The watcher is about to leave the list of its range. */
  onLeavingStep(watcher: number): void {
    if (this.#cursor === watcher) this.#cursor = this.#registry.watchers.link.get(watcher);
  }

  /** The range has no watchers any more. */
  onRangeGone(range: number): void {
    const place = this.#registry.ranges.touched.get(range);
    if (this.#plan === undefined || place === NONE) return;
    this.#touched.items[place] = NONE;
    // Whoever takes the place of this range in the table must not be found here.
    this.#registry.ranges.touched.set(range, NONE);
  }
}
