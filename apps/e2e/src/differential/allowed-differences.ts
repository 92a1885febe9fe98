/**
 * Where the reference may answer otherwise than the subject, and why.
 *
 * Each rule edits the reference's answer into the one it would have given without its peculiarity, and edits nothing
 * else; the answers must then be equal. So a rule can never hide a difference that it does not explain.
 */
import { ERRORS, clone, etcdserverpb } from "@quorate/proto";
import type { ErrorName, mvccpb } from "@quorate/proto";
import type { CompactionHashes } from "./compaction-hashes.js";
import type { Operation } from "./operation.js";
import { METHODS } from "./operation.js";
import type { AnyOutcome } from "./outcome.js";
import { pairRanges } from "./pair-ranges.js";
import type { RangePair } from "./pair-ranges.js";
import { isOlder } from "../harness/etcd-version.js";

export interface Difference {
  readonly operation: Operation;
  readonly subject: AnyOutcome;
  readonly reference: AnyOutcome;
  /** Release of the reference. */
  readonly version: string;
  readonly hashes: CompactionHashes;
}

/** Up to so many pairs, etcd sorts by insertion, which keeps ties in the order of their keys. */
const STABLE_COUNT_MAX = 12n;

interface Rule {
  readonly name: string;
  readonly why: string;
  appliesTo(version: string): boolean;
  /** Edits the reference's answer. @returns whether there was something to edit. */
  edit(pair: RangePair): boolean;
}

const RANGE_RULES: readonly Rule[] = [
  {
    name: "keys_only carries the lease",
    why: "Since 3.7 such ranges are answered from the index, which knows no leases, except when sorted by value.",
    appliesTo: (version) => isOlder(version, "3.7.0"),
    edit({ request, reference }) {
      const fromIndex = request.keysOnly && request.sortTarget !== etcdserverpb.RangeRequest_SortTarget.VALUE;
      const leased = fromIndex ? reference.kvs.filter((pair) => pair.lease !== 0n) : [];
      for (const pair of leased) pair.lease = 0n;
      return leased.length > 0;
    },
  },
  {
    name: "order of ties",
    why: "etcd's sort is not stable above a dozen pairs; which of several equal pairs comes first, or is cut off, is luck.",
    appliesTo: () => true,
    edit: orderTiesAlike,
  },
];

const PUT_FAULTS: readonly ErrorName[] = ["lease-not-found", "key-not-found"];
const RANGE_FAULTS: readonly ErrorName[] = ["compacted", "future-revision"];

/**
 * The reference's answer without its peculiarities, and the names of those that were found; the answer itself when
 * there are none.
 */
export function reconcile(difference: Difference): {
  readonly reference: AnyOutcome;
  readonly names: readonly string[];
} {
  const { operation, subject, reference, version } = difference;
  if (isAnotherHashOfCompaction(difference))
    return { reference: subject, names: ["hash at a compacted revision"] };
  if (!reference.ok) return reconcileErrors(difference);
  if (!subject.ok) return { reference, names: [] };
  const message = clone(METHODS[operation.kind].output, reference.message);
  const names: string[] = [];
  for (const pair of pairRanges(operation, subject.message, message)) {
    for (const rule of RANGE_RULES) if (rule.appliesTo(version) && rule.edit(pair)) names.push(rule.name);
  }
  if (operation.kind === "hash-kv" && isOlder(version, "3.6.0")) {
    const hash = message as etcdserverpb.HashKVResponse;
    const asked = operation.request.revision;
    hash.hashRevision = asked === 0n ? (hash.header?.revision ?? 0n) : asked;
    names.push("no hash revision before 3.6");
  }
  return { reference: { ok: true, message }, names };
}

function reconcileErrors({
  operation,
  subject,
  reference,
  version,
}: Difference): ReturnType<typeof reconcile> {
  if (reference.ok) return { reference, names: [] };
  // Before 3.7 a transaction's puts are all checked before its ranges, and a put's key before its lease; so of several
  // faults another one is reported.
  const isOtherFault =
    isOlder(version, "3.7.0") &&
    operation.kind === "txn" &&
    mayHaveFault(operation.request, subject) &&
    mayHaveFault(operation.request, reference) &&
    PUT_FAULTS.some((name) => isError(reference, name));
  if (isOtherFault)
    return { reference: subject, names: ["which of several faults in a transaction is reported"] };

  return { reference, names: [] };
}

