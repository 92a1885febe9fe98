/**
 * Events of a range as they happen, at the browser's pace: the next answer of the server is read when the browser has taken the last one, so
 * what waits is held back at the server and not here.
 *
 * A stream that breaks is opened again where it ended, on another member if need be, without gap or duplicate. Revisions with very many
 * events come in fragments and are passed on as such.
 */
import { QuorateError, watchRefusalText, watchTokenRefusal } from "@quorate/client";
import { Code, ConnectError } from "@connectrpc/connect";
import { consolepb, create, etcdserverpb } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";
import type { ReadContext } from "../clusters/cluster-calls.js";
import { isWorthRetrying } from "../rpc/cluster-error.js";

/** Failures in a row after which the browser is told. */
const RESUMES_MAX = 20;

const FilterType = etcdserverpb.WatchCreateRequest_FilterType;

export async function* watchKeys(
  context: ReadContext,
  request: consolepb.WatchKeysRequest,
): AsyncGenerator<consolepb.WatchKeysResponse, void, void> {
  const position = new WatchPosition(request.startRevision);
  let isGreeted = false;
  for (let failures = 0; ; failures += 1) {
    try {
      for await (const response of openWatch(context, request, position)) {
        failures = 0;
        if (response.canceled) throw cancelError(response);
        const events = position.take(response);
        if (!isGreeted) yield message([], position.told);
        isGreeted = true;
        if (events.length > 0) yield message(events, position.told);
      }
      throw new ConnectError("the member ended the watch", Code.Unavailable);
    } catch (error) {
      if (context.signal.aborted || failures >= RESUMES_MAX || !isWorthResuming(error)) throw error;
      await context.calls.backOff(failures, context.signal);
    }
  }
}

/** How far a watch has come, so that the next stream goes on exactly there. */
class WatchPosition {
  /** Where the next stream starts; 0 until the server has said where the first began. */
  next: bigint;
  /** Events of the revision `next` that were told already: the last stream broke between two fragments. */
  #toldOfNext = 0;
  /** Events at the beginning of the running stream that are repetitions. */
  #repeated = 0;

  constructor(start: bigint) {
    this.next = start;
  }

  /** The last revision that is told completely. */
  get told(): bigint {
    return this.next - 1n;
  }

  restart(): void {
    this.#repeated = this.#toldOfNext;
  }

  /** Moves behind `response` and returns those of its events that are new. */
  take({ header, created, events, fragment }: etcdserverpb.WatchResponse): mvccpb.Event[] {
    const revision = events.at(-1)?.kv?.modRevision ?? header?.revision ?? 0n;
    if (created && this.next === 0n) this.next = revision + 1n;
    const skipped = Math.min(this.#repeated, events.length);
    this.#repeated -= skipped;
    if (fragment) {
      const ofLast = events.filter(({ kv }) => kv?.modRevision === revision).length;
      this.#toldOfNext = this.next === revision ? this.#toldOfNext + ofLast - skipped : ofLast;
      this.next = revision;
    } else if (!created && revision >= this.next) {
      this.next = revision + 1n;
      this.#toldOfNext = 0;
    }
    return skipped === 0 ? events : events.slice(skipped);
  }
}

async function* openWatch(
  { calls, signal }: ReadContext,
  request: consolepb.WatchKeysRequest,
  position: WatchPosition,
): AsyncGenerator<etcdserverpb.WatchResponse, void, void> {
  const stream = calls.bidi(etcdserverpb.Watch.method.watch, {
    signal,
    // A member that has lost the others would tell of nothing, and look as if nothing happened.
    requireLeader: true,
    refusalIn: watchTokenRefusal,
  });
  position.restart();
  try {
    const value = create(etcdserverpb.WatchCreateRequestSchema, {
      key: request.key,
      rangeEnd: request.rangeEnd,
      prevKv: request.prevKv,
      startRevision: position.next,
      filters: [
        ...(request.noPut ? [FilterType.NOPUT] : []),
        ...(request.noDelete ? [FilterType.NODELETE] : []),
      ],
      // A quiet watch learns how far the store is, so that it need not start from a compacted revision when it resumes.
      progressNotify: true,
      fragment: true,
    });
    await stream.send({ requestUnion: { case: "createRequest", value } });
    yield* stream;
  } finally {
    stream.cancel();
  }
}

/** The SDK has dropped a token that was refused; the next stream takes another one. */
function isWorthResuming(error: unknown): boolean {
  return isWorthRetrying(error) || (error instanceof QuorateError && error.reason === "invalid-auth-token");
}

function cancelError(response: etcdserverpb.WatchResponse): ConnectError {
  const { compactRevision } = response;
  if (compactRevision > 0n) {
    return new ConnectError(
      `the revision to start from has been compacted; the oldest to watch from is ${compactRevision}`,
      Code.OutOfRange,
    );
  }
  const reason = watchRefusalText(response);
  if (reason.includes("no leader") || reason.includes("server stopped"))
    return new ConnectError(reason, Code.Unavailable);
  const code = reason.includes("permission denied") ? Code.PermissionDenied : Code.FailedPrecondition;
  return new ConnectError(`the watch was cancelled: ${reason}`, code);
}

function message(events: mvccpb.Event[], revision: bigint): consolepb.WatchKeysResponse {
  return create(consolepb.WatchKeysResponseSchema, { events, revision });
}
