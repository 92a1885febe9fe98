/**
 * Operations alone, where the store's history is not at hand (compacted, or the cluster is gone): every answer's revision is its
 * place, so only writes whose answer was lost, and that no answer shows, have to be searched a place for, key by key.
 *
 * A lost write has one of the revisions that no known write has; there are few, which keeps the search small. Weaker than the
 * check against a whole history in two ways: a lost write of several keys may count for some of them only, and several keys may
 * count on the same free revision.
 */
import type { KvOperation, KvRequest, StoredKey } from "../history/operation.js";
import { canWrite, hasWritten } from "../history/operation.js";
import type { Findings } from "../history/verdict.js";
import { describeCounterExample } from "../linearizability/describe.js";
import type { SearchLimits, Timed } from "../linearizability/model.js";
import { searchOrder } from "../linearizability/search.js";
import { checkRealTime } from "./check-real-time.js";
import type { Placed } from "./check-real-time.js";
import { describeOperation } from "./describe-key.js";
import { UNSEEN_VALUE, createKeyModel } from "./key-model.js";
import type { KeyState, KeyStep } from "./key-model.js";

export interface KeySearch {
  readonly operations: readonly KvOperation[];
  /** The store's revision before the first of them; none of the keys existed then. */
  readonly baseRevision: number;
  /** What else was seen of the store, say by watchers: it shows the fate of writes whose answer was lost. */
  readonly seen?: Iterable<StoredKey>;
  readonly limits?: SearchLimits;
}

export function searchKeys(
  { operations, baseRevision, seen = [], limits }: KeySearch,
  findings: Findings,
): void {
  const placed = placeKnown(operations, seen);
  checkUnique(placed, findings);
  checkRealTime(placed, findings);
  const countFree = createFreeCounter(placed);
  for (const [key, { known, steps }] of stepsByKey(operations, placed)) {
    const model = createKeyModel({ known, countFree, baseRevision });
    const result = searchOrder(model, steps, limits);
    if (result.kind === "undecided") {
      findings.addLimit(`${result.limit} met after ${result.configurations} for key ${key}`);
    }
    if (result.kind !== "violation") continue;
    const details = describeCounterExample(model, result.counterExample);
    findings.add("linearizability", `the answers about key ${key} have no order`, details);
  }
}

/** All whose revision is known, in the order of the store: a write before what was read at its revision. */
function placeKnown(operations: readonly KvOperation[], seen: Iterable<StoredKey>): Placed[] {
  const revisionByValue = new Map<string, number>();
  for (const { value, modRevision } of seen) revisionByValue.set(value, modRevision);
  for (const { outcome } of operations) {
    if (outcome.kind !== "ok") continue;
    const { kvs = [], previous } = outcome.result;
    for (const kv of kvs) revisionByValue.set(kv.value, kv.modRevision);
    if (previous != null) revisionByValue.set(previous.value, previous.modRevision);
  }
  const placed: Placed[] = [];
  for (const operation of operations) {
    if (operation.outcome.kind === "ok") {
      const { revision } = operation.outcome.result;
      placed.push({ operation, revision, isWrite: hasWritten(operation) });
      continue;
    }
    const revision = valuesOf(operation.request)
      .map((value) => revisionByValue.get(value))
      .find((found) => found);
    if (revision !== undefined) placed.push({ operation, revision, isWrite: true });
  }
  const rank = ({ isWrite }: Placed): number => (isWrite ? 0 : 1);
  return placed.sort((a, b) => a.revision - b.revision || rank(a) - rank(b));
}

function valuesOf(request: KvRequest): string[] {
  if (request.kind === "put" || request.kind === "cas") return [request.value];
  return request.kind === "put-many" ? request.pairs.map(({ value }) => value) : [];
}

function checkUnique(placed: readonly Placed[], findings: Findings): void {
  let last: Placed | undefined;
  for (const current of placed) {
    if (!current.isWrite) continue;
    if (current.operation.outcome.kind === "failed") {
      const summary = `a write that failed for certain is revision ${current.revision}`;
      findings.add("durability", summary, describeOperation(current.operation));
    }
    if (last?.revision === current.revision) {
      const both = `${describeOperation(last.operation)}\n${describeOperation(current.operation)}`;
      findings.add("revision-order", `two writes were given revision ${current.revision}`, both);
    }
    last = current;
  }
}

