/** A process that runs the seeds that it is sent, one after the other, and answers each with a summary. */
import { createPlan, runPlan } from "@quorate/sim/cluster";
import { reportFailure } from "./report.js";
import { summarize, type RunSummary } from "./totals.js";

export interface Job {
  readonly seed: number;
  readonly ploy: string | undefined;
  readonly shrinks: boolean;
  readonly lines: number;
}

process.on("message", (job: Job) => {
  void run(job).then((summary) => process.send?.(summary));
});

async function run(job: Job): Promise<RunSummary> {
  const result = await runPlan(createPlan(job.seed, job.ploy));
  const report = result.violations.length === 0 ? undefined : await reportFailure(result, job);
  return summarize(result, report);
}
