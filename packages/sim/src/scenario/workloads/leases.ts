/**
 * Holders of leases with keys: each grants itself a lease, hangs keys on it, and then renews it, looks at it, revokes it or lets it run
 * out. Afterwards it goes on asking for what should be gone.
 */
import { create, etcdserverpb, findErrorByMessage, fromBinary, toBinary } from "@quorate/proto";
import { classifyError } from "../../load/classify-error.js";
import { prefixEnd, toBytes } from "../../load/key-value-wire.js";
import { checkLeases } from "./check-leases.js";
import { askUntil, CALL_MS_MAX, Crew, type Worker } from "./crew.js";
import type { LeaseHistory, LeaseOperation, TermSeen } from "./lease-history.js";
import type { Workload, WorkloadClient, WorkloadVerdict, WorkloadWorld } from "./world.js";

const PREFIX = "leased/";
const TTL_SECONDS_MIN = 2;
const TTL_SECONDS_SPREAD = 4;
const STEPS_MAX = 12;
const LEASES_MAX = 2000;
/** A lease that nobody renews is gone after its time, an election on top, and what the slowest clock adds. */
const OUTLIVED_MS = 20_000;
const LOOK_MS = 1000;
export const KEEP_ALIVE_PATH = "/etcdserverpb.Lease/LeaseKeepAlive";
const { Lease, KV } = etcdserverpb;
const decoder = new TextDecoder();

export interface LeasesOptions {
  readonly seed: number;
  readonly workerCount: number;
  readonly pauseMs: number;
  /** Of the members' clocks, as a share. */
  readonly clockErrorMax: number;
}

interface Held {
  readonly id: bigint;
  readonly prefix: string;
  readonly ttlMs: number;
  readonly operations: LeaseOperation[];
}

export class Leases implements Workload {
  readonly name = "leases";
  readonly histories: LeaseHistory[] = [];
  readonly #terms: TermSeen[] = [];
  readonly #world: WorkloadWorld;
  readonly #options: LeasesOptions;
  readonly #crew: Crew;
  #operationCount = 0;

  constructor(world: WorkloadWorld, options: LeasesOptions) {
    this.#world = world;
    this.#options = options;
    this.#crew = new Crew(world, { name: "leases", ...options });
  }

  get operationCount(): number {
    return this.#operationCount;
  }

  get isQuiet(): boolean {
    return this.#crew.isQuiet;
  }

  start(): void {
    this.#crew.start((worker) => this.#holdOne(worker));
  }

  end(): void {
    this.#crew.end();
  }

  async judge(): Promise<WorkloadVerdict> {
    const { clockErrorMax } = this.#options;
    const violations = checkLeases(this.histories, { clockErrorMax, terms: this.#terms });
    const untilMs = this.#world.nowMs + OUTLIVED_MS;
    let left = await this.#readKeys();
    while (left !== undefined && left.length > 0 && this.#world.nowMs < untilMs) {
      await this.#world.sleep(LOOK_MS);
      left = await this.#readKeys();
    }
    if (left === undefined) return { violations, limits: ["keys of leases were not read at the end"] };
    const outlived = left.map((key) => `${key} has outlived its lease by ${OUTLIVED_MS} ms and more`);
    return { violations: [...violations, ...outlived.slice(0, 3)], limits: [] };
  }

  /** Of all leases. */
  #readKeys(): Promise<readonly string[] | undefined> {
    const request = { key: toBytes(PREFIX), rangeEnd: prefixEnd(PREFIX), keysOnly: true };
    return askUntil(this.#world, "leases-judge", async (client) => {
      const answer = await client.call(KV.method.range, request, CALL_MS_MAX);
      return answer.ok ? answer.message.kvs.map(({ key }) => decoder.decode(key)) : undefined;
    });
  }

  async #holdOne(worker: Worker): Promise<void> {
    if (this.histories.length >= LEASES_MAX) return;
    const { prng } = worker;
    const startMs = this.#world.nowMs;
    const TTL = BigInt(TTL_SECONDS_MIN + prng.below(TTL_SECONDS_SPREAD));
    const answer = await worker.client().call(Lease.method.leaseGrant, { TTL }, CALL_MS_MAX);
    if (!answer.ok) return worker.moveOn();
    this.#hear(answer.message.header);
    const { ID } = answer.message;
    const ttlMs = Number(answer.message.TTL) * 1000;
    const lease = ID.toString(16);
    const operations: LeaseOperation[] = [];
    const held: Held = { id: ID, prefix: `${PREFIX}${lease}/`, ttlMs, operations };
    this.histories.push({ lease, grant: { startMs, endMs: this.#world.nowMs, ttlMs }, operations });
    await this.#attach(worker, held);
    for (let step = prng.below(STEPS_MAX); step > 0 && this.#crew.isRunning; step--)
      await this.#step(worker, held);
    const way = prng.pick(["revoke", "revoke", "run out", "leave"]);
    if (way === "revoke") await this.#revoke(worker, held);
    if (way === "run out") await this.#world.sleep(ttlMs + 1500);
    // Whoever is asked now, and whatever is asked.
    for (let step = prng.below(4); step > 0; step--) {
      worker.wander();
      await this.#look(worker, held);
    }
  }

  async #step(worker: Worker, held: Held): Promise<void> {
    const { prng } = worker;
    await this.#world.sleep(prng.float() * prng.pick([100, held.ttlMs / 3, held.ttlMs]));
    if (prng.chance(0.4)) worker.wander();
    if (prng.chance(0.2)) return this.#attach(worker, held);
    return prng.chance(0.4) ? this.#renew(worker, held) : this.#look(worker, held);
  }

  #look(worker: Worker, held: Held): Promise<void> {
    switch (worker.prng.below(4)) {
      case 0:
        return this.#renew(worker, held);
      case 1:
        return this.#attach(worker, held);
      case 2:
        return this.#read(worker, held);
      default:
        return this.#readTimeToLive(worker, held);
    }
  }

  async #attach(worker: Worker, { id, prefix, operations }: Held): Promise<void> {
    const startMs = this.#world.nowMs;
    const key = `${prefix}${worker.prng.below(3)}`;
    const request = { key: toBytes(key), value: toBytes("1"), lease: id };
    const answer = await worker.client().call(KV.method.put, request, CALL_MS_MAX);
    const outcome = answer.ok ? "ok" : outcomeOf(answer);
    this.#note(operations, { kind: "attach", key, outcome, startMs, endMs: this.#world.nowMs });
    if (!answer.ok && outcome !== "gone") return worker.moveOn();
  }

