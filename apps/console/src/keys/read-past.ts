/**
 * The events of one key below a revision, read by a watch that starts where the store's memory does.
 *
 * The events come oldest first and only the newest are kept, so memory is bounded whatever the key has been through. The watch has seen all
 * when an event at or above the revision comes, or when the server says, asked again and again, that it has caught up.
 */
import { watchRefusalText, watchTokenRefusal } from "@quorate/client";
import { consolepb, create, etcdserverpb } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";
import type { ReadContext } from "../clusters/cluster-calls.js";

/** Time that a server gets to walk through its past. */
const PAST_MS_MAX = 15_000;
/** How often it is asked whether it has. */
const ASK_EVERY_MS = 100;
/** Bytes of values that are kept. */
const PAST_BYTES_MAX = 32 * 1024 * 1024;

export interface PastRequest {
  readonly key: Uint8Array;
  /** Events below this revision are wanted. */
  readonly before: bigint;
  readonly eventsMax: number;
}

export interface Past {
  /** Oldest first. */
  readonly events: mvccpb.Event[];
  /** Why there are no older ones. */
  readonly end: consolepb.HistoryEnd;
}

const { HistoryEnd } = consolepb;

export async function readPast(context: ReadContext, request: PastRequest): Promise<Past> {
  let start = 1n;
  let end: consolepb.HistoryEnd = HistoryEnd.CREATED;
  for (;;) {
    const kept = new NewestEvents(request.eventsMax);
    const compacted = await watchPast(context, request, start, kept);
    if (compacted === undefined)
      return { events: kept.events, end: kept.hasDropped ? HistoryEnd.LIMIT : end };
    // What the store forgot last is what it remembers first: the state at the compacted revision.
    start = compacted;
    end = HistoryEnd.COMPACTED;
    if (start >= request.before) return { events: [], end };
  }
}

/** @returns undefined when all was seen or time ran out (`kept` says which); the compacted revision when the start lies below it. */
async function watchPast(
  { calls, signal }: ReadContext,
  { key, before }: PastRequest,
  start: bigint,
  kept: NewestEvents,
): Promise<bigint | undefined> {
  const deadline = AbortSignal.timeout(PAST_MS_MAX);
  const stream = calls.bidi(etcdserverpb.Watch.method.watch, {
    signal: AbortSignal.any([signal, deadline]),
    refusalIn: watchTokenRefusal,
  });
  const asking = setInterval(() => {
    stream.send({ requestUnion: { case: "progressRequest", value: {} } }).catch(() => undefined);
  }, ASK_EVERY_MS);
  try {
    await stream.send({
      requestUnion: {
        case: "createRequest",
        value: create(etcdserverpb.WatchCreateRequestSchema, { key, startRevision: start }),
      },
    });
    for await (const response of stream) {
      if (response.compactRevision > 0n) return response.compactRevision;
      if (response.canceled) throw new Error(watchRefusalText(response));
      for (const event of response.events) {
        if ((event.kv?.modRevision ?? 0n) >= before) return undefined;
        kept.add(event);
      }
      const isProgress = !response.created && response.events.length === 0;
      if (isProgress && (response.header?.revision ?? 0n) + 1n >= before) return undefined;
    }
    return undefined;
  } catch (error) {
    if (!deadline.aborted || signal.aborted) throw error;
    kept.hasDropped = true;
    return undefined;
  } finally {
    clearInterval(asking);
    stream.cancel();
  }
}

class NewestEvents {
  readonly events: mvccpb.Event[] = [];
  readonly #eventsMax: number;
  #bytes = 0;
  hasDropped = false;

  constructor(eventsMax: number) {
    this.#eventsMax = eventsMax;
  }

  add(event: mvccpb.Event): void {
    this.events.push(event);
    this.#bytes += event.kv?.value.length ?? 0;
    while (this.events.length > this.#eventsMax || (this.#bytes > PAST_BYTES_MAX && this.events.length > 1)) {
      this.#bytes -= this.events.shift()?.kv?.value.length ?? 0;
      this.hasDropped = true;
    }
  }
}
