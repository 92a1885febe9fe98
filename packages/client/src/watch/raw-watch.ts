/** One watch below its codec: events as the wire has them, in whole revisions, with what waits for the consumer bounded. */
import { etcdserverpb, GrpcStatus, type MessageInitShape, type mvccpb } from "@quorate/proto";
import { ClosedError, CompactedError, createRefusal, type QuorateError } from "../errors/errors.js";
import type { WireRange } from "../kv/key-range.js";
import { onAbort } from "../session/on-abort.js";
import { WAITING_BYTES_MAX, WAITING_EVENTS_MAX } from "./limits.js";
import { WatchQueue } from "./watch-queue.js";

/** Who carries watches: told when one wants something. */
export interface WatchCarrier {
  begin(watch: CarriedWatch): void;
  end(watch: CarriedWatch): void;
  askProgress(watch: CarriedWatch): void;
}

/** A watch as streams see it. */
export interface CarriedWatch {
  request(): MessageInitShape<typeof etcdserverpb.WatchCreateRequestSchema>;
  created(revision: bigint): void;
  /** Whole revisions. @returns false when no more is to be sent: the watch begins anew later. */
  told(events: readonly mvccpb.Event[]): boolean;
  progressed(revision: bigint): void;
  /** @returns whether the watch is to be begun again elsewhere. */
  canceled(reason: string, compactRevision: bigint): boolean;
  failed(error: unknown): void;
}

export interface RawWatchOptions {
  readonly range: WireRange;
  /** 0 for "from now on". */
  readonly startRevision: bigint;
  readonly previous: boolean;
  readonly puts: boolean;
  readonly deletes: boolean;
  readonly progress: boolean;
  readonly signal: AbortSignal | undefined;
}

/** All that one transaction did to the watched keys; no events for mere progress. */
export interface RawBatch {
  readonly revision: bigint;
  readonly events: readonly mvccpb.Event[];
}

export class RawWatch {
  readonly #carrier: WatchCarrier;
  readonly #options: RawWatchOptions;
  readonly #queue: WatchQueue<RawBatch> = new WatchQueue();
  readonly #carried: CarriedWatch;
  #forgetSignal: () => void = () => undefined;
  readonly #ready: Promise<bigint>;
  #settleReady: { resolve(revision: bigint): void; reject(error: unknown): void };
  /** What is asked for next; 0 for "from now on". */
  #nextRevision: bigint;
  /** The last revision that was told. Progress does not count: older servers report it ahead of events that are on their way. */
  #toldRevision = 0n;
  /** Everything up to here has been taken. */
  #takenRevision = 0n;
  #isPaused = false;
  #isConsumed = false;

