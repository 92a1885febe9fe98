/**
 * Lists in transactions: each transaction reads some lists and appends to others, all or nothing. An append puts the whole list anew, if
 * nobody else has since it was read.
 */
import { create, etcdserverpb } from "@quorate/proto";
import { classifyError } from "../../load/classify-error.js";
import { toBytes } from "../../load/key-value-wire.js";
import { checkAppendLists } from "./check-append-lists.js";
import { askUntil, CALL_MS_MAX, Crew, type Worker } from "./crew.js";
import type { ListOperation, ListTransaction } from "./list-history.js";
import type { Workload, WorkloadClient, WorkloadVerdict, WorkloadWorld } from "./world.js";

const PREFIX = "lists/";
const LIST_COUNT = 4;
/** A list that is this long is left for a new one. */
const ELEMENTS_MAX = 50;
const TRANSACTIONS_MAX = 50_000;
const APPEND_SHARE = 0.6;
const LISTS_EACH_MAX = 3;
const { method } = etcdserverpb.KV;
const decoder = new TextDecoder();

interface StoredList {
  readonly key: string;
  readonly elements: readonly number[];
  readonly modRevision: bigint;
}

export interface AppendListsOptions {
  readonly seed: number;
  readonly workerCount: number;
  readonly pauseMs: number;
}

export class AppendLists implements Workload {
  readonly name = "append-lists";
  readonly history: ListTransaction[] = [];
  readonly #world: WorkloadWorld;
  readonly #crew: Crew;
  /** How often each list was left for a new one. */
  readonly #generations: number[] = Array.from({ length: LIST_COUNT }, () => 0);
  #elementCount = 0;

  constructor(world: WorkloadWorld, options: AppendListsOptions) {
    this.#world = world;
    this.#crew = new Crew(world, { name: "lists", ...options });
  }

  get operationCount(): number {
    return this.history.length;
  }

  get isQuiet(): boolean {
    return this.#crew.isQuiet;
  }

  start(): void {
    this.#crew.start((worker) => this.#transact(worker));
  }

  end(): void {
    this.#crew.end();
  }

  async judge(): Promise<WorkloadVerdict> {
    const limits: string[] = [];
    for (const [list, newest] of this.#generations.entries())
      for (let generation = 0; generation <= newest; generation++) {
        const key = keyOf(list, generation);
        const startMs = this.#world.nowMs;
        const found = await askUntil(this.#world, "lists-judge", (client) => this.#read(client, [key]));
        if (found === undefined) limits.push(`${key} was not read at the end`);
        else
          this.#note({
            client: -1,
            startMs,
            operations: found.lists.map(toRead),
            outcome: "ok",
            revision: found.revision,
          });
      }
    return { violations: checkAppendLists(this.history), limits };
  }

