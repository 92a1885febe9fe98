/** A set: each element is a key that is put if it is not there; reads go through it page by page at one revision. */
import { create, etcdserverpb } from "@quorate/proto";
import { classifyError } from "../../load/classify-error.js";
import { prefixEnd, toBytes } from "../../load/key-value-wire.js";
import { checkSet } from "./check-set.js";
import { askUntil, CALL_MS_MAX, Crew, type Worker } from "./crew.js";
import type { SetOperation } from "./set-history.js";
import type { Workload, WorkloadClient, WorkloadVerdict, WorkloadWorld } from "./world.js";

const PREFIX = "set/";
const READ_SHARE = 0.25;
const PAGE_KEYS = 50n;
/** Each read shows all of it. */
const ELEMENTS_MAX = 1000;
const OPERATIONS_MAX = 20_000;
const { method } = etcdserverpb.KV;
const decoder = new TextDecoder();

export class Sets implements Workload {
  readonly name = "sets";
  readonly history: SetOperation[] = [];
  readonly #world: WorkloadWorld;
  readonly #crew: Crew;
  #elementCount = 0;

  constructor(world: WorkloadWorld, options: { seed: number; workerCount: number; pauseMs: number }) {
    this.#world = world;
    this.#crew = new Crew(world, { name: "sets", ...options });
  }

  get operationCount(): number {
    return this.history.length;
  }

  get isQuiet(): boolean {
    return this.#crew.isQuiet;
  }

  start(): void {
    this.#crew.start((worker) => this.#turn(worker));
  }

  end(): void {
    this.#crew.end();
  }

  async judge(): Promise<WorkloadVerdict> {
    const startMs = this.#world.nowMs;
    const elements = await askUntil(this.#world, "sets-judge", readSet);
    if (elements !== undefined)
      this.history.push({ kind: "read", elements, startMs, endMs: this.#world.nowMs });
    const limits = elements === undefined ? ["the set was not read at the end"] : [];
    return { violations: checkSet(this.history), limits };
  }

  async #turn(worker: Worker): Promise<void> {
    if (this.history.length >= OPERATIONS_MAX) return;
    const startMs = this.#world.nowMs;
    if (this.#elementCount >= ELEMENTS_MAX || worker.prng.chance(READ_SHARE)) {
      const elements = await readSet(worker.client());
      if (elements === undefined) return worker.moveOn();
      this.history.push({ kind: "read", elements, startMs, endMs: this.#world.nowMs });
      return;
    }
    const element = ++this.#elementCount;
    const answer = await worker.client().call(method.txn, addElement(element), CALL_MS_MAX);
    const outcome = answer.ok ? "ok" : classifyError(answer.code, answer.text);
    this.history.push({ kind: "add", element, outcome, startMs, endMs: this.#world.nowMs });
    if (!answer.ok) return worker.moveOn();
  }
}

function keyOf(element: number): string {
  return `${PREFIX}${String(element).padStart(8, "0")}`;
}

function addElement(element: number): etcdserverpb.TxnRequest {
  const { Compare_CompareTarget: Target, Compare_CompareResult: Result } = etcdserverpb;
  const key = toBytes(keyOf(element));
  const put = create(etcdserverpb.PutRequestSchema, { key, value: toBytes("1") });
  return create(etcdserverpb.TxnRequestSchema, {
    compare: [
      {
        key,
        target: Target.CREATE,
        result: Result.EQUAL,
        targetUnion: { case: "createRevision", value: 0n },
      },
    ],
    success: [{ request: { case: "requestPut", value: put } }],
  });
}

/** @returns undefined when a page has no answer, or its revision is compacted. */
async function readSet(client: WorkloadClient): Promise<readonly number[] | undefined> {
  const elements: number[] = [];
  let key = toBytes(PREFIX);
  let revision = 0n;
  for (;;) {
    const request = { key, rangeEnd: prefixEnd(PREFIX), limit: PAGE_KEYS, revision, keysOnly: true };
    const answer = await client.call(method.range, request, CALL_MS_MAX);
    if (!answer.ok) return undefined;
    const { kvs, more, header } = answer.message;
    for (const kv of kvs) elements.push(Number(decoder.decode(kv.key).slice(PREFIX.length)));
    const last = kvs.at(-1);
    if (!more || last === undefined) return elements;
    if (revision === 0n) revision = header?.revision ?? 0n;
    key = new Uint8Array([...last.key, 0]);
  }
}
