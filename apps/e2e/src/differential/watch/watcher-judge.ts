/**
 * Judges what one watcher is told, response by response, against the history.
 *
 * What may differ between servers is left open: how revisions are batched into responses, when progress is told, whether a
 * watcher that was behind a compaction is served or ended, and whether a pair that was compacted away is shown as the one
 * before. Order, content, completeness and that no revision is split are not.
 */
import type { etcdserverpb, mvccpb } from "@quorate/proto";
import type { HistoryModel, ModelEvent, ModelPair } from "./history-model.js";
import { isInRange } from "./history-model.js";

export interface WatcherSpec {
  readonly key: string;
  readonly end: string;
  /** 0 for what comes. */
  readonly start: number;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  readonly withPrevious: boolean;
  readonly fragment: boolean;
  readonly progress: boolean;
}

export type Ending = "cancelled" | "compacted";

export class WatcherJudge {
  readonly spec: WatcherSpec;
  /** What it was told, one line per event; pairs before are left out, because they may be. */
  readonly told: string[] = [];
  ending: Ending | undefined;
  /** Servers that forget what a watcher asked for before its last events are sent leave pairs before out of these. */
  mayLackPrevious = false;
  readonly #history: HistoryModel;
  /** First revision that it must be told of. */
  readonly #first: number;
  readonly #dropsTombstones: boolean;
  #cursor = 0;
  #lastMain = 0;

  /**
   * @param createdRevision R as the server showed it when the watcher was created.
   * @param dropsTombstones for releases that forget a delete at the revision of a compaction.
   */
  constructor(
    history: HistoryModel,
    spec: WatcherSpec,
    { createdRevision, dropsTombstones }: { createdRevision: number; dropsTombstones: boolean },
  ) {
    this.#history = history;
    this.spec = spec;
    this.#first = spec.start === 0 ? createdRevision + 1 : spec.start;
    this.#dropsTombstones = dropsTombstones;
  }

