/** Runs seeds until one is broken, in a process of its own: `node probe.cjs FIRST COUNT`. Prints the seed, or `survived`. */
import { createPlan } from "../../scenario/create-plan.js";
import { runPlan } from "../../scenario/run-plan.js";

const [first = 1, count = 1] = process.argv.slice(2).map(Number);

async function probe(): Promise<string> {
  for (let seed = first; seed < first + count; seed++) {
    const { violations } = await runPlan(createPlan(seed));
    const [violation] = violations;
    if (violation !== undefined) return `${seed} ${violation}`;
  }
  return "survived";
}

probe().then(
  (outcome) => process.stdout.write(`${outcome}\n`),
  (error: unknown) => process.stdout.write(`${first} ${String(error)}\n`),
);
