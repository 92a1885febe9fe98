/**
 * Revisions against real time. A revision is a place in the one order of the store; so nothing that began after something else
 * had ended may have an earlier place, and a write must have a later one. Together with every answer being right at its revision,
 * this is linearizability: the order by revision is the proof.
 *
 * Serializable reads may show the past, so they are not bound themselves; but what they showed had happened, which binds
 * those that come later.
 */
import type { KvOperation } from "../history/operation.js";
import type { Findings } from "../history/verdict.js";
import { describeOperation } from "./describe-key.js";

export interface Placed {
  readonly operation: KvOperation;
  readonly revision: number;
  readonly isWrite: boolean;
}

/** Costs one sort. */
export function checkRealTime(placed: readonly Placed[], findings: Findings): void {
  const byStart = [...placed].sort((a, b) => a.operation.startMs - b.operation.startMs);
  const byEnd = placed
    .filter(({ operation }) => operation.outcome.kind === "ok")
    .sort((a, b) => a.operation.endMs - b.operation.endMs);
  let ended = 0;
  let latest: Placed | undefined;
  for (const current of byStart) {
    const { startMs, request } = current.operation;
    while (ended < byEnd.length && byEnd[ended]!.operation.endMs < startMs) {
      const candidate = byEnd[ended]!;
      if (latest === undefined || candidate.revision > latest.revision) latest = candidate;
      ended += 1;
    }
    const isBound = !((request.kind === "get" || request.kind === "range") && request.serializable);
    if (latest === undefined || !isBound) continue;
    const isFine = current.isWrite ? current.revision > latest.revision : current.revision >= latest.revision;
    if (isFine) continue;
    findings.add(
      "revision-order",
      `revision ${latest.revision} was seen before what got revision ${current.revision} was asked for`,
      `${describeOperation(latest.operation)}\n${describeOperation(current.operation)}`,
    );
  }
}
