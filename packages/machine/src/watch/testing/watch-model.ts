/**
 * What watchers must be told, by a model that keeps the whole history as a list. It checks each response as it comes and, in the
 * end, that nothing was left out.
 */
import { latin1 } from "../../mvcc/testing/naive-store.js";
import type { WatchSpec } from "../watch-stream.js";

export interface ModelEvent {
  readonly main: number;
  readonly key: string;
  /** Undefined for a delete. */
  readonly value: string | undefined;
  readonly version: number;
  readonly isCreate: boolean;
}

export class ModelHistory {
  readonly transactions: string[] = [];
  readonly events: ModelEvent[] = [];
  revision = 1;
  compactRevision = -1;

  /** Takes in what `HubFixture.apply` was given. */
  apply(changes: string): void {
    const main = this.revision + 1;
    let changed = false;
    for (const change of changes.split(" ")) {
      const [key = "", value = ""] = change.slice(1).split("=");
      const old = this.#newest(key, Infinity);
      if (change.startsWith("+")) {
        this.events.push({
          main,
          key,
          value,
          version: (old?.version ?? 0) + 1,
          isCreate: old === undefined || this.#createdAt(key) === main,
        });
        if (old === undefined) this.#created.set(key, main);
      } else if (old === undefined) continue;
      else this.events.push({ main, key, value: undefined, version: 0, isCreate: false });
      changed = true;
      if (!change.startsWith("+")) this.#created.delete(key);
    }
    this.transactions.push(changes);
    if (changed) this.revision = main;
  }

  readonly #created = new Map<string, number>();

  #createdAt(key: string): number | undefined {
    return this.#created.get(key);
  }

  /** The pair of a key at a revision. */
  #newest(key: string, revision: number): ModelEvent | undefined {
    const event = this.events.findLast((each) => each.key === key && each.main <= revision);
    return event?.value === undefined ? undefined : event;
  }

  /** As `describeEvent` shows it, with or without the pair before. */
  describe(event: ModelEvent, withPrevious: boolean): string {
    const own =
      event.value === undefined
        ? `del ${event.key}@${String(event.main)}`
        : `put ${event.key}=${event.value}@${String(event.main)}/v${String(event.version)}`;
    const before = event.isCreate ? undefined : this.#newest(event.key, event.main - 1);
    return (
      own + (withPrevious && before !== undefined ? `<${before.value ?? ""}@${String(before.main)}` : "")
    );
  }

  matching(spec: WatchSpec, start: number): ModelEvent[] {
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
    const [from, end] = [text(spec.key), text(spec.rangeEnd)];
    const isIn = (key: string): boolean =>
      end === "" ? key === from : key >= from && (end === "\0" || key < end);
    return this.events.filter(
      ({ main, key, value }) =>
        main >= start && isIn(key) && !(value === undefined ? spec.noDelete : spec.noPut),
    );
  }
}

/** What one watcher has been told, against what it should have been. */
export class ModelWatcher {
  readonly spec: WatchSpec;
  readonly start: number;
  readonly #history: ModelHistory;
  #toldCount = 0;
  #lastRevision = 0;
  compactedAt: number | undefined;
  isCancelled = false;

  constructor(history: ModelHistory, spec: WatchSpec) {
    this.spec = spec;
    this.#history = history;
    this.start = spec.startRevision === 0 ? history.revision + 1 : spec.startRevision;
  }

  /** @returns what is wrong with a response. */
  onEvents(revision: number, events: readonly string[]): string | undefined {
    if (this.isCancelled || this.compactedAt !== undefined) return "events after the end";
    const expected = this.#history.matching(this.spec, this.start).slice(this.#toldCount);
    if (events.length === 0) return "no events in a response with events";
    for (const [i, told] of events.entries()) {
      const event = expected[i];
      if (event === undefined) return `told of ${told}, which did not happen`;
      if (i === 0 && event.main === this.#lastRevision) return `revision ${String(event.main)} was split`;
      const plain = this.#history.describe(event, false);
      const full = this.#history.describe(event, this.spec.withPrevious);
      const mayLack = event.main - 1 < this.#history.compactRevision;
      if (told !== full && !(mayLack && told === plain)) return `told of ${told} instead of ${full}`;
      this.#lastRevision = event.main;
    }
    this.#toldCount += events.length;
    if (revision < this.#lastRevision || revision > this.#history.revision)
      return `header shows ${String(revision)}`;
    return undefined;
  }

  onCompacted(revision: number): string | undefined {
    if (this.compactedAt !== undefined) return "compacted twice";
    this.compactedAt = revision;
    if (revision !== this.#history.compactRevision) return "another compact revision";
    return Math.max(this.#lastRevision + 1, this.start) < revision
      ? undefined
      : "nothing that it needs was compacted";
  }

  /** Everything up to `revision` must have been told. */
  onProgress(revision: number): string | undefined {
    if (revision > this.#history.revision) return "progress from the future";
    if (this.compactedAt !== undefined) return "progress of a watcher that has ended";
    if (this.spec.startRevision > 0 && revision < this.spec.startRevision)
      return "progress before the beginning";
    const missing = this.#history.matching(this.spec, this.start)[this.#toldCount];
    return missing !== undefined && missing.main <= revision
      ? `progress ${String(revision)}, but not told of ${String(missing.main)}`
      : undefined;
  }

  /** When nothing holds it up any more. @returns what was left out. */
  missing(): string | undefined {
    if (this.isCancelled || this.compactedAt !== undefined) return undefined;
    const missing = this.#history.matching(this.spec, this.start)[this.#toldCount];
    return missing === undefined ? undefined : `never told of ${this.#history.describe(missing, false)}`;
  }
}

export function createSpec(init: Partial<Omit<WatchSpec, "key" | "rangeEnd">> & Keys): WatchSpec {
  const { key, rangeEnd, ...rest } = init;
  return {
    startRevision: 0,
    id: { low: 0, high: 0 },
    noPut: false,
    noDelete: false,
    withPrevious: false,
    fragment: false,
    progress: false,
    ...rest,
    key: latin1(key),
    rangeEnd: latin1(rangeEnd),
  };
}

interface Keys {
  readonly key: string;
  readonly rangeEnd: string;
}
