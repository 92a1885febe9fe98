/**
 * `npm run sim`: lets simulated clusters live, from seeds. `--seed N` replays one, `--seconds N` explores new ones for so long,
 * `--from N --count N` takes a row of them. A failure prints its seed, what was broken, and the shortest plan that still breaks
 * something; the process then ends with 1.
 */
import { createPlan, describePlan, runPlan } from "@quorate/sim/cluster";
import { explore } from "./explore.js";
import { HELP, OptionsError, parseOptions, type Options } from "./options.js";
import { describeResult, lastLines } from "./report.js";
import { measureSpeed } from "./speed.js";

const options = readOptions();

if (options === undefined) process.exitCode = 1;
else if (options.wantsHelp) console.log(HELP);
else if (options.wantsSpeed) await measureSpeed();
else
  process.exitCode =
    options.seed === undefined ? await explore(options) : await replay(options.seed, options);

function readOptions(): Options | undefined {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    console.error(`${error.message}\n\n${HELP}`);
    return undefined;
  }
}

async function replay(seed: number, { ploy, lines }: Options): Promise<number> {
  const result = await runPlan(createPlan(seed, ploy));
  console.log(describePlan(result.plan));
  console.log(lastLines(result, lines));
  console.log(describeResult(result));
  return result.violations.length === 0 ? 0 : 1;
}
