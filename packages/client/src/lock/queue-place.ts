/**
 * A place in the queue of a lock or an election: a key `<name>/<lease in hexadecimal>` whose creation revision is its number. Whoever
 * has the lowest number below the name is in front; everybody else waits for the one right before to go.
 *
 * Clients of other languages and etcd's command line stand in the same queues.
 * Source: etcd `client/v3/concurrency/{key,mutex,election}.go`.
 */
import {
  etcdserverpb,
  formatSignedHexId,
  type MessageInitShape,
  type MessageShape,
  type mvccpb,
} from "@quorate/proto";
import type { CallOptions, Calls } from "../calls.js";
import { isRefusal } from "../lease/is-refusal.js";
import { prefixEnd, toBytes } from "../session/key-bytes.js";
import type { KeyEvents } from "../session/key-events.js";

const KV = etcdserverpb.KV.method;
const CREATE = etcdserverpb.RangeRequest_SortTarget.CREATE;
const { ASCEND, DESCEND } = etcdserverpb.RangeRequest_SortOrder;

type RangeInit = MessageInitShape<typeof etcdserverpb.RangeRequestSchema>;
type RangeAnswer = MessageShape<typeof etcdserverpb.RangeResponseSchema>;

export interface QueueParts {
  readonly calls: Calls;
  readonly events: KeyEvents;
}

export interface QueuePlace {
  readonly key: Uint8Array;
  /** The number in the queue; grows with every place that is taken, so it serves as a fencing token. */
  readonly revision: bigint;
}

/** What the server said when the place was taken. */
export interface TakenPlace {
  readonly place: QueuePlace;
  /** Whether nobody is before it. */
  readonly isFirst: boolean;
  /** The row that was there already, of an earlier attempt with the same lease. */
  readonly found: mvccpb.KeyValue | undefined;
}

/** The range of all places below a name. */
export function queueRange(name: string | Uint8Array): {
  readonly key: Uint8Array;
  readonly end: Uint8Array;
} {
  const head = toBytes(name);
  const key = new Uint8Array(head.length + 1);
  key.set(head);
  key[head.length] = 0x2f;
  return { key, end: prefixEnd(key) };
}

/** The key of a lease's place. */
export function placeKey(name: string | Uint8Array, leaseId: bigint): Uint8Array {
  const head = queueRange(name).key;
  const id = toBytes(formatSignedHexId(leaseId));
  const key = new Uint8Array(head.length + id.length);
  key.set(head);
  key.set(id, head.length);
  return key;
}

/** Takes the last place, or finds the one this lease has. Repeating it changes nothing. */
export async function takePlace(
  calls: Calls,
  queue: { readonly name: string | Uint8Array; readonly leaseId: bigint; readonly value: Uint8Array },
  options: CallOptions,
): Promise<TakenPlace> {
  const range = queueRange(queue.name);
  const key = placeKey(queue.name, queue.leaseId);
  const put = { key, value: queue.value, lease: queue.leaseId };
  const front = { case: "requestRange", value: frontRequest(range) } as const;
  const answer = await calls.unary(
    KV.txn,
    {
      compare: [createdAt(key, 0n)],
      success: [{ request: { case: "requestPut", value: put } }, { request: front }],
      failure: [{ request: { case: "requestRange", value: { key } } }, { request: front }],
    },
    { ...options, safety: "idempotent" },
  );
  const [own, first] = answer.responses.map(({ response }) => response);
  const found = own?.case === "responseRange" ? own.value.kvs[0] : undefined;
  const revision = found?.createRevision ?? answer.header?.revision ?? 0n;
  const owner = first?.case === "responseRange" ? first.value.kvs[0] : undefined;
  return {
    place: { key, revision },
    isFirst: owner === undefined || owner.createRevision === revision,
    found,
  };
}

/**
 * Resolves once nobody is before the place, and the place is still there.
 * @returns false when the place itself has gone: its lease ran out or somebody deleted the key.
 */
export async function waitForFront(
  { calls, events }: QueueParts,
  name: string | Uint8Array,
  place: QueuePlace,
  signal: AbortSignal,
): Promise<boolean> {
  const range = queueRange(name);
  for (;;) {
    const before = await calls.unary(
      KV.range,
      {
        key: range.key,
        rangeEnd: range.end,
        maxCreateRevision: place.revision - 1n,
        sortTarget: CREATE,
        sortOrder: DESCEND,
        limit: 1n,
        keysOnly: true,
      },
      { signal, safety: "read" },
    );
    const [last] = before.kvs;
    if (last === undefined) return isPresent(calls, place, signal);
    await waitForDeletion(events, last.key, (before.header?.revision ?? 0n) + 1n, signal);
  }
}

/** Gives a place up, if it still is this one. */
export async function leavePlace(
  calls: Calls,
  { key, revision }: QueuePlace,
  options: CallOptions,
): Promise<void> {
  await calls.unary(
    KV.txn,
    {
      compare: [createdAt(key, revision)],
      success: [{ request: { case: "requestDeleteRange", value: { key } } }],
    },
    { ...options, safety: "idempotent" },
  );
}

/** Deletes the key of a place whose number is not known. */
export async function dropKey(calls: Calls, key: Uint8Array, options: CallOptions): Promise<void> {
  await calls.unary(KV.deleteRange, { key }, { ...options, safety: "idempotent" });
}

/** The row in front of a queue, and the revision of the store when it was. */
export async function readFront(
  calls: Calls,
  name: string | Uint8Array,
  options: CallOptions,
): Promise<{ readonly pair: mvccpb.KeyValue | undefined; readonly revision: bigint }> {
  const answer: RangeAnswer = await calls.unary(KV.range, frontRequest(queueRange(name)), {
    ...options,
    safety: "read",
  });
  return { pair: answer.kvs[0], revision: answer.header?.revision ?? 0n };
}

/** A comparison that holds while the place is there; 0 means the key does not exist. */
export function createdAt(
  key: Uint8Array,
  revision: bigint,
): MessageInitShape<typeof etcdserverpb.CompareSchema> {
  return {
    key,
    target: etcdserverpb.Compare_CompareTarget.CREATE,
    result: etcdserverpb.Compare_CompareResult.EQUAL,
    targetUnion: { case: "createRevision", value: revision },
  };
}

function frontRequest(range: { readonly key: Uint8Array; readonly end: Uint8Array }): RangeInit {
  return { key: range.key, rangeEnd: range.end, sortTarget: CREATE, sortOrder: ASCEND, limit: 1n };
}

async function isPresent(calls: Calls, { key, revision }: QueuePlace, signal: AbortSignal): Promise<boolean> {
  const answer = await calls.unary(KV.range, { key, keysOnly: true }, { signal, safety: "read" });
  return answer.kvs[0]?.createRevision === revision;
}

/** Resolves when the key is deleted, or may have been: whoever waits looks again. */
export async function waitForDeletion(
  events: KeyEvents,
  key: Uint8Array,
  startRevision: bigint,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const batch of events.watch({ key }, { startRevision, signal, deletesOnly: true })) {
      if (batch.events.length > 0) return;
    }
    signal.throwIfAborted();
  } catch (error) {
    // The deletion may be among what was compacted.
    if (!isRefusal(error, "compacted")) throw error;
  }
}
