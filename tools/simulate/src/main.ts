/**
 * `npm run sim`: lets simulated clusters live, from seeds. `--seed N` replays one, `--seconds N` explores new ones for so long,
 * `--from N --count N` takes a row of them. A failure prints its seed, what was broken, and the shortest plan that still breaks
 * something; the process then ends with 1.
 */
import { parseArgs } from "node:util";
import { createPlan, describePlan, runPlan, shrinkPlan, type RunResult } from "@quorate/sim/cluster";

const HELP = `npm run sim -- [options]
  --seed N      replay seed N, with the members' log lines
  --seconds N   explore new seeds for N seconds (default 60)
  --from N      the first seed; without it they are drawn from the clock
  --count N     stop after so many seeds
  --no-shrink   do not look for a shorter plan after a failure
  --lines N     log lines to show of a failure or replay (default 100)`;

interface Totals {
  seeds: number;
  simulatedMs: number;
  events: number;
  operations: number;
  undecided: number;
  failures: number;
  readonly faults: Map<string, number>;
}

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seconds: { type: "string", default: "60" },
    from: { type: "string" },
    count: { type: "string" },
    "no-shrink": { type: "boolean", default: false },
    lines: { type: "string", default: "100" },
    help: { type: "boolean", short: "h", default: false },
  },
});

if (values.help) console.log(HELP);
else process.exitCode = values.seed === undefined ? await explore() : await replay(toNumber(values.seed));

async function replay(seed: number): Promise<number> {
  const result = await runPlan(createPlan(seed));
  console.log(describePlan(result.plan));
  console.log(lastLines(result));
  console.log(`seed ${seed}: ${describeResult(result)}`);
  return result.violations.length === 0 ? 0 : 1;
}

async function explore(): Promise<number> {
  const totals: Totals = {
    seeds: 0,
    simulatedMs: 0,
    events: 0,
    operations: 0,
    undecided: 0,
    failures: 0,
    faults: new Map(),
  };
  // 31 bits, so that a seed can be typed.
  const first = values.from === undefined ? Date.now() % 2 ** 31 : toNumber(values.from);
  const countMax = values.count === undefined ? Infinity : toNumber(values.count);
  const startMs = performance.now();
  const untilMs = startMs + (values.count === undefined ? 1000 * toNumber(values.seconds) : Infinity);
  console.log(`seeds from ${first}`);
  for (let seed = first; totals.seeds < countMax && performance.now() < untilMs; seed++) {
    const result = await runPlan(createPlan(seed));
    add(totals, result);
    if (result.violations.length === 0) continue;
    console.log(`seed ${seed}: ${describeResult(result)}`);
    const shrunk = values["no-shrink"] ? result : await shrinkPlan(result);
    console.log(`the shortest plan found:\n${describePlan(shrunk.plan)}`);
    console.log(shrunk.violations.join("\n"));
    console.log(lastLines(shrunk));
  }
  console.log(describeTotals(totals, (performance.now() - startMs) / 1000));
  return totals.failures === 0 ? 0 : 1;
}

function add(totals: Totals, result: RunResult): void {
  totals.seeds += 1;
  totals.simulatedMs += result.simulatedMs;
  totals.events += result.eventCount;
  totals.operations += result.operationCount;
  if (result.limits.length > 0) totals.undecided += 1;
  if (result.violations.length > 0) totals.failures += 1;
  for (const [kind, count] of result.faults) totals.faults.set(kind, (totals.faults.get(kind) ?? 0) + count);
}

function describeResult({ violations, limits, simulatedMs, operationCount, traceHash }: RunResult): string {
  const outcome = violations.length === 0 ? "sound" : `BROKEN\n${violations.join("\n")}\n`;
  const life = `${(simulatedMs / 1000).toFixed(1)} simulated seconds, ${operationCount} operations, trace ${traceHash}`;
  return [`${outcome}, ${life}`, ...limits.map((limit) => `not decided: ${limit}`)].join("\n");
}

function describeTotals(totals: Totals, seconds: number): string {
  const faults = [...totals.faults].sort().map(([kind, count]) => `${kind} ${count}`);
  return [
    `${totals.seeds} seeds, ${(totals.simulatedMs / 3_600_000).toFixed(2)} simulated hours in ${seconds.toFixed(0)} s, ` +
      `${totals.operations} checked operations, ${totals.events} events`,
    `faults: ${faults.join(", ")}`,
    `${totals.undecided} seeds judged in part, ${totals.failures} violations`,
  ].join("\n");
}

function lastLines({ logLines }: RunResult): string {
  return logLines.slice(-toNumber(values.lines)).join("\n");
}

function toNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`${text} is not a number of seeds or seconds`);
}
