/**
 * A place in the queue of a lock or an election: a key `<name>/<lease in hexadecimal>` whose creation revision is its number. Whoever
 * has the lowest number below the name is in front; everybody else waits for the one right before to go.
 *
 * Clients of other languages and etcd's command line stand in the same queues.
 * Source: etcd `client/v3/concurrency/{key,mutex,election}.go`.
 */
import { etcdserverpb, formatSignedHexId, type MessageInitShape, type mvccpb } from "@quorate/proto";
import type { CallOptions } from "../calls.js";
import { bytes } from "../codec/codec.js";
import { hasReason, QuorateError } from "../errors/errors.js";
import { keyBytes, wireRange, type Key } from "../kv/key-range.js";
import { toKeyValue, type KeyValue } from "../kv/key-value.js";
import type { Keyspace } from "../namespace/keyspace.js";
import type { Store } from "../session/store.js";
import { createRevision, type Condition } from "../txn/conditions.js";

const KV = etcdserverpb.KV.method;
const CREATE = etcdserverpb.RangeRequest_SortTarget.CREATE;
const { ASCEND, DESCEND } = etcdserverpb.RangeRequest_SortOrder;

type RangeInit = MessageInitShape<typeof etcdserverpb.RangeRequestSchema>;

export interface QueuePlace {
  /** Within the keyspace. */
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
export function queueRange(name: Key): { readonly prefix: Uint8Array } {
  const head = keyBytes(name);
  const prefix = new Uint8Array(head.length + 1);
  prefix.set(head);
  prefix[head.length] = 0x2f;
  return { prefix };
}

/** The key of a lease's place. */
export function placeKey(name: Key, leaseId: bigint): Uint8Array {
  const { prefix } = queueRange(name);
  const id = keyBytes(formatSignedHexId(leaseId));
  const key = new Uint8Array(prefix.length + id.length);
  key.set(prefix);
  key.set(id, prefix.length);
  return key;
}

/** Takes the last place, or finds the one this lease has. Repeating it changes nothing. */
export async function takePlace(
  { calls, keyspace }: Store,
  queue: { readonly name: Key; readonly leaseId: bigint; readonly value: Uint8Array },
  options: CallOptions,
): Promise<TakenPlace> {
  const key = placeKey(queue.name, queue.leaseId);
  const wireKey = keyspace.toWire(key);
  const put = { key: wireKey, value: queue.value, lease: queue.leaseId };
  const front = { case: "requestRange", value: frontRequest(keyspace, queue.name) } as const;
  const answer = await calls.unary(
    KV.txn,
    {
      compare: [placed({ key, revision: 0n }).encode(keyspace)],
      success: [{ request: { case: "requestPut", value: put } }, { request: front }],
      failure: [{ request: { case: "requestRange", value: { key: wireKey } } }, { request: front }],
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
  store: Store,
  name: Key,
  place: QueuePlace,
  signal: AbortSignal,
): Promise<boolean> {
  const { calls, keyspace } = store;
  const range = keyspace.rangeToWire(wireRange(queueRange(name)));
  const bound = { maxCreateRevision: place.revision - 1n, limit: 1n, keysOnly: true };
  const request = { ...range, ...bound, sortTarget: CREATE, sortOrder: DESCEND };
  for (;;) {
    const before = await calls.unary(KV.range, request, { signal, safety: "read" });
    const [last] = before.kvs;
    if (last === undefined) return (await lookAt(store, place, signal)).isThere;
    const startRevision = (before.header?.revision ?? 0n) + 1n;
    await waitForDeletion(store, keyspace.fromWire(last.key), startRevision, signal);
  }
}

/** Gives a place up, if it still is this one. */
export async function leavePlace(
  { calls, keyspace }: Store,
  place: QueuePlace,
  options: CallOptions,
): Promise<void> {
  const remove = { key: keyspace.toWire(place.key) };
  await calls.unary(
    KV.txn,
    {
      compare: [placed(place).encode(keyspace)],
      success: [{ request: { case: "requestDeleteRange", value: remove } }],
    },
    { ...options, safety: "idempotent" },
  );
}

/** Deletes the key of a place whose number is not known. */
export async function dropKey(
  { calls, keyspace }: Store,
  key: Uint8Array,
  options: CallOptions,
): Promise<void> {
  await calls.unary(KV.deleteRange, { key: keyspace.toWire(key) }, { ...options, safety: "idempotent" });
}

/** The row in front of a queue, and the revision of the store when it was. */
export async function readFront(
  { calls, keyspace }: Store,
  name: Key,
  options: CallOptions,
): Promise<{ readonly pair: KeyValue<Uint8Array> | undefined; readonly revision: bigint }> {
  const answer = await calls.unary(KV.range, frontRequest(keyspace, name), { ...options, safety: "read" });
  const [pair] = answer.kvs;
  return {
    pair: pair && toKeyValue(pair, { keyspace, codec: bytes }),
    revision: answer.header?.revision ?? 0n,
  };
}

/** Holds while the place is there; with revision 0, while there is no such key. */
export function placed({ key, revision }: QueuePlace): Condition {
  return createRevision(key).equals(revision);
}

function frontRequest(keyspace: Keyspace, name: Key): RangeInit {
  const range = keyspace.rangeToWire(wireRange(queueRange(name)));
  return { ...range, sortTarget: CREATE, sortOrder: ASCEND, limit: 1n };
}

/** Whether the place is there, and the revision of the store when it was looked at. */
async function lookAt(
  { calls, keyspace }: Store,
  place: QueuePlace,
  signal: AbortSignal,
): Promise<{ readonly isThere: boolean; readonly revision: bigint }> {
  const request = { key: keyspace.toWire(place.key), keysOnly: true };
  const { header, kvs } = await calls.unary(KV.range, request, { signal, safety: "read" });
  return { isThere: kvs[0]?.createRevision === place.revision, revision: header?.revision ?? 0n };
}

/** Resolves once the place has gone: its lease ran out or somebody deleted the key. */
export async function waitUntilGone(store: Store, place: QueuePlace, signal: AbortSignal): Promise<void> {
  let startRevision = place.revision + 1n;
  for (let failures = 0; ;) {
    try {
      if (await waitForDeletion(store, place.key, startRevision, signal)) return;
      // A place may be older than what is left of the history, and be there all the same.
      const { isThere, revision } = await lookAt(store, place, signal);
      if (!isThere) return;
      startRevision = revision + 1n;
      failures = 0;
    } catch (error) {
      if (!(error instanceof QuorateError) || error.retry === "none") throw error;
      await store.calls.backOff(failures++, signal);
    }
  }
}

/**
 * Resolves when the key is deleted, or may have been: whoever waits looks again.
 * @returns whether it was; false when the deletion may be among what was compacted.
 */
async function waitForDeletion(
  { events, keyspace }: Store,
  key: Uint8Array,
  startRevision: bigint,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    for await (const batch of events.watch(keyspace, key, { startRevision, signal, puts: false })) {
      if (batch.events.length > 0) return true;
    }
    signal.throwIfAborted();
  } catch (error) {
    if (!hasReason(error, "compacted")) throw error;
  }
  return false;
}