/**
 * Since 3.6 a compaction leaves the hash at its revision behind, in memory, so that members can be compared there later.
 * A server that keeps none, or missed one because compactions came too fast, computes the hash of what the compaction left,
 * which is another number and says so, or refuses the revision.
 */
function isAnotherHashOfCompaction({ operation, subject, reference, version, hashes }: Difference): boolean {
  if (operation.kind !== "hash-kv") return false;
  if (!isOlder(version, "3.6.0") && hashes.isCertain(operation.request.revision)) return false;
  const asked = operation.request.revision;
  const [ours, theirs] = [subject, reference].map((outcome) => {
    if (!outcome.ok) return isError(outcome, "compacted") ? "refused" : "wrong";
    if (hashes.explains(asked, outcome.message)) return "kept";
    return (outcome.message as etcdserverpb.HashKVResponse).compactRevision === asked ? "computed" : "wrong";
  });
  return hashes.wasCompactedAt(asked) && ours !== theirs && ours !== "wrong" && theirs !== "wrong";
}

function isError(outcome: AnyOutcome, name: ErrorName): boolean {
  return !outcome.ok && outcome.code === ERRORS[name].wireCode && outcome.text === ERRORS[name].message;
}

/** Whether some operation of the transaction can be refused the way `outcome` says. */
function mayHaveFault(request: etcdserverpb.TxnRequest, outcome: AnyOutcome): boolean {
  return [...request.success, ...request.failure].some(({ request: operation }) => {
    if (operation.case === "requestTxn") return mayHaveFault(operation.value, outcome);
    if (operation.case === "requestRange") {
      return operation.value.revision !== 0n && RANGE_FAULTS.some((name) => isError(outcome, name));
    }
    if (operation.case !== "requestPut") return false;
    const { lease, ignoreValue, ignoreLease } = operation.value;
    if (isError(outcome, "lease-not-found")) return lease !== 0n;
    return isError(outcome, "key-not-found") && (ignoreValue || ignoreLease);
  });
}

/** Brings the reference's pairs into the subject's order, provided both orders are right. */
function orderTiesAlike({ request, subject, reference }: RangePair): boolean {
  const target = request.sortTarget;
  if (target === etcdserverpb.RangeRequest_SortTarget.KEY || reference.count <= STABLE_COUNT_MAX)
    return false;
  if (subject.kvs.length !== reference.kvs.length) return false;
  const ours = subject.kvs.map((pair) => sortValue(pair, target));
  const theirs = reference.kvs.map((pair) => sortValue(pair, target));
  if (ours.some((value, place) => value !== theirs[place])) return false;
  // Which pairs of the last value made it below the limit is luck too, so only those before it have to be the same.
  const last = subject.more ? ours.at(-1) : undefined;
  const decided = (pairs: readonly mvccpb.KeyValue[]): string[] =>
    pairs.filter((pair) => sortValue(pair, target) !== last).map(describePair);
  const ourPairs = decided(subject.kvs);
  const theirPairs = decided(reference.kvs);
  if (ourPairs.toSorted().join() !== theirPairs.toSorted().join()) return false;
  if (subject.kvs.map(describePair).join() === reference.kvs.map(describePair).join()) return false;
  reference.kvs = [...subject.kvs];
  return true;
}

function sortValue(pair: mvccpb.KeyValue, target: etcdserverpb.RangeRequest_SortTarget): string {
  const { VERSION, CREATE, MOD } = etcdserverpb.RangeRequest_SortTarget;
  if (target === VERSION) return String(pair.version);
  if (target === CREATE) return String(pair.createRevision);
  return target === MOD ? String(pair.modRevision) : Buffer.from(pair.value).toString("hex");
}

function describePair(pair: mvccpb.KeyValue): string {
  const { key, value, createRevision, modRevision, version, lease } = pair;
  const bytes = `${Buffer.from(key).toString("hex")}=${Buffer.from(value).toString("hex")}`;
  return `${bytes}/${createRevision}/${modRevision}/${version}/${lease}`;
}
