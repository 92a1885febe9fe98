/** Objects as Kubernetes keeps them: writers that create, update and delete with a guard on the revision, and reflectors beside them. */
import { create, etcdserverpb } from "@quorate/proto";
import { Prng } from "@quorate/std";
import { prefixEnd, toBytes } from "../../load/key-value-wire.js";
import { checkReflectors } from "./check-reflectors.js";
import { askUntil, CALL_MS_MAX, Crew, type Worker } from "./crew.js";
import type { ObjectWrite } from "./reflector-log.js";
import { Reflector } from "./reflector.js";
import type { Workload, WorkloadVerdict, WorkloadWorld } from "./world.js";

const PREFIX = "objects/";
const OBJECT_COUNT = 20;
const REFLECTOR_COUNT = 3;
const WRITES_MAX = 50_000;
const CATCH_UP_MS_MAX = 60_000;
const LOOK_MS = 100;
const { method } = etcdserverpb.KV;

export class ListWatch implements Workload {
  readonly name = "list-watch";
  readonly writes: ObjectWrite[] = [];
  readonly reflectors: readonly Reflector[];
  readonly #world: WorkloadWorld;
  readonly #crew: Crew;
  #operationCount = 0;
  #valueCount = 0;

  constructor(world: WorkloadWorld, options: { seed: number; workerCount: number; pauseMs: number }) {
    this.#world = world;
    this.#crew = new Crew(world, { name: "objects", ...options });
    const seeds = new Prng(options.seed ^ 0x11ef);
    this.reflectors = Array.from({ length: REFLECTOR_COUNT }, (_, i) => {
      const parts = { name: `reflector${i}`, prefix: PREFIX, endpoint: i % world.endpointCount };
      return new Reflector(world, { ...parts, prng: new Prng(seeds.uint32()) });
    });
  }

  get operationCount(): number {
    return this.#operationCount;
  }

  get isQuiet(): boolean {
    return this.#crew.isQuiet;
  }

  start(): void {
    this.#crew.start((worker) => this.#write(worker));
    for (const reflector of this.reflectors) void reflector.run();
  }

  end(): void {
    this.#crew.end();
  }

  async judge(): Promise<WorkloadVerdict> {
    const request = { key: toBytes(PREFIX), rangeEnd: prefixEnd(PREFIX), countOnly: true };
    const finalRevision = await askUntil(this.#world, "objects-judge", async (client) => {
      const answer = await client.call(method.range, request, CALL_MS_MAX);
      return answer.ok ? Number(answer.message.header?.revision ?? 0n) : undefined;
    });
    if (finalRevision === undefined) return { violations: [], limits: ["objects were not read at the end"] };
    const untilMs = this.#world.nowMs + CATCH_UP_MS_MAX;
    const isBehind = (each: Reflector): boolean => each.reachedRevision < finalRevision;
    while (this.reflectors.some(isBehind) && this.#world.nowMs < untilMs) await this.#world.sleep(LOOK_MS);
    const behind = this.reflectors.filter(isBehind).map((each) => {
      const { name } = each.toLog();
      return `${name} stays at revision ${each.reachedRevision}, behind ${finalRevision}`;
    });
    for (const reflector of this.reflectors) reflector.stop();
    // One more list: what all of them know has to be what is there.
    const last = new Reflector(this.#world, {
      name: "lister",
      prefix: PREFIX,
      endpoint: 0,
      prng: new Prng(1),
    });
    const listing = last.run();
    while (last.reachedRevision === 0 && this.#world.nowMs < untilMs) await this.#world.sleep(LOOK_MS);
    last.stop();
    await listing;
    const logs = [...this.reflectors, last].map((each) => each.toLog());
    return { violations: [...behind, ...checkReflectors(logs, this.writes)], limits: [] };
  }

  async #write(worker: Worker): Promise<void> {
    if (this.writes.length >= WRITES_MAX) return;
    const { prng } = worker;
    const client = worker.client();
    const key = `${PREFIX}${String(prng.below(OBJECT_COUNT)).padStart(3, "0")}`;
    // Writers read what they have, which may be old: the guard finds out.
    const read = await client.call(
      method.range,
      { key: toBytes(key), serializable: prng.chance(0.3) },
      CALL_MS_MAX,
    );
    if (!read.ok) return worker.moveOn();
    this.#operationCount += 1;
    const modRevision = read.message.kvs[0]?.modRevision ?? 0n;
    const kind = modRevision > 0n && prng.chance(0.3) ? "delete" : "put";
    const value = `${worker.number}.${++this.#valueCount}`;
    const answer = await client.call(
      method.txn,
      toTxn(key, modRevision, kind === "put" ? value : undefined),
      CALL_MS_MAX,
    );
    if (!answer.ok) return worker.moveOn();
    this.#operationCount += 1;
    const { succeeded, header } = answer.message;
    if (succeeded) this.writes.push({ kind, key, value, revision: Number(header?.revision ?? 0n) });
  }
}

/** @param value undefined for a delete. */
function toTxn(key: string, modRevision: bigint, value: string | undefined): etcdserverpb.TxnRequest {
  const { Compare_CompareTarget: Target, Compare_CompareResult: Result } = etcdserverpb;
  const bytes = toBytes(key);
  const request =
    value === undefined
      ? ({
          case: "requestDeleteRange",
          value: create(etcdserverpb.DeleteRangeRequestSchema, { key: bytes }),
        } as const)
      : ({
          case: "requestPut",
          value: create(etcdserverpb.PutRequestSchema, { key: bytes, value: toBytes(value) }),
        } as const);
  return create(etcdserverpb.TxnRequestSchema, {
    compare: [
      {
        key: bytes,
        target: Target.MOD,
        result: Result.EQUAL,
        targetUnion: { case: "modRevision", value: modRevision },
      },
    ],
    success: [{ request }],
    failure: [
      {
        request: { case: "requestRange", value: create(etcdserverpb.RangeRequestSchema, { key: bytes }) },
      },
    ],
  });
}
