/**
 * The smallest plan found that still breaks something: faults are left out by halves, then by ones, then clients and time. What is left
 * need not break the same rule; a smaller plan that breaks another one is as good a find.
 */
import type { Fault, Plan } from "./plan.js";
import { runPlan, type RunResult } from "./run-plan.js";

/** Runs of one search. */
export const SHRINK_RUNS_MAX = 150;

export async function shrinkPlan(
  failed: RunResult,
  run: (plan: Plan) => Promise<RunResult> = runPlan,
): Promise<RunResult> {
  let best = failed;
  let runs = 0;
  const improves = async (plan: Plan): Promise<boolean> => {
    if (runs >= SHRINK_RUNS_MAX) return false;
    runs += 1;
    const result = await run(plan);
    if (result.violations.length === 0) return false;
    best = result;
    return true;
  };
  for (let size = Math.ceil(failed.plan.faults.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.plan.faults.length;) {
      const faults = without(best.plan.faults, at, size);
      // What stands at `at` after a success is another part.
      if (!(await improves({ ...best.plan, faults }))) at += size;
    }
  }
  for (const clientCount of [1, 2, 3])
    if (clientCount < best.plan.clientCount && (await improves({ ...best.plan, clientCount }))) break;
  const lastMs = best.plan.faults.at(-1)?.atMs ?? 0;
  for (const durationMs of [lastMs + 1000, lastMs + 5000])
    if (durationMs < best.plan.durationMs && (await improves({ ...best.plan, durationMs }))) break;
  return best;
}

function without(faults: readonly Fault[], start: number, count: number): readonly Fault[] {
  return [...faults.slice(0, start), ...faults.slice(start + count)];
}
