/**
 * A seeded source of key-value operations, from the ordinary to the absurd.
 *
 * Keys come from a small pool so that operations meet each other; every option a request has is used, alone and with
 * others, right and wrong. What is wrong is wrong rarely enough that most operations do something.
 */
import { create, etcdserverpb } from "@quorate/proto";
import type { Prng } from "@quorate/std";
import type { Operation } from "./operation.js";
import { generateTxn } from "./txn-generator.js";
import { KNOWN_LEASES, OperandSource } from "./operand-source.js";
import type { StoreView } from "./operand-source.js";

/** Of 1000 operations, how many are of which kind. */
const WEIGHTS: readonly (readonly [weight: number, make: (source: OperandSource) => Operation])[] = [
  [10, (source) => ({ kind: "range", request: create(etcdserverpb.RangeRequestSchema, source.badSort()) })],
  [380, (source) => ({ kind: "range", request: create(etcdserverpb.RangeRequestSchema, source.range()) })],
  [300, (source) => ({ kind: "put", request: create(etcdserverpb.PutRequestSchema, source.put()) })],
  [
    100,
    (source) => ({
      kind: "delete-range",
      request: create(etcdserverpb.DeleteRangeRequestSchema, source.delete()),
    }),
  ],
  [160, (source) => ({ kind: "txn", request: create(etcdserverpb.TxnRequestSchema, generateTxn(source)) })],
  [15, generateCompact],
  [15, generateHashKv],
];

const LEASE_WEIGHTS: typeof WEIGHTS = [
  [10, generateLeaseGrant],
  [10, generateLeaseRevoke],
];

export interface GeneratorOptions {
  /**
   * Whether leases are granted and revoked. Without, each lease that a put names is unknown, and few puts name one, because
   * all of those are refused.
   */
  readonly grantsLeases: boolean;
}

export class Generator {
  readonly #source: OperandSource;
  readonly #prng: Prng;
  readonly #weights: typeof WEIGHTS;

  constructor(prng: Prng, { grantsLeases }: GeneratorOptions) {
    this.#prng = prng;
    this.#source = new OperandSource(prng, grantsLeases ? 0.3 : 0.05);
    this.#weights = grantsLeases ? [...WEIGHTS, ...LEASE_WEIGHTS] : WEIGHTS;
  }

  /** @param view what the store looked like after the operation before. */
  next(view: StoreView): Operation {
    this.#source.view = view;
    const total = this.#weights.reduce((sum, [weight]) => sum + weight, 0);
    let ticket = this.#prng.below(total);
    for (const [weight, make] of this.#weights) {
      if (ticket < weight) return make(this.#source);
      ticket -= weight;
    }
    throw new Error("weights do not add up");
  }
}

function generateCompact(source: OperandSource): Operation {
  const { revision, compacted } = source.view;
  const target = source.choose<() => number>([
    [12, () => compacted + 1 + source.prng.below(Math.max(1, revision - compacted))],
    [2, () => revision],
    [2, () => revision + 1 + source.prng.below(5)],
    [2, () => compacted - source.prng.below(5)],
    [1, () => -1 - source.prng.below(5)],
  ]);
  return {
    kind: "compact",
    request: create(etcdserverpb.CompactionRequestSchema, {
      // Not 0: newer etcd releases keep a hash for it, and then answer with that one when asked for the latest hash.
      revision: BigInt(target() || 1),
      physical: source.prng.chance(0.3),
    }),
  };
}

function generateLeaseGrant(source: OperandSource): Operation {
  const ttl = source.choose([
    [8, 100_000n + BigInt(source.prng.below(1000))],
    [1, 9_000_000_000n],
    [2, 9_000_000_001n],
  ]);
  return {
    kind: "lease-grant",
    request: create(etcdserverpb.LeaseGrantRequestSchema, { TTL: ttl, ID: source.prng.pick(KNOWN_LEASES) }),
  };
}

function generateLeaseRevoke(source: OperandSource): Operation {
  return {
    kind: "lease-revoke",
    request: create(etcdserverpb.LeaseRevokeRequestSchema, { ID: source.someLease() }),
  };
}

function generateHashKv(source: OperandSource): Operation {
  const { revision, compacted, settled } = source.view;
  const target = source.choose([
    [6, 0],
    [4, revision],
    [4, compacted + 1 + source.prng.below(Math.max(1, revision - compacted))],
    // Until the compaction has ended, the hash at its revision is one of two numbers.
    [settled ? 2 : 0, compacted],
    [1, compacted - 1],
    [1, revision + 1],
  ]);
  return { kind: "hash-kv", request: create(etcdserverpb.HashKVRequestSchema, { revision: BigInt(target) }) };
}
