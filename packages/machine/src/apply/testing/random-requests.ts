/** Random requests over a small key space, good and bad ones, so that histories are dense in conflicts. */
import { create, etcdserverpb as pb, type MessageInitShape } from "@quorate/proto";
import type { Prng } from "@quorate/std";
import { bytesOf } from "./naive-store.js";

export interface RequestContext {
  /** R, around which revisions are chosen. */
  readonly revision: number;
  readonly compacted: number;
  /** Leases that exist; others are chosen too. */
  readonly leases: readonly bigint[];
}

const KEYS = ["\0", "a", "a\0", "aa", "ab", "b", "ba", "c", "cc", "d", "\xff", "\xff\xff"];
const VALUES = ["", "0", "1", "apple", "pear", "x".repeat(200), "y".repeat(5000), "\0\xff"];

type OpInit = MessageInitShape<typeof pb.RequestOpSchema>["request"];

export class RandomRequests {
  readonly #prng: Prng;

  constructor(prng: Prng) {
    this.#prng = prng;
  }

  key(): Uint8Array {
    return bytesOf(this.#prng.pick(KEYS));
  }

  rangeEnd(): Uint8Array {
    const { length } = KEYS;
    return bytesOf(["", "", "\0", "b", "d", ...KEYS][this.#prng.below(length + 5)] ?? "");
  }

  #sometimes<T>(value: () => T, otherwise: T): T {
    return this.#prng.chance(0.3) ? value() : otherwise;
  }

  #revision(context: RequestContext): bigint {
    const around = [-5, -1, 1, 2, context.compacted, context.revision, context.revision + 1];
    return BigInt(this.#prng.chance(0.5) ? this.#prng.pick(around) : 1 + this.#prng.below(context.revision));
  }

  #bound(context: RequestContext): bigint {
    return BigInt(this.#prng.below(context.revision + 2)) - 1n;
  }

  range(context: RequestContext): pb.RangeRequest {
    const prng = this.#prng;
    const bound = (): bigint => (prng.chance(0.1) ? this.#bound(context) : 0n);
    return create(pb.RangeRequestSchema, {
      key: this.key(),
      rangeEnd: this.rangeEnd(),
      limit: this.#sometimes(() => BigInt(prng.below(6)) - 1n, 0n),
      revision: this.#sometimes(() => this.#revision(context), 0n),
      sortOrder: this.#sometimes<pb.RangeRequest_SortOrder>(
        () => prng.below(3) as pb.RangeRequest_SortOrder,
        0,
      ),
      sortTarget: this.#sometimes<pb.RangeRequest_SortTarget>(
        () => prng.below(5) as pb.RangeRequest_SortTarget,
        0,
      ),
      keysOnly: prng.chance(0.2),
      countOnly: prng.chance(0.1),
      serializable: prng.chance(0.5),
      minModRevision: bound(),
      maxModRevision: bound(),
      minCreateRevision: bound(),
      maxCreateRevision: bound(),
    });
  }

  put(context: RequestContext): pb.PutRequest {
    const prng = this.#prng;
    const ignoreValue = prng.chance(0.15);
    const ignoreLease = prng.chance(0.15);
    return create(pb.PutRequestSchema, {
      key: this.key(),
      value: ignoreValue ? new Uint8Array(0) : bytesOf(prng.pick(VALUES)),
      lease: ignoreLease ? 0n : this.#sometimes(() => prng.pick([...context.leases, 404n]), 0n),
      prevKv: prng.chance(0.3),
      ignoreValue,
      ignoreLease,
    });
  }

  delete(): pb.DeleteRangeRequest {
    return create(pb.DeleteRangeRequestSchema, {
      key: this.key(),
      rangeEnd: this.#sometimes(() => this.rangeEnd(), new Uint8Array(0)),
      prevKv: this.#prng.chance(0.5),
    });
  }

  compare(context: RequestContext): pb.Compare {
    const prng = this.#prng;
    const unions: MessageInitShape<typeof pb.CompareSchema>["targetUnion"][] = [
      { case: "version", value: BigInt(prng.below(4)) },
      { case: "createRevision", value: this.#bound(context) },
      { case: "modRevision", value: this.#bound(context) },
      { case: "value", value: bytesOf(prng.pick(VALUES)) },
      { case: "lease", value: prng.pick([0n, ...context.leases]) },
    ];
    const target = prng.chance(0.05) ? 7 : prng.below(5);
    const union = prng.chance(0.9) ? unions[target] : prng.pick(unions);
    return create(pb.CompareSchema, {
      key: this.key(),
      rangeEnd: this.#sometimes(() => this.rangeEnd(), new Uint8Array(0)),
      target: target as pb.Compare_CompareTarget,
      result: (prng.chance(0.05) ? 9 : prng.below(4)) as pb.Compare_CompareResult,
      ...(union === undefined ? {} : { targetUnion: union }),
    });
  }

  /** A transaction that no member would refuse for its shape, except for keys written twice: those are as good as any. */
  txn(context: RequestContext, depth = 0): pb.TxnRequest {
    const prng = this.#prng;
    const compare = Array.from({ length: prng.below(3) }, () => this.compare(context));
    return create(pb.TxnRequestSchema, {
      compare,
      success: this.#ops(context, depth),
      failure: this.#ops(context, depth),
    });
  }

  /** Ranges only. */
  readTxn(context: RequestContext): pb.TxnRequest {
    const ranges = (): MessageInitShape<typeof pb.RequestOpSchema>[] =>
      Array.from({ length: this.#prng.below(4) }, () => ({
        request: { case: "requestRange", value: this.range(context) } as const,
      }));
    const compare = Array.from({ length: this.#prng.below(3) }, () => this.compare(context));
    return create(pb.TxnRequestSchema, { compare, success: ranges(), failure: ranges() });
  }

  #ops(context: RequestContext, depth: number): pb.RequestOp[] {
    return Array.from({ length: this.#prng.below(4) }, () =>
      create(pb.RequestOpSchema, { request: this.#op(context, depth) }),
    );
  }

  #op(context: RequestContext, depth: number): NonNullable<OpInit> {
    const kind = this.#prng.below(depth < 3 ? 8 : 7);
    if (kind < 3) return { case: "requestPut", value: this.put(context) };
    if (kind < 5) return { case: "requestDeleteRange", value: this.delete() };
    if (kind < 7) return { case: "requestRange", value: this.range(context) };
    return { case: "requestTxn", value: this.txn(context, depth + 1) };
  }
}
