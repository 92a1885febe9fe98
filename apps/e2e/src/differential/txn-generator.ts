/**
 * Random transactions: nested, with every compare, with operations that contradict each other.
 *
 * A range with a nameless sorting comes alone, because some servers end at it and its answer must be known beforehand.
 *
 * Two mixtures are left out because they stop etcd itself: a delete from a key on, which is not seen as touching the
 * keys it deletes, together with a put of one of them. With `ignore_value` or `ignore_lease` the put then finds nothing
 * and the process ends; without, a later compaction at exactly that revision loses the put. So a transaction with such
 * a delete has no puts.
 */
import type { etcdserverpb } from "@quorate/proto";
import type { MessageInitShape } from "@quorate/proto";
import { openEnum } from "./operand-source.js";
import type { OperandSource } from "./operand-source.js";

type TxnInit = MessageInitShape<typeof etcdserverpb.TxnRequestSchema>;
type CompareInit = MessageInitShape<typeof etcdserverpb.CompareSchema>;
type RequestOpInit = MessageInitShape<typeof etcdserverpb.RequestOpSchema>;

/** etcd's default for the number of operations of one transaction, plus one. */
const TOO_MANY = 129;
const DEPTH_MAX = 3;

interface Mood {
  readonly hasPuts: boolean;
  readonly depth: number;
}

export function generateTxn(source: OperandSource): TxnInit {
  if (source.prng.chance(0.01)) {
    return { success: [{ request: { case: "requestRange", value: source.badSort() } }] };
  }
  const readOnly = source.prng.chance(0.15);
  const mood: Mood = { hasPuts: !readOnly && source.prng.chance(0.85), depth: readOnly ? DEPTH_MAX : 0 };
  if (readOnly) {
    return { compare: compares(source), success: ranges(source), failure: ranges(source) };
  }
  return txn(source, mood);
}

function txn(source: OperandSource, mood: Mood): TxnInit {
  const oversize = source.prng.chance(0.01);
  const init = {
    compare: compares(source),
    success: operations(source, mood),
    failure: operations(source, mood),
  };
  return oversize ? { ...init, ...oversized(source) } : init;
}

function oversized(source: OperandSource): TxnInit {
  const count = TOO_MANY - source.prng.below(3);
  return source.prng.chance(0.5)
    ? { compare: Array.from({ length: count }, () => compare(source)) }
    : { success: Array.from({ length: count }, () => rangeOperation(source)) };
}

function compares(source: OperandSource): CompareInit[] {
  return Array.from({ length: source.prng.below(3) }, () => compare(source));
}

function ranges(source: OperandSource): RequestOpInit[] {
  return Array.from({ length: source.prng.below(4) }, () => rangeOperation(source));
}

function operations(source: OperandSource, mood: Mood): RequestOpInit[] {
  return Array.from({ length: source.prng.below(4) }, () => operation(source, mood));
}

function operation(source: OperandSource, mood: Mood): RequestOpInit {
  const kind = source.choose([
    [30, "range"],
    [mood.hasPuts ? 40 : 0, "put"],
    [20, "delete"],
    [mood.depth < DEPTH_MAX ? 12 : 0, "txn"],
    [1, "none"],
  ]);
  switch (kind) {
    case "range":
      return rangeOperation(source);
    case "put":
      return { request: { case: "requestPut", value: source.put() } };
    case "delete":
      return deleteOperation(source, mood);
    case "txn":
      return { request: { case: "requestTxn", value: txn(source, { ...mood, depth: mood.depth + 1 }) } };
    default:
      return {};
  }
}

function rangeOperation(source: OperandSource): RequestOpInit {
  return { request: { case: "requestRange", value: source.range() } };
}

function deleteOperation(source: OperandSource, mood: Mood): RequestOpInit {
  const value = source.delete();
  const isFromKeyOn = value.rangeEnd?.length === 1 && value.rangeEnd[0] === 0;
  const rangeEnd = mood.hasPuts && isFromKeyOn ? new Uint8Array(0) : (value.rangeEnd ?? new Uint8Array(0));
  return { request: { case: "requestDeleteRange", value: { ...value, rangeEnd } } };
}

function compare(source: OperandSource): CompareInit {
  const target = source.choose([
    [20, 0],
    [20, 1],
    [20, 2],
    [20, 3],
    [20, 4],
    [1, 7],
  ]);
  const mismatched = source.prng.chance(0.05);
  const interval = source.prng.chance(0.8) ? { key: source.key() } : source.interval();
  return {
    ...interval,
    result: openEnum(
      source.choose([
        [30, 0],
        [20, 1],
        [20, 2],
        [20, 3],
        [1, 9],
      ]),
    ),
    target: openEnum(target),
    targetUnion: comparedValue(source, mismatched ? source.prng.below(6) : target),
  };
}

function comparedValue(source: OperandSource, target: number): NonNullable<CompareInit["targetUnion"]> {
  const revision = BigInt(source.prng.below(source.view.revision + 2));
  switch (target) {
    case 0:
      return { case: "version", value: BigInt(source.prng.below(4)) };
    case 1:
      return { case: "createRevision", value: source.prng.chance(0.4) ? 0n : revision };
    case 2:
      return { case: "modRevision", value: source.prng.chance(0.4) ? 0n : revision };
    case 3:
      return { case: "value", value: source.value() };
    case 4:
      return { case: "lease", value: source.lease() };
    default:
      return { case: undefined };
  }
}
