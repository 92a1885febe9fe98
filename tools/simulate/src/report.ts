/** Runs in words. */
import { describePlan, shrinkPlan, type RunResult } from "@quorate/sim/cluster";

export function describeResult(result: RunResult): string {
  const { plan, violations, limits, simulatedMs, operationCount, traceHash } = result;
  const outcome = violations.length === 0 ? "sound" : `BROKEN\n${violations.join("\n")}\n`;
  const life = `${(simulatedMs / 1000).toFixed(1)} simulated seconds, ${operationCount} operations, trace ${traceHash}`;
  const judged = limits.map((limit) => `not decided: ${limit}`);
  return [`seed ${plan.seed}: ${outcome}, ${life}`, ...judged].join("\n");
}

export function lastLines({ logLines }: RunResult, count: number): string {
  return logLines.slice(-count).join("\n");
}

/** All that is told of a broken run. @param shrinks looks for a shorter plan, which takes a while */
export async function reportFailure(
  result: RunResult,
  { shrinks, lines }: { readonly shrinks: boolean; readonly lines: number },
): Promise<string> {
  const shrunk = shrinks ? await shrinkPlan(result) : result;
  return [
    describeResult(result),
    `the shortest plan found:\n${describePlan(shrunk.plan)}`,
    ...shrunk.violations,
    lastLines(shrunk, lines),
  ].join("\n");
}
