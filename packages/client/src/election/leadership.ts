/** An election that was won. */
import { etcdserverpb } from "@quorate/proto";
import type { CallOptions } from "../calls.js";
import { encodeValue } from "../kv/encode-value.js";
import type { Lease } from "../lease/lease.js";
import { LEAVE_MAX_MS, type Hold } from "../lock/hold.js";
import { leavePlace, placed } from "../lock/queue-place.js";
import type { Store } from "../session/store.js";
import type { Condition } from "../txn/conditions.js";
import type { Codec } from "../codec/codec.js";

/** The reason of `lost` after `resign`. */
export class ResignedError extends Error {
  override readonly name = "ResignedError";

  constructor(label: string) {
    super(`the leadership of "${label}" was given up`);
  }
}

/** What a leadership is made of. */
export interface LeadershipParts<V> {
  readonly store: Store;
  readonly codec: Codec<V>;
  readonly label: string;
  readonly lease: Lease;
  /** The lease is for this leadership alone, and is revoked with it. */
  readonly ownsLease: boolean;
  readonly hold: Hold;
}

/** Leads until it resigns or is lost. Leaving a scope of `await using` resigns. */
export class Leadership<V> implements AsyncDisposable {
  readonly leaseId: bigint;
  readonly #parts: LeadershipParts<V>;
  #resigning: Promise<void> | undefined;

  /** @private Made by `election.campaign`. */
  constructor(parts: LeadershipParts<V>) {
    this.#parts = parts;
    this.leaseId = parts.lease.id;
  }

  /** The key that stands for the leadership. */
  get key(): Uint8Array {
    return this.#parts.hold.place.key;
  }

  /** Grows with every leader of this election; the creation revision of `key`. */
  get fencingToken(): bigint {
    return this.#parts.hold.place.revision;
  }

  /**
   * Aborted once when others may lead: with a `LeaseLostError`, an `OwnershipLostError` when somebody has deleted the key, or a
   * `ResignedError`.
   */
  get lost(): AbortSignal {
    return this.#parts.hold.lost;
  }

  /** The comparison for transactions that must only take effect under this leadership. */
  get guard(): Condition {
    return placed(this.#parts.hold.place);
  }

  /** @throws the reason of `lost` when it is lost. */
  assertHeld(): void {
    this.lost.throwIfAborted();
  }

  /** Changes what observers see without a new election. @throws the reason of `lost` when it is lost. */
  async proclaim(value: V, options: CallOptions = {}): Promise<void> {
    this.assertHeld();
    const { store, codec, hold, label } = this.#parts;
    const { calls, keyspace } = store;
    const put = { key: keyspace.toWire(this.key), value: encodeValue(value, codec), lease: this.leaseId };
    const answer = await calls.unary(
      etcdserverpb.KV.method.txn,
      { compare: [this.guard.encode(keyspace)], success: [{ request: { case: "requestPut", value: put } }] },
      // The same words twice change nothing for those who listen but a revision.
      { ...options, safety: "idempotent" },
    );
    if (answer.succeeded) return;
    hold.deleted(label);
    this.assertHeld();
  }

  /** Lets the next candidate lead. A leadership that is lost already is no error. May be called again. */
  resign(options: CallOptions = {}): Promise<void> {
    this.#resigning ??= this.#resign(options).catch((error: unknown) => {
      this.#resigning = undefined;
      throw error;
    });
    return this.#resigning;
  }

  /** Resigns. A server that can't be reached is not waited for long, and is no error: the lease runs out by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.resign({ timeoutMs: LEAVE_MAX_MS }).catch(() => undefined);
  }

  async #resign(options: CallOptions): Promise<void> {
    const { store, hold, label, lease, ownsLease } = this.#parts;
    hold.end(new ResignedError(label));
    if (ownsLease) await lease.revoke(options);
    else await leavePlace(store, hold.place, options);
  }
}