  constructor(carrier: WatchCarrier, options: RawWatchOptions) {
    this.#carrier = carrier;
    this.#options = options;
    this.#nextRevision = options.startRevision;
    let settle: { resolve(revision: bigint): void; reject(error: unknown): void } | undefined;
    this.#ready = new Promise((resolve, reject) => (settle = { resolve, reject }));
    if (settle === undefined) throw new Error("a promise that was not made");
    this.#settleReady = settle;
    // Whoever does not wait for it learns of a failure from the loop.
    this.#ready.catch(() => undefined);
    this.#carried = this.#carry();
    const { signal } = options;
    if (signal !== undefined) this.#forgetSignal = onAbort(signal, () => this.#finish(signal.reason, true));
    if (!this.#queue.isFinished) carrier.begin(this.#carried);
  }

  /**
   * Resolves once the server has accepted the watch: nothing that happens afterwards is missed. To the revision of the store then.
   * Rejects when it is refused; with ClosedError when it is closed before.
   */
  get ready(): Promise<bigint> {
    return this.#ready;
  }

  /** Everything up to here has been taken; 0n before anything is known. */
  get revision(): bigint {
    return this.#takenRevision;
  }

  /** Asks the server how far it has told everything; `revision` shows the answer. */
  requestProgress(): void {
    this.#carrier.askProgress(this.#carried);
  }

  async *batches(): AsyncGenerator<RawBatch> {
    if (this.#isConsumed) throw new TypeError("a watch has one consumer");
    this.#isConsumed = true;
    try {
      for (;;) {
        const batch = await this.#queue.take();
        if (batch === undefined) return;
        if (batch.revision > this.#takenRevision) this.#takenRevision = batch.revision;
        this.#resumeIfRoom();
        yield batch;
      }
    } finally {
      this.close();
    }
  }

  /** Ends the watch; its loop ends when it has taken what waits. */
  close(): void {
    this.#finish(undefined, false);
  }

  #carry(): CarriedWatch {
    return {
      request: () => this.#request(),
      created: (revision) => {
        // Nothing was promised before: what happened until now is not told.
        if (this.#nextRevision === 0n) this.#nextRevision = revision + 1n;
        this.#settleReady.resolve(revision);
      },
      told: (events) => this.#told(events),
      progressed: (revision) => {
        if (revision < this.#nextRevision) return;
        this.#nextRevision = revision + 1n;
        this.#queue.push({ value: { revision, events: [] }, events: 0, bytes: 0 });
      },
      canceled: (reason, compactRevision) => this.#canceled(reason, compactRevision),
      failed: (error) => this.#finish(error, false),
    };
  }

  #request(): MessageInitShape<typeof etcdserverpb.WatchCreateRequestSchema> {
    const { range, puts, deletes, previous, progress } = this.#options;
    const { NOPUT, NODELETE } = etcdserverpb.WatchCreateRequest_FilterType;
    return {
      ...range,
      startRevision: this.#nextRevision,
      prevKv: previous,
      progressNotify: progress,
      fragment: true,
      filters: [...(puts ? [] : [NOPUT]), ...(deletes ? [] : [NODELETE])],
    };
  }

  #told(events: readonly mvccpb.Event[]): boolean {
    if (this.#queue.isFinished) return false;
    for (const group of byRevision(events)) {
      const revision = group[0]?.kv?.modRevision ?? 0n;
      // A server repeats nothing; should one do, nobody hears it.
      if (revision <= this.#toldRevision) continue;
      this.#queue.push({ value: { revision, events: group }, events: group.length, bytes: bytesOf(group) });
      this.#toldRevision = revision;
      if (this.#nextRevision <= revision) this.#nextRevision = revision + 1n;
    }
    this.#isPaused = this.#queue.events > WAITING_EVENTS_MAX || this.#queue.bytes > WAITING_BYTES_MAX;
    return !this.#isPaused;
  }

  #resumeIfRoom(): void {
    if (!this.#isPaused) return;
    if (this.#queue.events > WAITING_EVENTS_MAX / 2 || this.#queue.bytes > WAITING_BYTES_MAX / 2) return;
    this.#isPaused = false;
    if (!this.#queue.isFinished) this.#carrier.begin(this.#carried);
  }

  #canceled(reason: string, compactRevision: bigint): boolean {
    if (compactRevision > 0n) {
      this.#finish(new CompactedError(compactRevision), false);
      return false;
    }
    const refusal = refusalOf(reason);
    if (refusal === undefined) return true;
    this.#finish(refusal, false);
    return false;
  }

  #finish(failure: unknown, dropsWaiting: boolean): void {
    if (this.#queue.isFinished) return;
    this.#queue.finish(failure, dropsWaiting);
    this.#forgetSignal();
    this.#settleReady.reject(failure ?? new ClosedError("the watch was closed"));
    this.#carrier.end(this.#carried);
  }
}

/** @returns undefined when another stream may do better: the server lost its leader, or stops. */
function refusalOf(reason: string): QuorateError | undefined {
  const refusal = createRefusal(reason, GrpcStatus.FailedPrecondition, undefined);
  if (reason === "" || refusal.retry !== "none") return undefined;
  return refusal;
}

function* byRevision(events: readonly mvccpb.Event[]): Generator<readonly mvccpb.Event[]> {
  for (let start = 0; start < events.length;) {
    const revision = events[start]?.kv?.modRevision;
    let end = start + 1;
    while (end < events.length && events[end]?.kv?.modRevision === revision) end += 1;
    yield events.slice(start, end);
    start = end;
  }
}

function bytesOf(events: readonly mvccpb.Event[]): number {
  let sum = 0;
  for (const { kv, prevKv } of events)
    sum +=
      (kv?.key.length ?? 0) +
      (kv?.value.length ?? 0) +
      (prevKv?.key.length ?? 0) +
      (prevKv?.value.length ?? 0);
  return sum;
}
