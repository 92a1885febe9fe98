/** A run depends on its plan and on nothing else. */
import { expect, test } from "vitest";
import { createPlan, FAULT_KINDS } from "./create-plan.js";
import type { Plan } from "./plan.js";
import { runPlan } from "./run-plan.js";

const SEEDS = Array.from({ length: 30 }, (_, i) => i + 1);
/** A fifth of the life, with all of its faults. */
const HASTE = 5;

function hurried(seed: number): Plan {
  const plan = createPlan(seed);
  const faults = plan.faults.map((fault) => ({ ...fault, atMs: fault.atMs / HASTE }));
  return { ...plan, durationMs: plan.durationMs / HASTE, faults };
}

test("thirty plans run twice leave the same trace, each its own", { timeout: 300_000 }, async () => {
  const traces = new Set<string>();
  for (const seed of SEEDS) {
    const first = await runPlan(hurried(seed));
    const second = await runPlan(hurried(seed));
    expect(second.traceHash, `seed ${seed}`).toBe(first.traceHash);
    traces.add(first.traceHash);
  }
  expect(traces.size).toBe(SEEDS.length);
});

test("these plans have every kind of fault", () => {
  const kinds = new Set(SEEDS.flatMap((seed) => createPlan(seed).faults.map(({ kind }) => kind)));
  expect([...kinds].sort()).toEqual([...FAULT_KINDS, "crowd", "cut-at", "late"].sort());
});
