/**
 * Elections: of all candidates one leads, and everybody can see who and what it has to say.
 */
import { mvccpb } from "@quorate/proto";
import type { CallOptions } from "../calls.js";
import type { Lease } from "../lease/lease.js";
import { isRefusal } from "../lease/is-refusal.js";
import { enterQueue, Hold, reachFront, withDeadline, type WaitOptions } from "../lock/hold.js";
import { labelOf } from "../lock/lock.js";
import { leavePlace, queueRange, readFront, type QueueParts } from "../lock/queue-place.js";
import { linkSignals } from "../session/linked-signal.js";
import type { ValueCodec } from "../stm/transaction.js";
import { Leadership } from "./leadership.js";

export interface ElectionParts extends QueueParts {
  /** The lease of the next campaign. */
  readonly session: (options: CallOptions) => Promise<{ readonly lease: Lease; readonly isOwn: boolean }>;
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

export class Election<V> {
  readonly name: string;
  readonly #name: string | Uint8Array;
  readonly #parts: ElectionParts;
  readonly #codec: ValueCodec<V>;

  /** @private Made by `client.election` and `session.election`. */
  constructor(parts: ElectionParts, name: string | Uint8Array, codec: ValueCodec<V>) {
    this.name = labelOf(name);
    this.#name = name;
    this.#parts = parts;
    this.#codec = codec;
  }

  /**
   * Stands for election and resolves once it is won, which may take as long as others lead. With a session, its second campaign
   * while the first one leads takes over that leadership with the new value.
   * @throws AcquireTimeoutError, the reason of the signal, or of the lease's loss; the candidacy is withdrawn then.
   */
  async campaign(value: V, options: WaitOptions = {}): Promise<Leadership<V>> {
    const { lease, isOwn } = await this.#parts.session({ signal: options.signal });
    try {
      return await this.#campaign(value, { lease, isOwn }, options);
    } catch (error) {
      if (isOwn) await lease[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Who leads now; undefined when nobody does. */
  async leader(options: CallOptions = {}): Promise<Leader<V> | undefined> {
    const { pair } = await readFront(this.#parts.calls, this.#name, options);
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
    const linked = linkSignals([signal, this.#parts.calls.closed]);
    try {
      let seenRevision = 0n;
      for (;;) {
        const front = await readFront(this.#parts.calls, this.#name, { signal: linked.signal });
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
    { lease, isOwn }: { readonly lease: Lease; readonly isOwn: boolean },
    options: WaitOptions,
  ): Promise<Leadership<V>> {
    const parts = this.#parts;
    const label = this.name;
    const codec = this.#codec;
    return withDeadline(parts, { label, lease }, options, async (signal) => {
      const encoded = codec.encode(value);
      const { place, isFirst, found } = await enterQueue(
        parts,
        { name: this.#name, lease, value: encoded },
        signal,
      );
      if (!isFirst) await reachFront(parts, { name: this.#name, label }, place, signal);
      const hold = new Hold(parts, { label, lease, place });
      const leadership = new Leadership({ calls: parts.calls, codec, label, lease, ownsLease: isOwn, hold });
      try {
        // It stood here before, with other words.
        if (found !== undefined) await leadership.proclaim(value, { signal });
        return leadership;
      } catch (error) {
        hold.end(error);
        await leavePlace(parts.calls, place, { signal }).catch(() => undefined);
        throw error;
      }
    });
  }

  /** The rows of one leadership from what is in front now, or of the next when nobody is; ends with it. */
  async *#follow(
    front: { readonly pair: mvccpb.KeyValue | undefined; readonly revision: bigint },
    signal: AbortSignal,
  ): AsyncGenerator<mvccpb.KeyValue, void, undefined> {
    const { events } = this.#parts;
    const startRevision = front.revision + 1n;
    if (front.pair !== undefined) yield front.pair;
    // Without a leader, the first key that appears is the next one's.
    const range = front.pair === undefined ? queueRange(this.#name) : { key: front.pair.key };
    let key = front.pair?.key;
    try {
      for await (const batch of events.watch(range, { startRevision, signal })) {
        for (const event of batch.events) {
          const { kv } = event;
          if (kv === undefined) continue;
          if (event.type === mvccpb.Event_EventType.DELETE) {
            if (key !== undefined && sameBytes(key, kv.key)) return;
            continue;
          }
          key ??= kv.key;
          if (sameBytes(key, kv.key)) yield kv;
        }
      }
    } catch (error) {
      // What was missed is made up by looking at the queue again.
      if (!isRefusal(error, "compacted")) throw error;
    }
  }

  #leaderOf(pair: mvccpb.KeyValue): Leader<V> {
    return {
      value: this.#codec.decode(pair.value),
      key: pair.key,
      leaseId: pair.lease,
      fencingToken: pair.createRevision,
      revision: pair.modRevision,
    };
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, place) => byte === b[place]);
}
