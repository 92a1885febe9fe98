/**
 * Runs seeds until one is broken, in a process of its own: `node probe.cjs FIRST COUNT [PLOY]`, with a ploy all of
 * them follow it. Prints the seed and what was broken, or `survived`.
 */
import { createPlan } from "../../scenario/create-plan.js";
import { runPlan } from "../../scenario/run-plan.js";

const [first = 1, count = 1] = process.argv.slice(2, 4).map(Number);
const ploy = process.argv[4];

const LOOP = "the world does not come to rest";

async function probe(): Promise<string> {
  let loop: string | undefined;
  for (let seed = first; seed < first + count; seed++) {
    const { violations } = await runPlan(createPlan(seed, ploy));
    // A life in a loop is broken too, but takes long: it counts when nothing else is found.
    const violation = violations.find((each) => !each.includes(LOOP));
    loop ??= violations.length > 0 ? `${seed} ${LOOP}` : undefined;
    if (violation !== undefined) return `${seed} ${violation}`;
  }
  return loop ?? "survived";
}

probe().then(
  (outcome) => process.stdout.write(`${outcome}\n`),
  (error: unknown) => process.stdout.write(`${first} ${String(error)}\n`),
);
