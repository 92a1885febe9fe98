/**
 * Elections: of all candidates one leads, and everybody can see who and what it has to say.
 */
import { decodeValue } from "../codec/decode-value.js";
import { encodeValue } from "../kv/encode-value.js";
import type { KeyValue } from "../kv/key-value.js";
import type { Key } from "../kv/key-range.js";
import type { CallOptions } from "../calls.js";
import type { Lease } from "../lease/lease.js";
import { hasReason } from "../errors/errors.js";
import { enterQueue, Hold, reachFront, WaitTime, withDeadline, type WaitOptions } from "../lock/hold.js";
import { labelOf } from "../lock/lock.js";
import { leavePlace, queueRange, readFront } from "../lock/queue-place.js";
import type { Store } from "../session/store.js";
import { linkSignals } from "../session/linked-signal.js";
import type { Codec } from "../codec/codec.js";
import { Leadership } from "./leadership.js";

/** The lease of the next campaign, and whether it is for that alone. */
export type CandidateLease = (
  options: CallOptions,
) => Promise<{ readonly lease: Lease; readonly isOwn: boolean }>;

/** Of an election in which a session is a candidate. */
export interface SessionElectionOptions<V> {
  /** How proclaimed values are written and read; default text. */
  readonly as?: Codec<V>;
}

/** Who leads, as everybody can see. */
export interface Leader<V> {
  /** What the leader has proclaimed last. */
  readonly value: V;
  readonly key: Uint8Array;
  readonly leaseId: bigint;
  /** The fencing token of the leadership: unlike for every leadership, growing. */
  readonly fencingToken: bigint;
  /** The revision of the store at which `value` was proclaimed. */
  readonly revision: bigint;
}

/** Of all candidates under one name, one leads: the one that came first of those that are there. */
export class Election<V> {
  readonly name: string;
  readonly #name: Key;
  readonly #store: Store;
  readonly #candidateLease: CandidateLease;
  readonly #codec: Codec<V>;

  /** @private Made by `client.election` and `session.election`. */
  constructor(
    store: Store,
    name: Key,
    candidate: { readonly lease: CandidateLease; readonly codec: Codec<V> },
  ) {
    this.name = labelOf(name);
    this.#name = name;
    this.#store = store;
    this.#candidateLease = candidate.lease;
    this.#codec = candidate.codec;
  }

  /**
   * Stands for election and resolves once it is won, which may take as long as others lead. A session that leads
   * already proclaims the new value.
   * @throws AcquireTimeoutError, what a call rejects with that finds nobody to ask, the reason of the signal, or of the lease's loss;
   * the candidacy is withdrawn then.
   */
  campaign(value: V, options: WaitOptions = {}): Promise<Leadership<V>> {
    // The time that is given is for the lease and the victory together.
    return withDeadline(this.#store, { label: this.name }, options.signal, async ({ signal }) => {
      const time = new WaitTime(options.timeoutMs);
      const { lease, isOwn } = await this.#candidateLease({ signal, timeoutMs: time.leftMs });
      try {
        return await this.#campaign(value, { lease, isOwn, time }, signal);
      } catch (error) {
        if (isOwn) await lease[Symbol.asyncDispose]();
        throw error;
      }
    });
  }

  /** Who leads now; undefined when nobody does. */
  async leader(options: CallOptions = {}): Promise<Leader<V> | undefined> {
    const { pair } = await readFront(this.#store, this.#name, options);
    return pair && this.#leaderOf(pair);
  }

  /**
   * Who leads now, and from then on each new leader and each new proclamation, in order. Times without a leader are not reported; a
   * leader that was followed before it was seen may be missing. Leaving the loop ends it; the signal ends it with its reason.
   */
  async *observe({ signal }: { readonly signal?: AbortSignal } = {}): AsyncGenerator<
    Leader<V>,
    void,
    undefined
  > {
    const linked = linkSignals([signal, this.#store.calls.closed]);
    try {
      let seenRevision = 0n;
      for (;;) {
        const front = await readFront(this.#store, this.#name, { signal: linked.signal });
        for await (const pair of this.#follow(front, linked.signal)) {
          if (pair.modRevision <= seenRevision) continue;
          seenRevision = pair.modRevision;
          yield this.#leaderOf(pair);
        }
      }
    } finally {
      linked.unlink();
    }
  }

  async #campaign(
    value: V,
    { lease, isOwn, time }: { readonly lease: Lease; readonly isOwn: boolean; readonly time: WaitTime },
    callerSignal: AbortSignal,
  ): Promise<Leadership<V>> {
    const store = this.#store;
    const label = this.name;
    const codec = this.#codec;
    return withDeadline(store, { label, lease, time }, callerSignal, async (wait) => {
      const { signal } = wait;
      const encoded = encodeValue(value, codec);
      const queue = { name: this.#name, lease, value: encoded };
      const { place, isFirst, found } = await enterQueue(store, queue, wait);
      if (!isFirst) await reachFront(store, { name: this.#name, label }, place, signal);
      const hold = new Hold(store, { label, lease, place });
      const leadership = new Leadership({ store, codec, label, lease, ownsLease: isOwn, hold });
      try {
        // It stood here before, with other words.
        if (found !== undefined) await leadership.proclaim(value, { signal, timeoutMs: wait.leftMs() });
        return leadership;
      } catch (error) {
        hold.end(error);
        await leavePlace(store, place, { signal }).catch(() => undefined);
        throw error;
      }
    });
  }

  /** The rows of one leadership from what is in front now, or of the next when nobody is; ends with it. */
  async *#follow(
    front: { readonly pair: KeyValue<Uint8Array> | undefined; readonly revision: bigint },
    signal: AbortSignal,
  ): AsyncGenerator<KeyValue<Uint8Array>, void, undefined> {
    const { events, keyspace } = this.#store;
    const startRevision = front.revision + 1n;
    if (front.pair !== undefined) yield front.pair;
    // Without a leader, the first key that appears is the next one's.
    const range = front.pair === undefined ? queueRange(this.#name) : front.pair.keyBytes;
    let key = front.pair?.keyBytes;
    try {
      for await (const batch of events.watch(keyspace, range, { startRevision, signal })) {
        for (const event of batch.events) {
          const { keyBytes } = event.kv;
          if (event.type === "delete") {
            if (key !== undefined && sameBytes(key, keyBytes)) return;
            continue;
          }
          key ??= keyBytes;
          if (sameBytes(key, keyBytes)) yield event.kv;
        }
      }
    } catch (error) {
      // What was missed is made up by looking at the queue again.
      if (!hasReason(error, "compacted")) throw error;
    }
  }

  #leaderOf(pair: KeyValue<Uint8Array>): Leader<V> {
    return {
      value: decodeValue(this.#codec, {
        key: pair.key,
        modRevision: pair.modRevision,
        valueBytes: pair.valueBytes,
      }),
      key: pair.keyBytes,
      leaseId: pair.lease,
      fencingToken: pair.createRevision,
      revision: pair.modRevision,
    };
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, place) => byte === b[place]);
}