/** Counts the revisions that no known write has. */
function createFreeCounter(placed: readonly Placed[]): (from: number, to: number) => number {
  const taken = placed.filter(({ isWrite }) => isWrite).map(({ revision }) => revision);
  const countUpTo = (bound: number): number => {
    let low = 0;
    let high = taken.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (taken[middle]! <= bound) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return (from, to) => to - from - (countUpTo(to) - countUpTo(from));
}

interface KeySteps {
  /** Revisions of the steps that have one, ascending. */
  readonly known: number[];
  readonly steps: Timed<KeyStep>[];
}

/** The steps of each key. Their times are places: known ones follow each other, lost ones are open. */
function stepsByKey(operations: readonly KvOperation[], placed: readonly Placed[]): Map<string, KeySteps> {
  const keys = new Map<string, KeySteps>();
  for (const { request } of operations) {
    for (const key of keysOf(request)) if (!keys.has(key)) keys.set(key, { known: [], steps: [] });
  }
  const names = [...keys.keys()];
  const add = (key: string, step: KeyStep, start: number, end: number): void => {
    keys.get(key)?.steps.push({ operation: step, start, end });
  };
  placed.forEach(({ operation, revision, isWrite }, place) => {
    const { request } = operation;
    const touched =
      request.kind === "range" ? names.filter((name) => name.startsWith(request.prefix)) : keysOf(request);
    for (const key of touched) {
      add(key, toStep(operation, key, isWrite ? revision : undefined), place, place);
      keys.get(key)?.known.push(revision);
    }
  });
  const named = namedValues(operations);
  for (const { operation, place } of placeLost(operations, placed)) {
    for (const key of keysOf(operation.request)) add(key, toLostStep(operation, key, named), place, Infinity);
  }
  return keys;
}

/** Lost writes nobody has seen, each with the place it comes after: the last of those that had ended when it began. */
function placeLost(
  operations: readonly KvOperation[],
  placed: readonly Placed[],
): { operation: KvOperation; place: number }[] {
  const known = new Set(placed.map(({ operation }) => operation));
  const lost = operations
    .filter((operation) => operation.outcome.kind === "unknown" && canWrite(operation.request))
    .filter((operation) => !known.has(operation))
    .sort((a, b) => a.startMs - b.startMs);
  const byEnd = placed
    .map(({ operation }, place) => ({ operation, place }))
    .filter(({ operation }) => operation.outcome.kind === "ok")
    .sort((a, b) => a.operation.endMs - b.operation.endMs);
  let ended = 0;
  let latest = -1;
  return lost.map((operation) => {
    while (ended < byEnd.length && byEnd[ended]!.operation.endMs < operation.startMs) {
      latest = Math.max(latest, byEnd[ended]!.place);
      ended += 1;
    }
    return { operation, place: latest + 0.5 };
  });
}

function keysOf(request: KvRequest): string[] {
  if (request.kind === "put-many") return request.pairs.map(({ key }) => key);
  return request.kind === "range" ? [] : [request.key];
}

/** Values that a compare may have met: a write of one of them can not be mistaken for another. */
function namedValues(operations: readonly KvOperation[]): Set<string> {
  const named = new Set<string>();
  for (const { request } of operations) {
    if (request.kind === "cas" && request.compare.target === "value") named.add(request.compare.value);
  }
  return named;
}

function toLostStep(source: KvOperation, key: string, named: ReadonlySet<string>): KeyStep {
  const step = toStep(source, key, "unseen");
  if (step.write?.kind !== "put" || named.has(step.write.value)) return step;
  return { ...step, write: { kind: "put", value: UNSEEN_VALUE } };
}

/** @param wrote the revision it wrote; undefined if it only read. */
function toStep(source: KvOperation, key: string, wrote: number | "unseen" | undefined): KeyStep {
  const { request } = source;
  const compare = request.kind === "cas" ? request.compare : undefined;
  const shown = shownOf(source, key);
  if (wrote === undefined) return { source, key, write: undefined, revision: 0, compare, shown };
  return { source, key, write: writeOf(request, key), revision: wrote, compare, shown };
}

function writeOf(request: KvRequest, key: string): KeyStep["write"] {
  switch (request.kind) {
    case "put":
    case "cas":
      return { kind: "put", value: request.value };
    case "put-many":
      return { kind: "put", value: request.pairs.find((pair) => pair.key === key)?.value ?? "" };
    case "delete":
      return { kind: "delete" };
    case "get":
    case "range":
      return undefined;
  }
}

function shownOf({ outcome }: KvOperation, key: string): KeyState | undefined {
  if (outcome.kind !== "ok") return undefined;
  const { kvs, previous } = outcome.result;
  if (kvs !== undefined) return kvs.find((kv) => kv.key === key) ?? null;
  return previous;
}
