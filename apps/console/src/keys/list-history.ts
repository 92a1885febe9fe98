/**
 * The states of one key, newest first.
 *
 * A live key knows the revision of its last change, and the state before that is what a read one revision earlier finds; so the states of
 * a life, from now back to the key's creation, cost one read each and the newest are shown at once. Before the creation the key was absent,
 * and nothing says since when: earlier lives and their ends are found by a watch over the past, once, when they are asked for.
 *
 * ```
 * revisions   3     5    9        14     20
 *             put   put  delete   put    put   now
 * found by    -- watch --------   -- reads --
 * ```
 */
import { consolepb, create, etcdserverpb } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";
import type { ReadContext } from "../clusters/cluster-calls.js";
import { isCompacted } from "../rpc/cluster-error.js";
import { readLimit } from "./page-request.js";
import { readPast } from "./read-past.js";

export const STATES_DEFAULT = 100;
export const STATES_MAX = 1000;

const { HistoryEnd } = consolepb;

export async function* listHistory(
  context: ReadContext,
  request: consolepb.ListHistoryRequest,
): AsyncGenerator<consolepb.ListHistoryResponse, void, void> {
  let statesLeft = readLimit(request.limit, STATES_DEFAULT, STATES_MAX);
  const newest = await readAt(context, request.key, 0n);
  let state = newest.keyValue;
  // What lies at and above this revision has been told.
  let told = newest.revision + 1n;
  while (state !== undefined) {
    told = state.modRevision;
    yield message([{ revision: told, key: state }]);
    statesLeft -= 1;
    if (statesLeft === 0) return yield message([], HistoryEnd.LIMIT);
    if (state.version === 1n) break;
    try {
      state = (await readAt(context, request.key, told - 1n)).keyValue;
    } catch (error) {
      if (!isCompacted(error)) throw error;
      return yield message([], HistoryEnd.COMPACTED);
    }
  }
  const past = await readPast(context, { key: request.key, before: told, eventsMax: statesLeft });
  for (const { kv, type } of past.events.reverse()) {
    if (kv === undefined) continue;
    const isPut = type === mvccEventPut;
    yield message([isPut ? { revision: kv.modRevision, key: kv } : { revision: kv.modRevision }]);
  }
  yield message([], past.end);
}

const mvccEventPut = 0;

interface ReadState {
  readonly keyValue: mvccpb.KeyValue | undefined;
  /** Of the store when it was read. */
  readonly revision: bigint;
}

async function readAt({ calls, signal }: ReadContext, key: Uint8Array, revision: bigint): Promise<ReadState> {
  const { kvs, header } = await calls.unary(
    etcdserverpb.KV.method.range,
    { key, revision },
    { safety: "read", signal },
  );
  return { keyValue: kvs[0], revision: header?.revision ?? 0n };
}

function message(
  states: readonly { revision: bigint; key?: mvccpb.KeyValue }[],
  end: consolepb.HistoryEnd = HistoryEnd.UNSPECIFIED,
): consolepb.ListHistoryResponse {
  return create(consolepb.ListHistoryResponseSchema, {
    states: states.map((state) => create(consolepb.HistoryStateSchema, state)),
    end,
  });
}
