/**
 * What key-value requests mean, written once more from the rules and with nothing in common with the code under test: a full
 * copy of the key space per revision, messages of the generated code in, messages out.
 */
import { create, etcdserverpb as pb, mvccpb, type MessageInitShape } from "@quorate/proto";
import type { RefusalCode } from "../refusal.js";

export interface Pair {
  readonly key: string;
  readonly create: number;
  readonly mod: number;
  readonly version: number;
  readonly value: string;
  readonly lease: bigint;
}

type State = ReadonlyMap<string, Pair>;

/** Thrown inside the model: the request is refused. */
export class Refused extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode) {
    super(code);
    this.code = code;
  }
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (each) => each.charCodeAt(0));

export class KvModel {
  readonly #states: State[] = [new Map(), new Map()];
  readonly leases = new Set<bigint>();
  compacted = -1;
  // The write transaction under way.
  #working = new Map<string, Pair>();
  #changed = false;

  get revision(): number {
    return this.#states.length - 1;
  }

  stateAt(revision: number): State {
    return this.#states[revision] ?? new Map();
  }

  get #latest(): State {
    return this.stateAt(this.revision);
  }

  /** Response and header revision of a stand-alone range. */
  range(request: pb.RangeRequest): pb.RangeResponse {
    if (request.revision > BigInt(this.revision)) throw new Refused("future-revision");
    const rev = request.revision <= 0n ? this.revision : Number(request.revision);
    if (rev < this.compacted) throw new Refused("compacted");
    return this.#select(this.stateAt(rev), request);
  }

  #select(state: State, request: pb.RangeRequest): pb.RangeResponse {
    const all = this.#inInterval(state, request.key, request.rangeEnd);
    if (request.countOnly) return create(pb.RangeResponseSchema, { count: BigInt(all.length) });
    const filtered = (
      [pick, min, max]: readonly [(pair: Pair) => number, bigint, bigint],
      pairs: Pair[],
    ): Pair[] =>
      pairs.filter((p) => (max === 0n || BigInt(pick(p)) <= max) && (min === 0n || BigInt(pick(p)) >= min));
    const { limit, sortOrder, sortTarget } = request;
    const noFilter =
      request.minModRevision === 0n &&
      request.maxModRevision === 0n &&
      request.minCreateRevision === 0n &&
      request.maxCreateRevision === 0n;
    let pairs = all;
    const isDefault = sortOrder === 0 || (sortOrder === 1 && sortTarget === 0);
    if (limit > 0n && isDefault && noFilter) pairs = pairs.slice(0, Number(limit) + 1);
    pairs = filtered([(p) => p.mod, request.minModRevision, request.maxModRevision], pairs);
    pairs = filtered([(p) => p.create, request.minCreateRevision, request.maxCreateRevision], pairs);
    pairs = sortPairs(pairs, sortOrder, sortTarget);
    const more = limit > 0n && BigInt(pairs.length) > limit;
    if (more) pairs = pairs.slice(0, Number(limit));
    const fromIndex = request.keysOnly && sortTarget !== pb.RangeRequest_SortTarget.VALUE;
    return create(pb.RangeResponseSchema, {
      kvs: pairs.map((p) => toMessage(p, { value: !request.keysOnly, lease: !fromIndex })),
      more,
      count: BigInt(all.length),
    });
  }

  #inInterval(state: State, key: Uint8Array, rangeEnd: Uint8Array): Pair[] {
    const from = latin1(key);
    const end = latin1(rangeEnd);
    return [...state.values()]
      .filter((p) => (end === "" ? p.key === from : p.key >= from && (end === "\0" || p.key < end)))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  put(request: pb.PutRequest): pb.PutResponse {
    this.#begin();
    this.#checkPut(request);
    const response = this.#doPut(request);
    this.#end();
    return create(pb.PutResponseSchema, response);
  }

  #checkPut(request: pb.PutRequest): void {
    if (request.lease !== 0n && !this.leases.has(request.lease)) throw new Refused("lease-not-found");
    const needsKey = request.ignoreValue || request.ignoreLease;
    if (needsKey && !this.#latest.has(latin1(request.key))) throw new Refused("key-not-found");
  }

  #doPut(request: pb.PutRequest): MessageInitShape<typeof pb.PutResponseSchema> {
    const key = latin1(request.key);
    const old = this.#working.get(key);
    const main = this.revision + 1;
    this.#working.set(key, {
      key,
      create: old?.create ?? main,
      mod: main,
      version: (old?.version ?? 0) + 1,
      value: request.ignoreValue ? (old?.value ?? "") : latin1(request.value),
      lease: request.ignoreLease ? (old?.lease ?? 0n) : request.lease,
    });
    this.#changed = true;
    return request.prevKv && old !== undefined ? { prevKv: toMessage(old) } : {};
  }

  delete(request: pb.DeleteRangeRequest): pb.DeleteRangeResponse {
    this.#begin();
    const response = this.#doDelete(request);
    this.#end();
    return create(pb.DeleteRangeResponseSchema, response);
  }

  #doDelete(request: pb.DeleteRangeRequest): MessageInitShape<typeof pb.DeleteRangeResponseSchema> {
    const gone = this.#inInterval(this.#working, request.key, request.rangeEnd);
    for (const pair of gone) this.#working.delete(pair.key);
    if (gone.length > 0) this.#changed = true;
    return { deleted: BigInt(gone.length), prevKvs: request.prevKv ? gone.map((p) => toMessage(p)) : [] };
  }

  /** @param readOnly answered without a write: the caller knows that there are only ranges. */
  txn(request: pb.TxnRequest): pb.TxnResponse {
    this.#begin();
    this.#checkPath(request);
    const response = this.#doTxn(request);
    this.#end();
    return create(pb.TxnResponseSchema, response);
  }

  #taken(request: pb.TxnRequest): { succeeded: boolean; ops: pb.RequestOp[] } {
    const succeeded = request.compare.every((each) => this.#compareHolds(each));
    return { succeeded, ops: succeeded ? request.success : request.failure };
  }

  #checkPath(request: pb.TxnRequest): void {
    for (const { request: op } of this.#taken(request).ops) {
      if (op.case === "requestTxn") this.#checkPath(op.value);
      if (op.case === "requestPut") this.#checkPut(op.value);
      if (op.case !== "requestRange" || op.value.revision === 0n) continue;
      if (op.value.revision > BigInt(this.revision)) throw new Refused("future-revision");
      if (op.value.revision < BigInt(this.compacted)) throw new Refused("compacted");
    }
  }

  #doTxn(request: pb.TxnRequest): MessageInitShape<typeof pb.TxnResponseSchema> {
    // Which branch is taken depends on the state before the transaction, never on what it has done so far.
    const { succeeded, ops } = this.#taken(request);
    return { succeeded, responses: ops.map((each) => this.#doOp(each)) };
  }

  #doOp({ request: op }: pb.RequestOp): pb.ResponseOp {
    const response = create(pb.ResponseOpSchema);
    if (op.case === "requestPut") {
      const value = create(pb.PutResponseSchema, this.#doPut(op.value));
      response.response = { case: "responsePut", value: Object.assign(value, { header: this.#opHeader() }) };
    } else if (op.case === "requestDeleteRange") {
      const value = create(pb.DeleteRangeResponseSchema, this.#doDelete(op.value));
      response.response = {
        case: "responseDeleteRange",
        value: Object.assign(value, { header: this.#opHeader() }),
      };
    } else if (op.case === "requestRange") {
      const state = op.value.revision <= 0n ? this.#working : this.stateAt(Number(op.value.revision));
      const value = this.#select(state, op.value);
      response.response = {
        case: "responseRange",
        value: Object.assign(value, { header: this.#opHeader() }),
      };
    } else if (op.case === "requestTxn") {
      const value = create(pb.TxnResponseSchema, this.#doTxn(op.value));
      const header = create(pb.ResponseHeaderSchema);
      response.response = { case: "responseTxn", value: Object.assign(value, { header }) };
    }
    return response;
  }

  #opHeader(): pb.ResponseHeader {
    return create(pb.ResponseHeaderSchema, { revision: BigInt(this.revision + (this.#changed ? 1 : 0)) });
  }

  /** Against the state before the transaction. */
  #compareHolds(compare: pb.Compare): boolean {
    const pairs = this.#inInterval(this.#latest, compare.key, compare.rangeEnd);
    const nothing: Pair = { key: "", create: 0, mod: 0, version: 0, value: "", lease: 0n };
    if (pairs.length > 0) return pairs.every((pair) => relation(compare, pair));
    return compare.target !== pb.Compare_CompareTarget.VALUE && relation(compare, nothing);
  }

  compact(revision: number): void {
    if (revision <= this.compacted) throw new Refused("compacted");
    if (revision > this.revision) throw new Refused("future-revision");
    this.compacted = revision;
  }

  #begin(): void {
    this.#working = new Map(this.#latest);
    this.#changed = false;
  }

  #end(): void {
    if (this.#changed) this.#states.push(this.#working);
  }
}

function relation(compare: pb.Compare, pair: Pair): boolean {
  const union = compare.targetUnion;
  const number = (kind: string): bigint => (union.case === kind ? (union.value as bigint) : 0n);
  let order = 0;
  const order2 = (a: bigint | string, b: bigint | string): number => (a < b ? -1 : a > b ? 1 : 0);
  if (compare.target === pb.Compare_CompareTarget.VERSION)
    order = order2(BigInt(pair.version), number("version"));
  if (compare.target === pb.Compare_CompareTarget.CREATE)
    order = order2(BigInt(pair.create), number("createRevision"));
  if (compare.target === pb.Compare_CompareTarget.MOD)
    order = order2(BigInt(pair.mod), number("modRevision"));
  if (compare.target === pb.Compare_CompareTarget.LEASE) order = order2(pair.lease, number("lease"));
  if (compare.target === pb.Compare_CompareTarget.VALUE)
    order = order2(pair.value, union.case === "value" ? latin1(union.value) : "");
  const holds: Record<number, boolean> = { 0: order === 0, 1: order > 0, 2: order < 0, 3: order !== 0 };
  return holds[compare.result] ?? true;
}

function sortPairs(pairs: Pair[], sortOrder: number, sortTarget: number): Pair[] {
  const picks: Record<number, (pair: Pair) => number | string> = {
    0: (p) => p.key,
    1: (p) => p.version,
    2: (p) => p.create,
    3: (p) => p.mod,
    4: (p) => p.value,
  };
  const pick = picks[sortTarget] ?? ((p: Pair) => p.key);
  const sign = sortOrder === 2 ? -1 : 1;
  return [...pairs].sort((a, b) => {
    const [left, right] = [pick(a), pick(b)];
    return left === right ? 0 : (left < right ? -1 : 1) * sign;
  });
}

function toMessage(pair: Pair, shown = { value: true, lease: true }): mvccpb.KeyValue {
  return create(mvccpb.KeyValueSchema, {
    key: bytes(pair.key),
    createRevision: BigInt(pair.create),
    modRevision: BigInt(pair.mod),
    version: BigInt(pair.version),
    value: shown.value ? bytes(pair.value) : new Uint8Array(0),
    lease: shown.lease ? pair.lease : 0n,
  });
}
