/**
 * Many clients who ask one member all at once, and some who watch and do not read: more than its queues take. What they are answered does
 * not matter, and nobody asks again.
 */
import { create, etcdserverpb, toBinary } from "@quorate/proto";
import type { SimStream } from "../cluster/sim-client.js";
import type { SimCluster } from "../cluster/sim-cluster.js";
import type { SimMember } from "../cluster/sim-member.js";
import { prefixEnd, toBytes } from "../load/key-value-wire.js";
import type { CrowdFault } from "./plan.js";

const DEADLINE_MS = 3000;
const LEASE_TTL_SECONDS = 2n;
const PREFIX = "crowd/";
const WATCH_PATH = "/etcdserverpb.Watch/Watch";
/** A stream is open by then, and nothing has been told yet. */
const OPEN_MS = 50;

export class Crowd {
  readonly #cluster: SimCluster;
  #keyCount = 0;
  #clientCount = 0;

  constructor(cluster: SimCluster) {
    this.#cluster = cluster;
  }

  /** @returns false when there is nobody who could be asked. */
  gather(member: SimMember, fault: CrowdFault): boolean {
    if (member.services === undefined) return false;
    const { putCount, readCount, leaseCount, watcherCount, forMs } = fault;
    const { KV, Lease } = etcdserverpb;
    const client = this.#cluster.client(`crowd${++this.#clientCount}`, member);
    for (let i = 0; i < watcherCount; i++) this.#watch(member, forMs);
    // Not zeros: a damaged record with a sector of zeros can't be told from a write that was cut off.
    const value = toBytes("x".repeat(fault.valueBytes));
    const ask = (): void => {
      for (let i = 0; i < leaseCount; i++)
        void client.call(Lease.method.leaseGrant, { TTL: LEASE_TTL_SECONDS }, DEADLINE_MS);
      for (let i = 0; i < putCount; i++) {
        const key = toBytes(`${PREFIX}${this.#keyCount++}`);
        void client.call(KV.method.put, { key, value }, DEADLINE_MS);
      }
      for (let i = 0; i < readCount; i++)
        void client.call(KV.method.range, { key: toBytes(PREFIX) }, DEADLINE_MS);
    };
    this.#cluster.time.after(OPEN_MS, ask);
    return true;
  }

  /** A client that opens a stream and takes nothing from it for so long. */
  #watch(member: SimMember, forMs: number): void {
    const { time } = this.#cluster;
    const ignored = { onMessage: () => undefined, onEnd: () => undefined };
    const client = this.#cluster.client(`crowd${++this.#clientCount}`, member);
    const stream: SimStream = client.open(WATCH_PATH, ignored);
    const schema = etcdserverpb.WatchRequestSchema;
    const value = { key: toBytes(PREFIX), rangeEnd: prefixEnd(PREFIX), prevKv: true };
    stream.send(toBinary(schema, create(schema, { requestUnion: { case: "createRequest", value } })));
    time.after(OPEN_MS, () => stream.starve());
    time.after(OPEN_MS + forMs, () => {
      stream.feed();
      stream.cancel();
    });
  }
}
