/**
 * Clients' operations against the store's whole history: answers, lost and invented writes, real time. Needs no search,
 * because every answer names its revision and the history tells the fate of every lost write.
 */
import type { KvOperation } from "../history/operation.js";
import { hasWritten } from "../history/operation.js";
import type { Findings } from "../history/verdict.js";
import { assignWriters } from "./assign-writers.js";
import { checkAnswer } from "./check-answers.js";
import { checkRealTime } from "./check-real-time.js";
import type { Placed } from "./check-real-time.js";
import type { StoreHistory } from "./store-history.js";

export function checkOperations(
  operations: readonly KvOperation[],
  store: StoreHistory,
  findings: Findings,
): void {
  const placed: Placed[] = [];
  for (const operation of operations) {
    checkAnswer(operation, store, findings);
    if (operation.outcome.kind !== "ok") continue;
    const { revision } = operation.outcome.result;
    placed.push({ operation, revision, isWrite: hasWritten(operation) });
  }
  for (const [revision, operation] of assignWriters(operations, store, findings)) {
    if (operation.outcome.kind === "unknown") placed.push({ operation, revision, isWrite: true });
  }
  checkRealTime(placed, findings);
}
