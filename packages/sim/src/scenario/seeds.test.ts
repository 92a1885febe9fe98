/** Lives that every change must get through: the first seeds, and each seed that has found something. */
import { expect, test } from "vitest";
import { createPlan } from "./create-plan.js";
import { describePlan } from "./plan.js";
import { runPlan } from "./run-plan.js";

const FIRST_SEEDS = Array.from({ length: 12 }, (_, i) => i + 1);
/** A member with a rotten disk is taken out under a leader that dies before it answers. */
const FOUND_SEEDS = [113048183, 113048407, 113048415];

test.each([...FIRST_SEEDS, ...FOUND_SEEDS])("seed %i", async (seed) => {
  const result = await runPlan(createPlan(seed));
  expect(result.violations, describePlan(result.plan)).toEqual([]);
  expect(result.operationCount).toBeGreaterThan(0);
});

test("a leader that was cut off does not hand its revocations to the next one, which has renewed the leases", async () => {
  const { violations, plan } = await runPlan(createPlan(5221, "untold"));
  expect(violations, describePlan(plan)).toEqual([]);
});
