/** Everything measured of one server, over all rounds. */
import type { FanOutFigures } from "./fan-out.js";
import type { Measurement } from "./measure.js";
import type { RestartFigures } from "./restart.js";
import type { Subject } from "./server-process.js";

export interface Findings {
  readonly subject: Subject;
  readonly cells: Map<string, Measurement[]>;
  readonly fanOuts: FanOutFigures[];
  readonly restarts: RestartFigures[];
  /** Figures of the scenarios, by their titles. */
  readonly figures: Map<string, number[]>;
  readonly peakBytes: number[];
  /** What went wrong, in sentences. */
  readonly failures: string[];
}

export function createFindings(subject: Subject): Findings {
  return {
    subject,
    cells: new Map(),
    fanOuts: [],
    restarts: [],
    figures: new Map(),
    peakBytes: [],
    failures: [],
  };
}

export function append<T>(to: Map<string, T[]>, title: string, value: T): void {
  const values = to.get(title);
  if (values === undefined) to.set(title, [value]);
  else values.push(value);
}

/** A measurement that fails is said so in the end; the others go on, because a run takes long. */
export async function attempt(findings: Findings, label: string, run: () => Promise<string>): Promise<void> {
  try {
    progress(`${label}: ${await run()}`);
  } catch (error) {
    const failure = `${label}: ${error instanceof Error ? error.message : String(error)}`;
    findings.failures.push(failure);
    progress(`FAILED ${failure}`);
  }
}

/** Apart from the result, so that the tables can be piped. */
function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}
