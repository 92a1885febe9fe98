/**
 * Clients that hold a lock by a lease: each grants itself a lease, takes the lock's key with it if nobody has it, renews the lease for
 * a while, and then revokes it, gives the key up, or falls silent. What the lease promises is noted for the judge.
 */
import { create, etcdserverpb, fromBinary, toBinary } from "@quorate/proto";
import { Prng } from "@quorate/std";
import type { SimCluster } from "../cluster/sim-cluster.js";
import type { SimMember } from "../cluster/sim-member.js";
import { toBytes } from "../load/key-value-wire.js";
import { longerPromise, type LeasePromise } from "./lease-promise.js";

const CALL_MS_MAX = 3000;
const REST_MS = 300;
const KEEP_ALIVE_PATH = "/etcdserverpb.Lease/LeaseKeepAlive";
/** Outside of what other clients write and watch. */
export const LOCK_KEY = "locks/one";

/** One client had the lock. */
export interface Hold {
  readonly client: number;
  readonly lease: bigint;
  /** When it was told so. */
  readonly fromMs: number;
  /** How long the lease lives, as of the last answer. */
  promise: LeasePromise;
  /** When it began to let go. */
  releasedMs: number;
}

/** A lease that was renewed after its revocation had been acknowledged. */
export interface Revival {
  readonly lease: bigint;
  readonly revokedMs: number;
  readonly renewedMs: number;
}

export class LockLoad {
  readonly holds: Hold[] = [];
  readonly revivals: Revival[] = [];
  /** Leases whose holder has fallen silent or gone. */
  readonly abandoned: bigint[] = [];
  readonly #cluster: SimCluster;
  readonly #seed: number;
  #isRunning = true;
  #underWay = 0;

  constructor(cluster: SimCluster, seed: number) {
    this.#cluster = cluster;
    this.#seed = seed;
  }

  start(clientCount: number): void {
    const seeds = new Prng(this.#seed);
    for (let client = 0; client < clientCount; client++) void this.#live(client, new Prng(seeds.uint32()));
  }

  end(): void {
    this.#isRunning = false;
  }

  get isQuiet(): boolean {
    return this.#underWay === 0;
  }

  async #live(client: number, prng: Prng): Promise<void> {
    const { time, members } = this.#cluster;
    while (this.#isRunning) {
      await time.sleep(prng.float() * REST_MS);
      const member = prng.pick(members);
      if (!this.#isRunning) return;
      this.#underWay += 1;
      await this.#tryLock(client, member, prng);
      this.#underWay -= 1;
    }
  }

  async #tryLock(client: number, member: SimMember, prng: Prng): Promise<void> {
    const { time, members } = this.#cluster;
    const calls = this.#cluster.client(`l${client}`, member);
    const { Lease, KV } = etcdserverpb;
    const grantMs = time.nowMs;
    const granted = await calls.call(
      Lease.method.leaseGrant,
      { TTL: BigInt(2 + prng.below(4)) },
      CALL_MS_MAX,
    );
    if (!granted.ok) return;
    const { ID, TTL } = granted.message;
    const taken = await calls.call(KV.method.txn, takeLock(client, ID), CALL_MS_MAX);
    if (!taken.ok || !taken.message.succeeded) {
      this.abandoned.push(ID);
      return;
    }
    const promise = { fromMs: grantMs, forMs: Number(TTL) * 1000 };
    const hold: Hold = { client, lease: ID, fromMs: time.nowMs, promise, releasedMs: Infinity };
    this.holds.push(hold);
    for (let rounds = prng.below(8); rounds > 0; rounds--) {
      await time.sleep((Number(TTL) * 1000) / 3);
      const sentMs = time.nowMs;
      const ttl = await this.#renew(client, prng.pick(members), ID);
      // Without an answer nothing new is promised; without a lease there is nothing to hold.
      if (ttl === 0n) break;
      if (ttl !== undefined)
        hold.promise = longerPromise(hold.promise, { fromMs: sentMs, forMs: Number(ttl) * 1000 });
    }
    if (prng.chance(0.5)) {
      hold.releasedMs = time.nowMs;
      const revoked = await calls.call(Lease.method.leaseRevoke, { ID }, CALL_MS_MAX);
      if (revoked.ok) await this.#tryRevival(client, prng, { lease: ID, revokedMs: time.nowMs });
    }
    this.abandoned.push(ID);
  }

  /** A lease that is gone stays gone, whoever is asked. */
  async #tryRevival(
    client: number,
    prng: Prng,
    { lease, revokedMs }: Omit<Revival, "renewedMs">,
  ): Promise<void> {
    const ttl = await this.#renew(client, prng.pick(this.#cluster.members), lease);
    if (ttl !== undefined && ttl > 0n)
      this.revivals.push({ lease, revokedMs, renewedMs: this.#cluster.time.nowMs });
  }

  /** @returns the time to live in seconds, 0n when there is no such lease, undefined without an answer. */
  #renew(client: number, member: SimMember, lease: bigint): Promise<bigint | undefined> {
    const { LeaseKeepAliveRequestSchema: schema } = etcdserverpb;
    return new Promise((resolve) => {
      const settle = (ttl: bigint | undefined): void => {
        cancelDeadline();
        stream.cancel();
        resolve(ttl);
      };
      const cancelDeadline = this.#cluster.time.after(CALL_MS_MAX, () => settle(undefined));
      const stream = this.#cluster.client(`l${client}`, member).open(KEEP_ALIVE_PATH, {
        onMessage: (bytes) => settle(fromBinary(etcdserverpb.LeaseKeepAliveResponseSchema, bytes).TTL),
        onEnd: () => settle(undefined),
      });
      stream.send(toBinary(schema, create(schema, { ID: lease })));
    });
  }
}

function takeLock(client: number, lease: bigint): etcdserverpb.TxnRequest {
  const { Compare_CompareTarget: Target, Compare_CompareResult: Result } = etcdserverpb;
  const put = create(etcdserverpb.PutRequestSchema, {
    key: toBytes(LOCK_KEY),
    value: toBytes(String(client)),
    lease,
  });
  return create(etcdserverpb.TxnRequestSchema, {
    compare: [
      {
        key: toBytes(LOCK_KEY),
        target: Target.CREATE,
        result: Result.EQUAL,
        targetUnion: { case: "createRevision", value: 0n },
      },
    ],
    success: [{ request: { case: "requestPut", value: put } }],
  });
}
