/**
 * Software transactions: a function reads and writes as if it were alone, and is run again when it was not.
 *
 * Nothing is locked. The reads of an attempt are remembered with their revisions, the writes are kept back; at the end one
 * transaction of the server compares the former and carries out the latter. When a comparison fails, the same answer brings the
 * values that were read as they are now, and the function runs again on them.
 */
import { etcdserverpb, type MessageInitShape } from "@quorate/proto";
import type { CallOptions } from "../calls.js";
import { checkCount } from "../kv/check-numbers.js";
import { hasReason } from "../errors/errors.js";
import type { Keyspace } from "../namespace/keyspace.js";
import type { Store } from "../session/store.js";
import { modRevision, type Condition } from "../txn/conditions.js";
import type { Codec } from "../codec/codec.js";
import { conflictPause } from "../session/conflict-pause.js";
import { keyBytes } from "../kv/key-range.js";
import { nameOf } from "../session/key-name.js";
import { ReadView, rangedPair, rangeOp, type ReadRow } from "./read-view.js";
import {
  ISOLATIONS,
  STM_ATTEMPTS_MAX,
  StmConflictError,
  type Isolation,
  type StmOptions,
  type StmOutcome,
} from "./stm-options.js";
import { StmTransaction, type Attempt, type Write } from "./transaction.js";

type RequestOpInit = MessageInitShape<typeof etcdserverpb.RequestOpSchema>;

/**
 * @param body may run several times; what it throws ends the transaction with nothing written.
 * @throws StmConflictError after `attemptsMax` conflicts; `too-many-ops` when more than 128 keys are read, or written, with the
 * server's default limit; `UnknownOutcomeError` when the answer to the commit was lost: it may have taken effect.
 */
export async function runStm<T, V>(
  store: Store,
  codec: Codec<V>,
  body: (tx: StmTransaction<V>) => Promise<T> | T,
  options: StmOptions,
): Promise<StmOutcome<T>> {
  const {
    isolation = "serializable-snapshot",
    prefetch = [],
    attemptsMax = STM_ATTEMPTS_MAX,
    ...callOptions
  } = options;
  if (!ISOLATIONS.has(isolation)) throw new TypeError(`"${String(isolation)}" is no isolation`);
  checkCount("attemptsMax", attemptsMax);
  const hasSnapshot = isolation === "serializable-snapshot" || isolation === "serializable";
  const wanted = new Map(prefetch.map((key) => [nameOf(keyBytes(key)), keyBytes(key)]));
  let fetched = new Map<string, ReadRow>();
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    // The first repetition is at once: what it needs came with the refusal.
    if (attempt > 2) await conflictPause(attempt - 3, [options.signal, store.calls.closed]);
    options.signal?.throwIfAborted();
    const reads = new ReadView({ store, callOptions, hasSnapshot, fetched });
    const writes = new Map<string, Write>();
    try {
      await reads.readAll(wanted);
      const state: Attempt = { reads, writes, isOver: false };
      const result = await untilOver(state, () => body(new StmTransaction(state, codec, attempt)));
      const end = await commit({ store, callOptions, isolation, reads, writes });
      if (end.kind === "committed") return { result, revision: end.revision, attempts: attempt };
      fetched = end.fetched;
    } catch (error) {
      // The snapshot's revision was compacted away while the function ran.
      if (!hasSnapshot || !hasReason(error, "compacted")) throw error;
      fetched = new Map();
    }
  }
  throw new StmConflictError(attemptsMax);
}

async function untilOver<T>(state: Attempt, run: () => Promise<T> | T): Promise<T> {
  try {
    return await run();
  } finally {
    state.isOver = true;
  }
}

interface Ending {
  readonly store: Store;
  readonly callOptions: CallOptions;
  readonly isolation: Isolation;
  readonly reads: ReadView;
  readonly writes: ReadonlyMap<string, Write>;
}

type End =
  | { readonly kind: "committed"; readonly revision: bigint }
  | { readonly kind: "conflict"; readonly fetched: Map<string, ReadRow> };

async function commit({ store, callOptions, isolation, reads, writes }: Ending): Promise<End> {
  // What was read is of one revision, or was not to be checked: without writes there is nothing to ask.
  if (writes.size === 0 && (isolation !== "repeatable-reads" || reads.rows.size < 2)) {
    return { kind: "committed", revision: reads.revision ?? 0n };
  }
  const { calls, keyspace } = store;
  const rows = [...reads.rows];
  const answer = await calls.unary(
    etcdserverpb.KV.method.txn,
    {
      compare: conditionsOf(isolation, reads, writes).map((condition) => condition.encode(keyspace)),
      success: [...writes.values()].map((write) => writeOp(keyspace, write)),
      failure: rows.map(([, { key }]) => rangeOp(keyspace.toWire(key), 0n)),
    },
    { ...callOptions, safety: writes.size === 0 ? "read" : "write" },
  );
  const revision = answer.header?.revision ?? 0n;
  if (answer.succeeded) return { kind: "committed", revision };
  const fetched = rows.map(([name, { key }], place): [string, ReadRow] => [
    name,
    { key, pair: rangedPair(answer.responses[place]), revision },
  ]);
  return { kind: "conflict", fetched: new Map(fetched) };
}

function conditionsOf(
  isolation: Isolation,
  reads: ReadView,
  writes: ReadonlyMap<string, Write>,
): Condition[] {
  if (isolation === "read-committed") return [];
  const conditions = [...reads.rows.values()].map(({ key, pair }) =>
    modRevision(key).equals(pair?.modRevision ?? 0n),
  );
  const { revision } = reads;
  if (isolation === "serializable-snapshot" && revision !== undefined) {
    for (const [name, { key }] of writes) {
      if (!reads.rows.has(name)) conditions.push(modRevision(key).below(revision + 1n));
    }
  }
  return conditions;
}

function writeOp(keyspace: Keyspace, write: Write): RequestOpInit {
  const key = keyspace.toWire(write.key);
  return write.kind === "put"
    ? { request: { case: "requestPut", value: { key, value: write.value, lease: write.lease } } }
    : { request: { case: "requestDeleteRange", value: { key } } };
}