  async #transact(worker: Worker): Promise<void> {
    if (this.history.length >= TRANSACTIONS_MAX) return;
    const { prng } = worker;
    const keys = this.#pickKeys(worker);
    const client = worker.client();
    let startMs = this.#world.nowMs;
    const read = await this.#read(client, keys);
    if (read === undefined) return worker.moveOn();
    this.#note({
      client: worker.number,
      startMs,
      operations: read.lists.map(toRead),
      outcome: "ok",
      revision: read.revision,
    });
    const appends = read.lists.filter(() => prng.chance(APPEND_SHARE));
    if (appends.length === 0) return;
    const operations: ListOperation[] = [];
    const writes = new Map<string, readonly number[]>();
    for (const { key, elements } of appends) {
      const added = Array.from({ length: prng.chance(0.2) ? 2 : 1 }, () => ++this.#elementCount);
      writes.set(key, [...elements, ...added]);
      operations.push({ kind: "read", key, elements }, { kind: "append", key, elements: added });
      if (elements.length + added.length >= ELEMENTS_MAX) this.#leave(key);
    }
    const others = read.lists.filter((list) => !writes.has(list.key)).map(({ key }) => key);
    startMs = this.#world.nowMs;
    const answer = await client.call(method.txn, toTxn(appends, writes, others), CALL_MS_MAX);
    const common = { client: worker.number, startMs };
    if (!answer.ok) {
      // Without an answer nothing was read.
      const appended = operations.filter(({ kind }) => kind === "append");
      this.#note({
        ...common,
        operations: appended,
        outcome: classifyError(answer.code, answer.text),
        revision: undefined,
      });
      return worker.moveOn();
    }
    const { succeeded, header, responses } = answer.message;
    const revision = Number(header?.revision ?? 0n);
    if (!succeeded) {
      this.#note({
        ...common,
        operations: operations.filter(({ kind }) => kind === "append"),
        outcome: "failed",
        revision,
      });
      return;
    }
    const seen = responses.slice(appends.length).map(({ response }, i): ListOperation => {
      const kvs = response.case === "responseRange" ? response.value.kvs : [];
      return { kind: "read", key: others[i] ?? "", elements: parseElements(kvs[0]?.value) };
    });
    this.#note({ ...common, operations: [...operations, ...seen], outcome: "ok", revision });
  }

  #pickKeys({ prng }: Worker): string[] {
    const count = 1 + prng.below(LISTS_EACH_MAX);
    const first = prng.below(LIST_COUNT);
    return Array.from({ length: count }, (_, i) => (first + i) % LIST_COUNT).map((list) =>
      keyOf(list, this.#generations[list] ?? 0),
    );
  }

  #leave(key: string): void {
    for (const [list, generation] of this.#generations.entries())
      if (keyOf(list, generation) === key) this.#generations[list] = generation + 1;
  }

  /** All of the lists at one moment. */
  async #read(
    client: WorkloadClient,
    keys: readonly string[],
  ): Promise<{ lists: StoredList[]; revision: number } | undefined> {
    const answer = await client.call(method.txn, { success: keys.map(toRange) }, CALL_MS_MAX);
    if (!answer.ok) return undefined;
    const lists = keys.map((key, i): StoredList => {
      const response = answer.message.responses[i]?.response;
      const kv = response?.case === "responseRange" ? response.value.kvs[0] : undefined;
      return { key, elements: parseElements(kv?.value), modRevision: kv?.modRevision ?? 0n };
    });
    return { lists, revision: Number(answer.message.header?.revision ?? 0n) };
  }

  #note(transaction: Omit<ListTransaction, "id" | "endMs">): void {
    this.history.push({ id: this.history.length, endMs: this.#world.nowMs, ...transaction });
  }
}

function keyOf(list: number, generation: number): string {
  return `${PREFIX}${list}/${generation}`;
}

function toRead({ key, elements }: StoredList): ListOperation {
  return { kind: "read", key, elements };
}

function toTxn(
  appends: readonly StoredList[],
  writes: ReadonlyMap<string, readonly number[]>,
  others: readonly string[],
): etcdserverpb.TxnRequest {
  const { Compare_CompareTarget: Target, Compare_CompareResult: Result } = etcdserverpb;
  return create(etcdserverpb.TxnRequestSchema, {
    compare: appends.map(({ key, modRevision }) => ({
      key: toBytes(key),
      target: Target.MOD,
      result: Result.EQUAL,
      targetUnion: { case: "modRevision", value: modRevision } as const,
    })),
    success: [...appends.map(({ key }) => toPut(key, writes.get(key) ?? [])), ...others.map(toRange)],
  });
}

function toPut(key: string, elements: readonly number[]): etcdserverpb.RequestOp {
  const put = create(etcdserverpb.PutRequestSchema, {
    key: toBytes(key),
    value: toBytes(elements.join(" ")),
  });
  return create(etcdserverpb.RequestOpSchema, { request: { case: "requestPut", value: put } });
}

function toRange(key: string): etcdserverpb.RequestOp {
  const range = create(etcdserverpb.RangeRequestSchema, { key: toBytes(key) });
  return create(etcdserverpb.RequestOpSchema, { request: { case: "requestRange", value: range } });
}

function parseElements(value: Uint8Array | undefined): readonly number[] {
  return value === undefined || value.length === 0 ? [] : decoder.decode(value).split(" ").map(Number);
}