  async #revoke(worker: Worker, { id, operations }: Held): Promise<void> {
    const startMs = this.#world.nowMs;
    const answer = await worker.client().call(Lease.method.leaseRevoke, { ID: id }, CALL_MS_MAX);
    const outcome = answer.ok ? "ok" : outcomeOf(answer);
    this.#note(operations, { kind: "revoke", outcome, startMs, endMs: this.#world.nowMs });
  }

  async #renew(worker: Worker, { id, operations }: Held): Promise<void> {
    const startMs = this.#world.nowMs;
    const answer = await keepAlive(this.#world, worker.client(), id);
    if (answer === undefined) return worker.moveOn();
    this.#hear(answer.header);
    this.#note(operations, {
      kind: "renew",
      ttlMs: Number(answer.TTL) * 1000,
      startMs,
      endMs: this.#world.nowMs,
    });
  }

  async #read(worker: Worker, { id, prefix, operations }: Held): Promise<void> {
    const startMs = this.#world.nowMs;
    const request = { key: toBytes(prefix), rangeEnd: prefixEnd(prefix) };
    const answer = await worker.client().call(KV.method.range, request, CALL_MS_MAX);
    if (!answer.ok) return worker.moveOn();
    this.#hear(answer.message.header);
    const present = answer.message.kvs
      .filter(({ lease }) => lease === id)
      .map(({ key }) => decoder.decode(key));
    this.#note(operations, { kind: "read", present, startMs, endMs: this.#world.nowMs });
  }

  async #readTimeToLive(worker: Worker, { id, operations }: Held): Promise<void> {
    const startMs = this.#world.nowMs;
    const answer = await worker
      .client()
      .call(Lease.method.leaseTimeToLive, { ID: id, keys: true }, CALL_MS_MAX);
    if (!answer.ok) return worker.moveOn();
    const { TTL, grantedTTL, header, keys } = answer.message;
    this.#hear(header);
    // One whose time is over and that is not yet revoked has no time left; it is there.
    const remainingMs = grantedTTL === 0n ? undefined : Math.max(0, Number(TTL)) * 1000;
    const told = {
      remainingMs,
      term: Number(header?.raftTerm ?? 0n),
      keys: keys.map((key) => decoder.decode(key)),
    };
    this.#note(operations, { kind: "time-to-live", ...told, startMs, endMs: this.#world.nowMs });
  }

  #note(operations: LeaseOperation[], operation: LeaseOperation): void {
    this.#operationCount += 1;
    operations.push(operation);
  }

  #hear(header: etcdserverpb.ResponseHeader | undefined): void {
    const term = Number(header?.raftTerm ?? 0n);
    if (term > (this.#terms.at(-1)?.term ?? 0)) this.#terms.push({ atMs: this.#world.nowMs, term });
  }
}

function outcomeOf({ code, text }: { code: number; text: string }): "gone" | "failed" | "unknown" {
  return findErrorByMessage(text) === "lease-not-found" ? "gone" : classifyError(code, text);
}

/** One renewal on a stream of its own. @returns undefined without an answer; TTL 0 when there is no such lease. */
export function keepAlive(
  world: WorkloadWorld,
  client: WorkloadClient,
  lease: bigint,
): Promise<etcdserverpb.LeaseKeepAliveResponse | undefined> {
  const schema = etcdserverpb.LeaseKeepAliveRequestSchema;
  return new Promise((resolve) => {
    const stream = client.open(KEEP_ALIVE_PATH, {
      onMessage: (bytes) => {
        resolve(fromBinary(etcdserverpb.LeaseKeepAliveResponseSchema, bytes));
        stream.cancel();
      },
      onEnd: () => resolve(undefined),
    });
    stream.send(toBinary(schema, create(schema, { ID: lease })));
    void world.sleep(CALL_MS_MAX).then(() => {
      resolve(undefined);
      stream.cancel();
    });
  });
}
