/**
 * Leases of a client: granted, taken over, asked about, revoked.
 * Source: the Lease service of etcd's `rpc.proto`.
 */
import { etcdserverpb, GrpcStatus } from "@quorate/proto";
import type { CallOptions, Calls } from "../calls.js";
import { checkTimeout } from "../connection/timeout.js";
import { DeadlineError, hasReason, QuorateError, UnavailableError } from "../errors/errors.js";
import { checkLeaseId } from "../kv/lease-id.js";
import { Keyspace } from "../namespace/keyspace.js";
import { grantOrTakeBack } from "./late-grant.js";
import { KeepAlives } from "./keep-alives.js";
import { LeaseLostError } from "./lease-errors.js";
import { Lease } from "./lease.js";

export interface LeaseGrantOptions extends CallOptions {
  /** A positive id of your choice; default is a random one. A choice that exists is refused with `lease-exist`. */
  readonly id?: bigint;
  /** Default true: renewed in the background. With false the lease is lost when its time has run out. */
  readonly keepAlive?: boolean;
}

/** A lease as the server sees it. */
export interface LeaseTimes {
  readonly id: bigint;
  /** Seconds until it expires; -1 when there is no such lease. */
  readonly remainingSeconds: number;
  /** Seconds it was granted for; 0 when there is no such lease. */
  readonly grantedSeconds: number;
  /** Keys attached to it, those of the client's namespace, when they were asked for; in no particular order. */
  readonly keys: readonly Uint8Array[];
}

const METHODS = etcdserverpb.Lease.method;

/** Leases of a cluster: `client.leases`. All that are granted or taken over here are kept alive over one stream. */
export class Leases {
  readonly #calls: Calls;
  readonly #keyspace: Keyspace;
  readonly #keepAlives: KeepAlives;

  /** @param keyspace whose keys are shown; leases themselves are the whole cluster's. */
  constructor(calls: Calls, keyspace: Keyspace = new Keyspace()) {
    this.#calls = calls;
    this.#keyspace = keyspace;
    this.#keepAlives = KeepAlives.of(calls);
  }

  /**
   * Grants a lease of `ttlSeconds` (whole seconds above 0; the server may grant more) and keeps it alive.
   *
   * The id is chosen here, so that a grant whose answer was lost is repeated without leaving a lease that nobody knows, and one that
   * was given up is revoked in the background. An id of your choice is left alone then: it may be somebody else's.
   * @throws `lease-exist` for an id of your choice that is taken; `lease-ttl-too-large`; RangeError for a time or an id that is none.
   */
  async grant(ttlSeconds: number, options: LeaseGrantOptions = {}): Promise<Lease> {
    if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds <= 0) {
      throw new RangeError(`a lease lasts whole seconds above 0, not ${ttlSeconds}`);
    }
    const { keepAlive = true, id: chosen, ...callOptions } = options;
    if (chosen !== undefined) {
      checkLeaseId(chosen);
      // 0 would let the server choose an id that is not known here.
      if (chosen <= 0n) throw new RangeError(`an id of your choice is above 0, not ${chosen}`);
    }
    const isOwnChoice = chosen === undefined;
    const id = chosen ?? randomLeaseId();
    const sentMs = performance.now();
    const grant = (how: CallOptions): Promise<number> => this.#grant({ id, ttlSeconds, isOwnChoice }, how);
    const revoke = (how: CallOptions): Promise<void> => this.revoke(id, how);
    const granted = await (isOwnChoice
      ? grantOrTakeBack({ grant, revoke }, callOptions)
      : grant(callOptions));
    return new Lease(this, this.#keepAlives, { id, ttlSeconds: granted, sentMs, renews: keepAlive });
  }

