/**
 * Clients that take the members' own lock, write what it protects with the fence of their key, fall asleep now and then without
 * renewing, and write again as if nothing had been.
 */
import { create, etcdserverpb, v3lockpb } from "@quorate/proto";
import { classifyError } from "../../load/classify-error.js";
import { toBytes } from "../../load/key-value-wire.js";
import { checkFencing } from "./check-fencing.js";
import { longerPromise } from "../lease-promise.js";
import { CALL_MS_MAX, Crew, type Worker } from "./crew.js";
import type { FencedHold, FencedWrite } from "./fence-history.js";
import { keepAlive } from "./leases.js";
import type { Workload, WorkloadVerdict, WorkloadWorld } from "./world.js";

const LOCK_NAME = "fence/lock";
const RESOURCE = "fence/resource";
const LOCK_MS_MAX = 8000;
const WRITES_MAX = 6;
const HOLDS_MAX = 5000;
const { Lease, KV } = etcdserverpb;

export interface FencingOptions {
  readonly seed: number;
  readonly workerCount: number;
  readonly pauseMs: number;
  /** Of the members' clocks, as a share. */
  readonly clockErrorMax: number;
}

export class Fencing implements Workload {
  readonly name = "fencing";
  readonly holds: FencedHold[] = [];
  readonly writes: FencedWrite[] = [];
  readonly #world: WorkloadWorld;
  readonly #options: FencingOptions;
  readonly #crew: Crew;

  constructor(world: WorkloadWorld, options: FencingOptions) {
    this.#world = world;
    this.#options = options;
    this.#crew = new Crew(world, { name: "fence", ...options });
  }

  get operationCount(): number {
    return this.writes.length + this.holds.length;
  }

  get isQuiet(): boolean {
    return this.#crew.isQuiet;
  }

  start(): void {
    this.#crew.start((worker) => this.#tryLock(worker));
  }

  end(): void {
    this.#crew.end();
  }

  judge(): Promise<WorkloadVerdict> {
    const violations = checkFencing(this.holds, this.writes, this.#options.clockErrorMax);
    return Promise.resolve({ violations, limits: [] });
  }

  async #tryLock(worker: Worker): Promise<void> {
    if (this.holds.length >= HOLDS_MAX) return;
    const { prng } = worker;
    const client = worker.client();
    const grantMs = this.#world.nowMs;
    const granted = await client.call(
      Lease.method.leaseGrant,
      { TTL: BigInt(2 + prng.below(3)) },
      CALL_MS_MAX,
    );
    if (!granted.ok) return worker.moveOn();
    const { ID, TTL } = granted.message;
    const ttlMs = Number(TTL) * 1000;
    const promise = { fromMs: grantMs, forMs: ttlMs };
    const locking = client.call(
      v3lockpb.Lock.method.lock,
      { name: toBytes(LOCK_NAME), lease: ID },
      LOCK_MS_MAX,
    );
    const locked = await locking;
    if (!locked.ok) {
      await client.call(Lease.method.leaseRevoke, { ID }, CALL_MS_MAX);
      return worker.moveOn();
    }
    const { key } = locked.message;
    const fromMs = this.#world.nowMs;
    const found = await client.call(KV.method.range, { key }, CALL_MS_MAX);
    const token = found.ok ? Number(found.message.kvs[0]?.createRevision ?? 0n) : 0;
    if (token === 0) return;
    const hold: FencedHold = {
      client: worker.number,
      lease: ID,
      token,
      fromMs,
      promise,
      releasedMs: Infinity,
    };
    this.holds.push(hold);
    for (let count = 1 + prng.below(WRITES_MAX); count > 0; count--) {
      if (prng.chance(0.6)) {
        const sentMs = this.#world.nowMs;
        const ttl = Number((await keepAlive(this.#world, worker.client(), ID))?.TTL ?? 0n);
        if (ttl > 0) hold.promise = longerPromise(hold.promise, { fromMs: sentMs, forMs: ttl * 1000 });
      }
      await this.#write(worker, { key, token });
      // Asleep: whoever waits for the lock may have it before this one wakes up.
      await this.#world.sleep(prng.chance(0.2) ? ttlMs + 2000 * prng.float() : prng.float() * 400);
      if (prng.chance(0.3)) worker.wander();
    }
    hold.releasedMs = this.#world.nowMs;
    const way = prng.pick(["unlock", "unlock", "revoke", "fall silent"]);
    if (way === "unlock") await worker.client().call(v3lockpb.Lock.method.unlock, { key }, CALL_MS_MAX);
    if (way === "revoke") await worker.client().call(Lease.method.leaseRevoke, { ID }, CALL_MS_MAX);
  }

  async #write(worker: Worker, { key, token }: { key: Uint8Array; token: number }): Promise<void> {
    const { number, prng } = worker;
    const startMs = this.#world.nowMs;
    const value = `${token}.${prng.uint32()}`;
    const answer = await worker.client().call(KV.method.txn, fencedPut(key, token, value), CALL_MS_MAX);
    const common = { client: number, token, startMs, endMs: this.#world.nowMs };
    if (!answer.ok) {
      this.writes.push({ ...common, outcome: classifyError(answer.code, answer.text), revision: undefined });
      return worker.moveOn();
    }
    const { succeeded, header } = answer.message;
    this.writes.push({
      ...common,
      outcome: succeeded ? "ok" : "refused",
      revision: Number(header?.revision ?? 0n),
    });
  }
}

/** Puts the resource if the holder's key is still the one that it locked with. */
function fencedPut(key: Uint8Array, token: number, value: string): etcdserverpb.TxnRequest {
  const { Compare_CompareTarget: Target, Compare_CompareResult: Result } = etcdserverpb;
  const put = create(etcdserverpb.PutRequestSchema, { key: toBytes(RESOURCE), value: toBytes(value) });
  return create(etcdserverpb.TxnRequestSchema, {
    compare: [
      {
        key,
        target: Target.CREATE,
        result: Result.EQUAL,
        targetUnion: { case: "createRevision", value: BigInt(token) },
      },
    ],
    success: [{ request: { case: "requestPut", value: put } }],
  });
}
