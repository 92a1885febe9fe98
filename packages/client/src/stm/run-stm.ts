/**
 * Software transactions: a function reads and writes as if it were alone, and is run again when it was not.
 *
 * Nothing is locked. The reads of an attempt are remembered with their revisions, the writes are kept back; at the end one
 * transaction of the server compares the former and carries out the latter. When a comparison fails, the same answer brings the
 * values that were read as they are now, and the function runs again on them.
 */
import { etcdserverpb, type MessageInitShape } from "@quorate/proto";
import type { CallOptions, Calls } from "../calls.js";
import { isRefusal } from "../lease/is-refusal.js";
import { conflictPause } from "../session/conflict-pause.js";
import { nameOf, toBytes } from "../session/key-bytes.js";
import { ReadView, rangedPair, rangeOp, type ReadRow } from "./read-view.js";
import {
  STM_ATTEMPTS_MAX,
  StmConflictError,
  type Isolation,
  type StmOptions,
  type StmOutcome,
} from "./stm-options.js";
import { StmTransaction, type ValueCodec, type Write } from "./transaction.js";

type CompareInit = MessageInitShape<typeof etcdserverpb.CompareSchema>;
type RequestOpInit = MessageInitShape<typeof etcdserverpb.RequestOpSchema>;

/**
 * @param body may run several times; what it throws ends the transaction with nothing written.
 * @throws StmConflictError after `attemptsMax` conflicts; `too-many-ops` when more than 128 keys are read, or written, with the
 * server's default limit; `UnknownOutcomeError` when the answer to the commit was lost: it may have taken effect.
 */
export async function runStm<T, V>(
  calls: Calls,
  codec: ValueCodec<V>,
  body: (tx: StmTransaction<V>) => Promise<T> | T,
  options: StmOptions,
): Promise<StmOutcome<T>> {
  const {
    isolation = "serializable-snapshot",
    prefetch = [],
    attemptsMax = STM_ATTEMPTS_MAX,
    ...callOptions
  } = options;
  const hasSnapshot = isolation === "serializable-snapshot" || isolation === "serializable";
  const wanted = new Map(prefetch.map((key) => [nameOf(toBytes(key)), toBytes(key)]));
  let fetched = new Map<string, ReadRow>();
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    // The first repetition is at once: what it needs came with the refusal.
    if (attempt > 2) await conflictPause(attempt - 3, [options.signal, calls.closed]);
    options.signal?.throwIfAborted();
    const reads = new ReadView({ calls, callOptions, hasSnapshot, fetched });
    const writes = new Map<string, Write>();
    try {
      await reads.readAll(wanted);
      const result = await body(new StmTransaction({ reads, writes }, codec, attempt));
      const end = await commit({ calls, callOptions, isolation, reads, writes });
      if (end.kind === "committed") return { result, revision: end.revision, attempts: attempt };
      fetched = end.fetched;
    } catch (error) {
      // The snapshot's revision was compacted away while the function ran.
      if (!hasSnapshot || !isRefusal(error, "compacted")) throw error;
      fetched = new Map();
    }
  }
  throw new StmConflictError(attemptsMax);
}

interface Ending {
  readonly calls: Calls;
  readonly callOptions: CallOptions;
  readonly isolation: Isolation;
  readonly reads: ReadView;
  readonly writes: ReadonlyMap<string, Write>;
}

type End =
  | { readonly kind: "committed"; readonly revision: bigint }
  | { readonly kind: "conflict"; readonly fetched: Map<string, ReadRow> };

async function commit({ calls, callOptions, isolation, reads, writes }: Ending): Promise<End> {
  // What was read is of one revision, or was not to be checked: without writes there is nothing to ask.
  if (writes.size === 0 && (isolation !== "repeatable-reads" || reads.rows.size < 2)) {
    return { kind: "committed", revision: reads.revision ?? 0n };
  }
  const rows = [...reads.rows];
  const answer = await calls.unary(
    etcdserverpb.KV.method.txn,
    {
      compare: comparesOf(isolation, reads, writes),
      success: [...writes.values()].map(writeOp),
      failure: rows.map(([, { key }]) => rangeOp(key, 0n)),
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

function comparesOf(
  isolation: Isolation,
  reads: ReadView,
  writes: ReadonlyMap<string, Write>,
): CompareInit[] {
  if (isolation === "read-committed") return [];
  const compares = [...reads.rows.values()].map(({ key, pair }) =>
    modCompare(key, "equal", pair?.modRevision ?? 0n),
  );
  const { revision } = reads;
  if (isolation === "serializable-snapshot" && revision !== undefined) {
    for (const [name, { key }] of writes) {
      if (!reads.rows.has(name)) compares.push(modCompare(key, "less", revision + 1n));
    }
  }
  return compares;
}

const RESULTS = {
  equal: etcdserverpb.Compare_CompareResult.EQUAL,
  less: etcdserverpb.Compare_CompareResult.LESS,
} as const;

function modCompare(key: Uint8Array, result: keyof typeof RESULTS, modRevision: bigint): CompareInit {
  return {
    key,
    result: RESULTS[result],
    target: etcdserverpb.Compare_CompareTarget.MOD,
    targetUnion: { case: "modRevision", value: modRevision },
  };
}

function writeOp(write: Write): RequestOpInit {
  return write.kind === "put"
    ? { request: { case: "requestPut", value: { key: write.key, value: write.value, lease: write.lease } } }
    : { request: { case: "requestDeleteRange", value: { key: write.key } } };
}
