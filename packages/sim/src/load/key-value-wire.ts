/** Requests and answers of a history as messages of the protocol. */
import { create, etcdserverpb, mvccpb } from "@quorate/proto";
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@quorate/proto";
import type { KvRequest, KvResult, StoredKey } from "../history/operation.js";
import type { StoreEvent } from "../history/watcher-log.js";

/** What a call came to: its answer, or gRPC's code and text. */
export type Outcome<T> =
  | { readonly ok: true; readonly message: T }
  | { readonly ok: false; readonly code: number; readonly text: string };

/** Port: carries one call to a server. */
export interface WireClient {
  call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    deadlineMs: number,
  ): Promise<Outcome<MessageShape<O>>>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const { method } = etcdserverpb.KV;

export function toBytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The end of the range of keys that begin with `prefix`, which ends with an ASCII character. */
export function prefixEnd(prefix: string): Uint8Array {
  const end = encoder.encode(prefix);
  end[end.length - 1]! += 1;
  return end;
}

/** Sends one request and reads its answer. */
export async function callKv(
  client: WireClient,
  request: KvRequest,
  deadlineMs: number,
): Promise<Outcome<KvResult>> {
  switch (request.kind) {
    case "put": {
      const { key, value } = request;
      const message = { key: toBytes(key), value: toBytes(value), prevKv: true };
      const outcome = await client.call(method.put, message, deadlineMs);
      return map(outcome, ({ header, prevKv }) => ({
        revision: revisionOf(header),
        previous: prevKv === undefined ? null : toStoredKey(prevKv),
      }));
    }
    case "put-many": {
      const success = request.pairs.map(({ key, value }) => putOperation(key, value));
      const outcome = await client.call(method.txn, { success }, deadlineMs);
      return map(outcome, ({ header }) => ({ revision: revisionOf(header) }));
    }
    case "delete": {
      const message = { key: toBytes(request.key), prevKv: true };
      const outcome = await client.call(method.deleteRange, message, deadlineMs);
      return map(outcome, ({ header, deleted, prevKvs }) => ({
        revision: revisionOf(header),
        deleted: Number(deleted),
        previous: prevKvs[0] === undefined ? null : toStoredKey(prevKvs[0]),
      }));
    }
    case "get":
    case "range": {
      const { serializable } = request;
      const keys =
        request.kind === "get"
          ? { key: toBytes(request.key) }
          : { key: toBytes(request.prefix), rangeEnd: prefixEnd(request.prefix) };
      const outcome = await client.call(method.range, { ...keys, serializable }, deadlineMs);
      return map(outcome, ({ header, kvs }) => ({ revision: revisionOf(header), kvs: kvs.map(toStoredKey) }));
    }
    case "cas":
      return map(await client.call(method.txn, toTxn(request), deadlineMs), toCasResult);
  }
}

export function toStoredKey({
  key,
  value,
  createRevision,
  modRevision,
  version,
}: mvccpb.KeyValue): StoredKey {
  return {
    key: decoder.decode(key),
    value: decoder.decode(value),
    createRevision: Number(createRevision),
    modRevision: Number(modRevision),
    version: Number(version),
  };
}

/** @param wantsPrevious whether the watcher asked for the key before the change. */
export function toStoreEvent({ type, kv, prevKv }: mvccpb.Event, wantsPrevious: boolean): StoreEvent {
  if (kv === undefined) throw new Error("an event without a key");
  const kind = type === mvccpb.Event_EventType.DELETE ? "delete" : "put";
  const event = { kind, ...toStoredKey(kv) } as const;
  if (!wantsPrevious) return event;
  return { ...event, previous: prevKv === undefined ? null : toStoredKey(prevKv) };
}

function revisionOf(header: etcdserverpb.ResponseHeader | undefined): number {
  if (header === undefined) throw new Error("an answer without a header");
  return Number(header.revision);
}

function map<A, B>(outcome: Outcome<A>, convert: (message: A) => B): Outcome<B> {
  return outcome.ok ? { ok: true, message: convert(outcome.message) } : outcome;
}

function putOperation(key: string, value: string): etcdserverpb.RequestOp {
  const put = create(etcdserverpb.PutRequestSchema, { key: toBytes(key), value: toBytes(value) });
  return create(etcdserverpb.RequestOpSchema, { request: { case: "requestPut", value: put } });
}

function toTxn({ key, compare, value }: Extract<KvRequest, { kind: "cas" }>): etcdserverpb.TxnRequest {
  const { Compare_CompareTarget: Target } = etcdserverpb;
  const target = { mod: Target.MOD, create: Target.CREATE, version: Target.VERSION, value: Target.VALUE };
  const operands = {
    mod: (number: number) => ({ case: "modRevision", value: BigInt(number) }) as const,
    create: (number: number) => ({ case: "createRevision", value: BigInt(number) }) as const,
    version: (number: number) => ({ case: "version", value: BigInt(number) }) as const,
  };
  const targetUnion =
    compare.target === "value"
      ? ({ case: "value", value: toBytes(compare.value) } as const)
      : operands[compare.target](compare.number);
  const read = create(etcdserverpb.RangeRequestSchema, { key: toBytes(key) });
  return create(etcdserverpb.TxnRequestSchema, {
    compare: [
      {
        key: toBytes(key),
        result: etcdserverpb.Compare_CompareResult.EQUAL,
        target: target[compare.target],
        targetUnion,
      },
    ],
    success: [putOperation(key, value)],
    failure: [{ request: { case: "requestRange", value: read } }],
  });
}

function toCasResult({ header, succeeded, responses }: etcdserverpb.TxnResponse): KvResult {
  const revision = revisionOf(header);
  if (succeeded) return { revision, succeeded };
  const response = responses[0]?.response;
  if (response?.case !== "responseRange") throw new Error("a failed compare without the key it read");
  return { revision, succeeded, kvs: response.value.kvs.map(toStoredKey) };
}
