/**
 * A set that is only added to: what was acknowledged is in each read that begins later; what one read has shown, every read has that
 * begins after it; nothing is there that was refused, or that nobody added.
 */
import type { SetOperation } from "./set-history.js";
import { WORKLOAD_VIOLATIONS_MAX } from "./world.js";

export function checkSet(history: readonly SetOperation[]): string[] {
  const violations: string[] = [];
  const adds = new Map<number, Extract<SetOperation, { kind: "add" }>>();
  /** From when on each element is surely in the set. */
  const knownFromMs = new Map<number, number>();
  const reads: Extract<SetOperation, { kind: "read" }>[] = [];
  for (const operation of history) {
    if (operation.kind === "read") {
      reads.push(operation);
      continue;
    }
    adds.set(operation.element, operation);
    if (operation.outcome === "ok") knownFromMs.set(operation.element, operation.endMs);
  }
  for (const { elements, endMs } of reads)
    for (const element of elements)
      knownFromMs.set(element, Math.min(endMs, knownFromMs.get(element) ?? Infinity));
  // Elements by when they must be there: those that a read must show are the first ones.
  const known = [...knownFromMs].sort((a, b) => a[1] - b[1]);
  for (const read of reads) {
    const shown = new Set(read.elements);
    const when = `the read of ${read.startMs.toFixed(1)} to ${read.endMs.toFixed(1)} ms`;
    for (const [element, fromMs] of known) {
      if (fromMs >= read.startMs) break;
      if (!shown.has(element))
        violations.push(`${element} was there at ${fromMs.toFixed(1)} ms, and is not in ${when}`);
    }
    for (const element of shown) {
      const add = adds.get(element);
      if (add === undefined) violations.push(`${element} is in ${when}, and nobody added it`);
      else if (add.outcome === "failed") violations.push(`${element} is in ${when}, and was refused`);
      else if (add.startMs > read.endMs) violations.push(`${element} is in ${when}, and was added later`);
    }
    if (violations.length >= WORKLOAD_VIOLATIONS_MAX) break;
  }
  return violations.slice(0, WORKLOAD_VIOLATIONS_MAX);
}
