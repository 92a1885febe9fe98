/**
 * Every answer against the store's history at the revision it names: a write is there exactly, a read shows that state.
 * Reads of any kind and compares that did not hold are states at their revision; a write is judged by the state before its own.
 */
import type { Compare, KvOperation, KvResult, StoredKey } from "../history/operation.js";
import { hasWritten } from "../history/operation.js";
import type { Findings } from "../history/verdict.js";
import { describeEvent, describeKey, describeKeys, describeOperation, isSameKey } from "./describe-key.js";
import type { StoreHistory } from "./store-history.js";

export function checkAnswer(operation: KvOperation, store: StoreHistory, findings: Findings): void {
  const { outcome } = operation;
  if (outcome.kind !== "ok") return;
  const { revision } = outcome.result;
  const isWrite = hasWritten(operation);
  if (revision > store.finalRevision || revision < store.baseRevision + (isWrite ? 1 : 0)) {
    const bounds = `${store.baseRevision} to ${store.finalRevision}`;
    findings.add(
      "revision-order",
      `revision ${revision} is outside of ${bounds}`,
      describeOperation(operation),
    );
    return;
  }
  const fault = isWrite
    ? (describeMissingWrite(operation, store, revision) ??
      describeWrongCondition(operation, store, outcome.result))
    : describeWrongRead(operation, store, outcome.result);
  if (fault === undefined) return;
  const isLost = isWrite && describeMissingWrite(operation, store, revision) !== undefined;
  findings.add(isLost ? "durability" : "linearizability", fault, describeOperation(operation));
}

/** What is wrong with the store's history if the request was carried out at `revision`; undefined if it was. */
export function describeMissingWrite(
  { request }: KvOperation,
  store: StoreHistory,
  revision: number,
): string | undefined {
  const events = store.eventsAt(revision);
  const expected: { kind: "put" | "delete"; key: string; value: string }[] =
    request.kind === "put-many"
      ? request.pairs.map(({ key, value }) => ({ kind: "put", key, value }))
      : request.kind === "put" || request.kind === "cas"
        ? [{ kind: "put", key: request.key, value: request.value }]
        : request.kind === "delete"
          ? [{ kind: "delete", key: request.key, value: "" }]
          : [];
  const isThere =
    events.length === expected.length &&
    expected.every(({ kind, key, value }, index) => {
      const event = events[index]!;
      return event.kind === kind && event.key === key && event.value === value;
    });
  if (isThere) return undefined;
  const found = events.length === 0 ? "nothing" : events.map(describeEvent).join(", ");
  return `the write of revision ${revision} is not there; the store has ${found}`;
}

/** What contradicts the state just before the write: the key it says was there, or a compare that cannot have held. */
export function describeWrongCondition(
  { request }: KvOperation,
  store: StoreHistory,
  { revision, previous }: Pick<KvResult, "revision" | "previous">,
): string | undefined {
  if (request.kind === "put-many" || request.kind === "get" || request.kind === "range") return undefined;
  const before = store.keyAt(request.key, revision - 1);
  if (previous !== undefined && !isSameKey(previous, before)) {
    return `before revision ${revision} there was ${describeKey(before)}, not ${describeKey(previous)}`;
  }
  if (request.kind === "cas" && !holds(request.compare, before)) {
    return `the compare cannot have held: before revision ${revision} there was ${describeKey(before)}`;
  }
  return undefined;
}

function describeWrongRead(
  { request }: KvOperation,
  store: StoreHistory,
  { revision, kvs = [] }: KvResult,
): string | undefined {
  if (request.kind === "put" || request.kind === "put-many") return undefined;
  const key = request.kind === "range" ? undefined : store.keyAt(request.key, revision);
  if (request.kind === "delete") {
    if (key === undefined) return undefined;
    return `the delete found nothing, but at revision ${revision} there was ${describeKey(key)}`;
  }
  if (request.kind === "cas" && holds(request.compare, key)) {
    return `the compare must have held: at revision ${revision} there was ${describeKey(key)}`;
  }
  const expected: readonly StoredKey[] =
    request.kind === "range" ? store.keysAt(request.prefix, revision) : key === undefined ? [] : [key];
  const isSame = kvs.length === expected.length && kvs.every((kv, index) => isSameKey(kv, expected[index]));
  if (isSame) return undefined;
  return `at revision ${revision} there was ${describeKeys(expected)}, not ${describeKeys(kvs)}`;
}

/** Whether the compare holds for the key; one that is not there has 0 for every number, and no value equals its. */
export function holds(compare: Compare, key: StoredKey | undefined): boolean {
  switch (compare.target) {
    case "mod":
      return (key?.modRevision ?? 0) === compare.number;
    case "create":
      return (key?.createRevision ?? 0) === compare.number;
    case "version":
      return (key?.version ?? 0) === compare.number;
    case "value":
      return key !== undefined && key.value === compare.value;
  }
}
