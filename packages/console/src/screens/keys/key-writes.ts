/** Changes of keys as transactions that only happen to the state a person saw. */
import { create, etcdserverpb } from "@quorate/proto";
import type { mvccpb } from "@quorate/proto";
import type { Clients } from "../../data/index.js";
import { noBytes, prefixRange } from "../../text/bytes.js";

/** The key was changed by somebody else; `current` is what it is at `revision`, absent when it is gone. */
export class ConflictError extends Error {
  readonly current: mvccpb.KeyValue | undefined;
  readonly revision: bigint;

  constructor(current: mvccpb.KeyValue | undefined, revision: bigint) {
    const what = current === undefined ? "It was deleted" : `It changed at revision ${current.modRevision}`;
    super(`${what} since you looked. Nothing was written.`);
    this.name = "ConflictError";
    this.current = current;
    this.revision = revision;
  }
}

export interface PutIntent {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly lease: bigint;
  /** Revision at which the person saw the key last; 0n when it must not exist. */
  readonly seen: bigint;
}

/** @throws ConflictError when the key is not as it was seen. @returns the revision of the write. */
export async function putIfUnchanged(
  clients: Clients,
  { key, value, lease, seen }: PutIntent,
): Promise<bigint> {
  const put = {
    request: {
      case: "requestPut" as const,
      value: create(etcdserverpb.PutRequestSchema, { key, value, lease }),
    },
  };
  return commit(clients, key, { compare: [unchanged(key, seen)], success: [put] });
}

/** @throws ConflictError when the key is not as it was seen. */
export async function deleteIfUnchanged(clients: Clients, key: Uint8Array, seen: bigint): Promise<bigint> {
  const request = create(etcdserverpb.DeleteRangeRequestSchema, { key });
  const remove = { request: { case: "requestDeleteRange" as const, value: request } };
  return commit(clients, key, { compare: [unchanged(key, seen)], success: [remove] });
}

/** @returns how many keys were deleted. */
export async function deletePrefix(clients: Clients, prefix: Uint8Array): Promise<bigint> {
  const { deleted } = await clients.kv.deleteRange(prefixRange(prefix));
  return deleted;
}

export interface PrefixPreview {
  readonly count: bigint;
  readonly first: readonly Uint8Array[];
}

const previewKeys = 8n;

/** What a delete of a prefix would meet now. */
export async function previewPrefix(
  clients: Clients,
  prefix: Uint8Array,
  signal: AbortSignal,
): Promise<PrefixPreview> {
  const range = { ...prefixRange(prefix), limit: previewKeys, keysOnly: true };
  const { count, kvs } = await clients.kv.range(range, { signal });
  return { count, first: kvs.map(({ key }) => key) };
}

function unchanged(key: Uint8Array, seen: bigint): etcdserverpb.Compare {
  return create(etcdserverpb.CompareSchema, {
    key,
    rangeEnd: noBytes,
    result: etcdserverpb.Compare_CompareResult.EQUAL,
    target: etcdserverpb.Compare_CompareTarget.MOD,
    targetUnion: { case: "modRevision", value: seen },
  });
}

async function commit(
  clients: Clients,
  key: Uint8Array,
  txn: {
    compare: etcdserverpb.Compare[];
    success: { request: NonNullable<etcdserverpb.RequestOp["request"]> }[];
  },
): Promise<bigint> {
  const look = {
    request: { case: "requestRange" as const, value: create(etcdserverpb.RangeRequestSchema, { key }) },
  };
  const response = await clients.kv.txn({ ...txn, failure: [look] });
  const revision = response.header?.revision ?? 0n;
  if (response.succeeded) return revision;
  const [found] = response.responses;
  const current = found?.response.case === "responseRange" ? found.response.value.kvs[0] : undefined;
  throw new ConflictError(current, revision);
}