  /**
   * Takes over a lease that exists, of another process or of this one before it was started again, and keeps it alive. The lease
   * is renewed at once. @throws LeaseLostError when there is no such lease.
   */
  async attach(id: bigint, options: CallOptions = {}): Promise<Lease> {
    const sentMs = performance.now();
    const ttlSeconds = await this.renew(id, options);
    return new Lease(this, this.#keepAlives, { id, ttlSeconds, sentMs, renews: true });
  }

  /** Renews a lease once. @returns its seconds. @throws LeaseLostError when there is no such lease. */
  async renew(id: bigint, options: CallOptions = {}): Promise<number> {
    checkLeaseId(id);
    const { signal } = options;
    // A stream has no time of its own; this is a call like others, with all its repetitions.
    const untilMs = performance.now() + (checkTimeout(options.timeoutMs) ?? this.#calls.timeoutMs);
    let failure: unknown;
    for (let failures = 0; ; failures += 1) {
      try {
        const timeoutMs = Math.max(0, untilMs - performance.now());
        const ttlSeconds = await this.#renewOnce(id, { signal, timeoutMs });
        if (ttlSeconds > 0) return ttlSeconds;
      } catch (error) {
        // Time that is up is no reason where there was one before.
        if (!(error instanceof DeadlineError)) failure = error;
        failure ??= error;
        if (failures >= RENEW_REPEATS_MAX || !isPassing(error) || performance.now() >= untilMs) throw failure;
        await this.#calls.backOff(failures, signal);
        continue;
      }
      throw new LeaseLostError(id, "expired");
    }
  }

  /** Removes a lease and all keys attached to it. One that does not exist is no error. */
  async revoke(id: bigint, options: CallOptions = {}): Promise<void> {
    checkLeaseId(id);
    try {
      await this.#calls.unary(METHODS.leaseRevoke, { ID: id }, { ...options, safety: "idempotent" });
    } catch (error) {
      if (!hasReason(error, "lease-not-found")) throw error;
    }
  }

  /** What the server knows about a lease; one that does not exist is no error. */
  async timeToLive(id: bigint, options: CallOptions & { readonly keys?: boolean } = {}): Promise<LeaseTimes> {
    checkLeaseId(id);
    const { keys = false, ...callOptions } = options;
    const answer = await this.#calls.unary(
      METHODS.leaseTimeToLive,
      { ID: id, keys },
      { ...callOptions, safety: "read" },
    );
    return {
      id,
      remainingSeconds: Number(answer.TTL),
      grantedSeconds: Number(answer.grantedTTL),
      keys: answer.keys
        .filter((key) => this.#keyspace.contains(key))
        .map((key) => this.#keyspace.fromWire(key)),
    };
  }

  /** Ids of all leases of the cluster, in no particular order. */
  async list(options: CallOptions = {}): Promise<bigint[]> {
    const answer = await this.#calls.unary(METHODS.leaseLeases, {}, { ...options, safety: "read" });
    return answer.leases.map((lease) => lease.ID);
  }

  /** @returns its seconds, 0 when there is no such lease. */
  async #renewOnce(id: bigint, options: CallOptions): Promise<number> {
    const stream = this.#calls.bidi(METHODS.leaseKeepAlive, { ...options, requireLeader: true });
    try {
      await stream.send({ ID: id });
      for await (const { TTL: ttl } of stream) return Math.max(0, Number(ttl));
      const code = GrpcStatus.Unavailable;
      throw new UnavailableError("the stream of renewals ended without an answer", { code, retry: "always" });
    } finally {
      stream.cancel();
    }
  }

  /** @returns the seconds granted. */
  async #grant(
    { id, ttlSeconds, isOwnChoice }: { id: bigint; ttlSeconds: number; isOwnChoice: boolean },
    options: CallOptions,
  ): Promise<number> {
    try {
      const request = { ID: id, TTL: BigInt(ttlSeconds) };
      const safety = isOwnChoice ? "idempotent" : "write";
      const answer = await this.#calls.unary(METHODS.leaseGrant, request, { ...options, safety });
      return Number(answer.TTL);
    } catch (error) {
      // Nobody else has this number: an earlier attempt, whose answer was lost, has been granted.
      if (!isOwnChoice || !hasReason(error, "lease-exist")) throw error;
      const { grantedSeconds } = await this.timeToLive(id, options);
      if (grantedSeconds === 0) throw new LeaseLostError(id, "expired");
      return grantedSeconds;
    }
  }
}

/** How often one renewal is tried again on another stream. */
const RENEW_REPEATS_MAX = 5;

/** Whether another stream may do better: a refusal stays one. */
function isPassing(error: unknown): boolean {
  return error instanceof QuorateError && error.retry !== "none";
}

/** Uniform in [1, 2^63). */
function randomLeaseId(): bigint {
  const [bits = 0n] = crypto.getRandomValues(new BigUint64Array(1));
  return BigInt.asUintN(63, bits) || 1n;
}
