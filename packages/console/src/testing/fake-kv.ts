/** The KV service over the fake store: ranges, puts, deletes and transactions with their compares. */
import { Code, ConnectError } from "@connectrpc/connect";
import type { ServiceImpl } from "@connectrpc/connect";
import { create, etcdserverpb } from "@quorate/proto";
import { compareBytes, latin1 } from "../text/bytes.js";
import type { FakeStore } from "./fake-store.js";
import { withoutValue } from "./fake-store.js";

export function fakeKv(store: FakeStore, mayWrite: () => void): Partial<ServiceImpl<typeof etcdserverpb.KV>> {
  const header = (): etcdserverpb.ResponseHeader =>
    create(etcdserverpb.ResponseHeaderSchema, { revision: store.revision, clusterId: 1n, memberId: 1n });
  return {
    range: (request) => range(store, request, header()),
    put: (request) => {
      mayWrite();
      store.revision += 1n;
      store.putAt(request.key, request.value, request.lease);
      return create(etcdserverpb.PutResponseSchema, { header: header() });
    },
    deleteRange: (request) => {
      mayWrite();
      store.revision += 1n;
      return create(etcdserverpb.DeleteRangeResponseSchema, {
        header: header(),
        deleted: remove(store, request),
      });
    },
    txn: (request) => {
      mayWrite();
      return transact(store, request, header);
    },
    compact: (request) => {
      mayWrite();
      store.compacted = request.revision;
      return create(etcdserverpb.CompactionResponseSchema, { header: header() });
    },
  };
}

/** @throws ConnectError with etcd's texts for revisions that are gone or not yet there. */
export function checkRevision(store: FakeStore, revision: bigint): bigint {
  if (revision === 0n) return store.revision;
  if (revision < store.compacted) {
    throw new ConnectError("etcdserver: mvcc: required revision has been compacted", Code.OutOfRange);
  }
  if (revision > store.revision) {
    throw new ConnectError("etcdserver: mvcc: required revision is a future revision", Code.OutOfRange);
  }
  return revision;
}

function range(
  store: FakeStore,
  request: etcdserverpb.RangeRequest,
  header: etcdserverpb.ResponseHeader,
): etcdserverpb.RangeResponse {
  const at = checkRevision(store, request.revision);
  const limit = request.limit === 0n ? Infinity : Number(request.limit);
  const response = create(etcdserverpb.RangeResponseSchema, { header });
  for (const name of store.range(request.key, request.rangeEnd, at)) {
    response.count += 1n;
    const kv = store.get(name, at);
    if (request.countOnly || kv === undefined) continue;
    if (response.kvs.length < limit) response.kvs.push(request.keysOnly ? withoutValue(kv) : kv);
    else response.more = true;
  }
  return response;
}

function remove(store: FakeStore, request: etcdserverpb.DeleteRangeRequest): bigint {
  const names = [...store.range(request.key, request.rangeEnd)];
  for (const name of names) store.deleteAt(name);
  return BigInt(names.length);
}

function transact(
  store: FakeStore,
  request: etcdserverpb.TxnRequest,
  header: () => etcdserverpb.ResponseHeader,
): etcdserverpb.TxnResponse {
  const succeeded = request.compare.every((compare) => holds(store, compare));
  const operations = succeeded ? request.success : request.failure;
  if (
    operations.some(({ request: { case: kind } }) => kind === "requestPut" || kind === "requestDeleteRange")
  ) {
    store.revision += 1n;
  }
  const responses = operations.map(({ request: operation }) => {
    if (operation.case === "requestPut") {
      store.putAt(operation.value.key, operation.value.value, operation.value.lease);
      return { response: { case: "responsePut" as const, value: {} } };
    }
    if (operation.case === "requestDeleteRange") {
      const value = { deleted: remove(store, operation.value) };
      return { response: { case: "responseDeleteRange" as const, value } };
    }
    if (operation.case === "requestRange") {
      return { response: { case: "responseRange" as const, value: range(store, operation.value, header()) } };
    }
    return {};
  });
  return create(etcdserverpb.TxnResponseSchema, { header: header(), succeeded, responses });
}

function holds(store: FakeStore, { key, result, targetUnion }: etcdserverpb.Compare): boolean {
  const kv = store.get(latin1(key));
  const wanted = targetUnion.value ?? 0n;
  const found = targetUnion.case === undefined ? 0n : (kv?.[targetUnion.case] ?? 0n);
  const order =
    wanted instanceof Uint8Array || found instanceof Uint8Array
      ? compareBytes(found instanceof Uint8Array ? found : new Uint8Array(), wanted as Uint8Array)
      : Number(found - wanted);
  if (result === etcdserverpb.Compare_CompareResult.EQUAL) return order === 0;
  if (result === etcdserverpb.Compare_CompareResult.NOT_EQUAL) return order !== 0;
  return result === etcdserverpb.Compare_CompareResult.GREATER ? order > 0 : order < 0;
}
