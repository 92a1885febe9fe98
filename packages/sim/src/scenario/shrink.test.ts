import { expect, test } from "vitest";
import { createPlan } from "./create-plan.js";
import type { Plan } from "./plan.js";
import type { RunResult } from "./run-plan.js";
import { SHRINK_RUNS_MAX, shrinkPlan } from "./shrink.js";

/** A world in which a kill of member 2 after any cut goes wrong. */
function judge(plan: Plan): RunResult {
  const cut = plan.faults.findIndex(({ kind }) => kind === "cut");
  const kill = plan.faults.findLastIndex((fault) => fault.kind === "kill" && fault.member === 2);
  const violations = cut >= 0 && kill > cut ? ["broken"] : [];
  return {
    plan,
    violations,
    limits: [],
    simulatedMs: 0,
    eventCount: 0,
    operationCount: 0,
    faults: new Map(),
    fullestQueues: new Map(),
    traceHash: "",
    logLines: [],
  };
}

test("only the faults that it takes are left", async () => {
  const faults = Array.from({ length: 40 }, (_, i) =>
    i === 11
      ? ({ atMs: i, kind: "cut", from: 0, to: 1, forMs: 1 } as const)
      : ({ atMs: i, kind: "kill", member: i % 3, power: false, forMs: 1 } as const),
  );
  let runs = 0;
  const shrunk = await shrinkPlan(judge({ ...createPlan(1), faults }), (plan) => {
    runs += 1;
    return Promise.resolve(judge(plan));
  });
  expect(shrunk.plan.faults.map(({ kind }) => kind)).toEqual(["cut", "kill"]);
  expect(shrunk.violations).toEqual(["broken"]);
  expect(runs).toBeLessThanOrEqual(SHRINK_RUNS_MAX);
});
