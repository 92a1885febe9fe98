/**
 * Who wrote each revision. Acknowledged writes name theirs; of writes whose answer was lost, the history says which took
 * effect: a value is written once, so it names its writer. Deletes have no value: those of one key are interchangeable but for
 * when they started, and the earliest revision goes to the one that started first, which leaves the others the most room.
 */
import type { KvOperation } from "../history/operation.js";
import { canWrite, hasWritten } from "../history/operation.js";
import type { Findings } from "../history/verdict.js";
import { describeMissingWrite, describeWrongCondition } from "./check-answers.js";
import { describeEvent, describeOperation } from "./describe-key.js";
import type { StoreHistory } from "./store-history.js";

/** The operation behind each written revision; revisions that nobody can have written are reported and left out. */
export function assignWriters(
  operations: readonly KvOperation[],
  store: StoreHistory,
  findings: Findings,
): ReadonlyMap<number, KvOperation> {
  const writers = claimAcknowledged(operations, findings);
  const lost = new LostWrites(operations);
  for (const revision of store.revisions()) {
    if (writers.has(revision)) continue;
    const events = store.eventsAt(revision);
    const writer = lost.take(events[0]!.kind, events[0]!.key, events[0]!.value);
    if (writer === undefined) {
      const told = events.map(describeEvent).join("\n");
      findings.add("durability", `nobody can have written revision ${revision}`, told);
      continue;
    }
    writers.set(revision, writer);
    checkLostWrite(writer, revision, store, findings);
  }
  return writers;
}

function claimAcknowledged(operations: readonly KvOperation[], findings: Findings): Map<number, KvOperation> {
  const writers = new Map<number, KvOperation>();
  for (const operation of operations) {
    if (operation.outcome.kind !== "ok" || !hasWritten(operation)) continue;
    const { revision } = operation.outcome.result;
    const other = writers.get(revision);
    if (other !== undefined) {
      const both = `${describeOperation(other)}\n${describeOperation(operation)}`;
      findings.add("revision-order", `two writes were given revision ${revision}`, both);
    }
    writers.set(revision, operation);
  }
  return writers;
}

function checkLostWrite(
  writer: KvOperation,
  revision: number,
  store: StoreHistory,
  findings: Findings,
): void {
  const details = describeOperation(writer);
  if (writer.outcome.kind === "failed") {
    findings.add("durability", `a write that failed for certain is revision ${revision}`, details);
  }
  const missing = describeMissingWrite(writer, store, revision);
  if (missing !== undefined) findings.add("durability", missing, details);
  const wrong = describeWrongCondition(writer, store, { revision });
  if (wrong !== undefined) findings.add("linearizability", wrong, details);
}

/** Writes without an answer, and those that should not have happened, each to be found once. */
class LostWrites {
  readonly #byValue = new Map<string, KvOperation>();
  /** By key, ordered by start; those that failed for certain come last, as they explain nothing. */
  readonly #deletes = new Map<string, KvOperation[]>();

  constructor(operations: readonly KvOperation[]) {
    for (const operation of operations) {
      const { request, outcome } = operation;
      if (outcome.kind === "ok" || !canWrite(request)) continue;
      if (request.kind === "put" || request.kind === "cas") this.#byValue.set(request.value, operation);
      else if (request.kind === "put-many") {
        const value = request.pairs[0]?.value;
        if (value !== undefined) this.#byValue.set(value, operation);
      } else if (request.kind === "delete") {
        const deletes = this.#deletes.get(request.key) ?? [];
        deletes.push(operation);
        this.#deletes.set(request.key, deletes);
      }
    }
    const rank = ({ outcome }: KvOperation): number => (outcome.kind === "failed" ? 1 : 0);
    for (const deletes of this.#deletes.values()) {
      deletes.sort((a, b) => rank(a) - rank(b) || a.startMs - b.startMs);
    }
  }

  take(kind: "put" | "delete", key: string, value: string): KvOperation | undefined {
    if (kind === "delete") return this.#deletes.get(key)?.shift();
    const writer = this.#byValue.get(value);
    this.#byValue.delete(value);
    return writer;
  }
}