  /** What a client would go on with that lost its stream now. */
  get resumeRevision(): number {
    return Math.max(this.#lastMain + 1, this.#first);
  }

  /** Takes a whole response in, fragments put together. @returns what is wrong with it. */
  onEvents(headerRevision: number, events: readonly mvccpb.Event[]): string | undefined {
    if (this.ending !== undefined) return `events after it was ${this.ending}`;
    if (events.length === 0) return "a response without events";
    for (const [place, event] of events.entries()) {
      const line = describeEvent(event);
      const expected = this.#next(event);
      if (expected === undefined) return `told of ${line}, but nothing is left to tell`;
      if (place === 0 && expected.main === this.#lastMain) return `revision ${expected.main} was split`;
      const wanted = describeModelEvent(expected);
      if (line !== wanted) return `told of ${line} instead of ${wanted}`;
      const wrong = this.#checkPrevious(event, expected);
      if (wrong !== undefined) return `${line}: ${wrong}`;
      this.#lastMain = expected.main;
      this.#cursor += 1;
      this.told.push(line);
    }
    const rest = this.#peek();
    if (rest?.main === this.#lastMain && !this.#maySkip(rest)) return `revision ${rest.main} was split`;
    if (headerRevision < this.#lastMain || headerRevision > this.#history.revision)
      return `its header shows ${headerRevision}, its last event ${this.#lastMain}`;
    return undefined;
  }

  /** Everything up to `revision` must have been told. */
  onProgress(revision: number): string | undefined {
    if (this.ending !== undefined) return `progress after it was ${this.ending}`;
    if (revision > this.#history.revision) return `progress of ${revision}, which is to come`;
    if (revision < this.spec.start) return `progress of ${revision} before its start, ${this.spec.start}`;
    const missing = this.#peekBeyondSkipped();
    return missing !== undefined && missing.main <= revision
      ? `progress of ${revision}, but it was not told of ${describeModelEvent(missing)}`
      : undefined;
  }

  onCompacted(compactRevision: number): string | undefined {
    if (this.ending !== undefined) return `compacted after it was ${this.ending}`;
    this.ending = "compacted";
    if (!this.#history.compactions.includes(compactRevision))
      return `no compaction was at ${compactRevision}`;
    return this.resumeRevision < compactRevision
      ? undefined
      : `ended by the compaction at ${compactRevision}, but it goes on with ${this.resumeRevision}`;
  }

  /** @returns the first event that it still has to be told of. */
  missing(): string | undefined {
    const event = this.ending === undefined ? this.#peekBeyondSkipped() : undefined;
    return event === undefined ? undefined : describeModelEvent(event);
  }

  #matches({ main, isDelete, pair }: ModelEvent): boolean {
    const { key, end, noPut, noDelete } = this.spec;
    return main >= this.#first && isInRange(pair.key, key, end) && !(isDelete ? noDelete : noPut);
  }

  #peek(): ModelEvent | undefined {
    const { events } = this.#history;
    while (this.#cursor < events.length && !this.#matches(events[this.#cursor]!)) this.#cursor += 1;
    return events[this.#cursor];
  }

  /** The next one due; one that the server may have forgotten is passed over if it is not the one told. */
  #next(told: mvccpb.Event): ModelEvent | undefined {
    for (;;) {
      const event = this.#peek();
      if (event === undefined || !this.#maySkip(event)) return event;
      if (describeModelEvent(event) === describeEvent(told)) return event;
      this.#cursor += 1;
    }
  }

  #peekBeyondSkipped(): ModelEvent | undefined {
    const { events } = this.#history;
    for (let place = this.#cursor; place < events.length; place += 1) {
      const event = events[place]!;
      if (this.#matches(event) && !this.#maySkip(event)) return event;
    }
    return undefined;
  }

  #maySkip({ main, isDelete }: ModelEvent): boolean {
    return this.#dropsTombstones && isDelete && this.#history.compactions.includes(main);
  }

  #checkPrevious(event: mvccpb.Event, { main, previous }: ModelEvent): string | undefined {
    const told = event.prevKv === undefined ? undefined : describePair(event.prevKv);
    if (!this.spec.withPrevious) return told === undefined ? undefined : "shows a pair before, unasked";
    const wanted = previous === undefined ? undefined : describeModelPair(previous);
    if (told === wanted) return undefined;
    if (told === undefined && (this.mayLackPrevious || main - 1 < this.#history.compacted)) return undefined;
    return `the pair before is ${told ?? "not shown"} instead of ${wanted ?? "none"}`;
  }
}

export function revisionOf(response: etcdserverpb.WatchResponse): number {
  return Number(response.header?.revision ?? 0n);
}

const SHOWN_CHARS_MAX = 24;

function describeEvent({ type, kv }: mvccpb.Event): string {
  if (kv === undefined) return "an event without a pair";
  const isDelete = Number(type) === 1;
  return isDelete && kv.version === 0n && kv.createRevision === 0n && kv.lease === 0n && kv.value.length === 0
    ? `delete ${show(latin1(kv.key))}@${kv.modRevision}`
    : `${isDelete ? "delete" : "put"} ${describePair(kv)}`;
}

function describeModelEvent({ isDelete, pair }: ModelEvent): string {
  return isDelete ? `delete ${show(pair.key)}@${pair.mod}` : `put ${describeModelPair(pair)}`;
}

function describePair({ key, value, modRevision, createRevision, version, lease }: mvccpb.KeyValue): string {
  return `${show(latin1(key))}=${show(latin1(value))}@${modRevision}/c${createRevision}/v${version}/l${lease}`;
}

function describeModelPair({ key, value, mod, create, version, lease }: ModelPair): string {
  return `${show(key)}=${show(value)}@${mod}/c${create}/v${version}/l${lease}`;
}

/** Long values are all of one character, so that nothing is lost. */
function show(text: string): string {
  return text.length <= SHOWN_CHARS_MAX
    ? JSON.stringify(text)
    : `${JSON.stringify(text.slice(0, SHOWN_CHARS_MAX))} and ${text.length} in all`;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}
