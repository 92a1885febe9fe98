/**
 * A large key space: memory while it is held, and the time until a restarted member answers.
 */
import { join } from "node:path";
import { fill, requireCount } from "./key-space.js";
import { discard, ServerProcess, type Subject } from "./server-process.js";

export interface RestartFigures {
  readonly keys: number;
  readonly fillSeconds: number;
  /** Resident, before the stop. */
  readonly filledBytes: number;
  /** Resident at its highest, since before the first key. */
  readonly filledPeakBytes: number;
  /** From the start of the process to the first answer to a linearizable Range. */
  readonly restartMs: number;
  /** Resident, after the restart and a count of all keys. */
  readonly restartedBytes: number;
  readonly restartedPeakBytes: number;
}

export async function measureRestart(
  subject: Subject,
  keys: number,
  scratch: string,
): Promise<RestartFigures> {
  const folder = join(scratch, `${subject.name}-restart`);
  discard(folder);
  const first = await ServerProcess.start(subject, folder);
  const fillSeconds = await fill(first, keys);
  const filled = first.figures();
  await first.stop();
  const second = await ServerProcess.start(subject, folder);
  await requireCount(second, keys);
  const restarted = second.figures();
  await second.stop();
  discard(folder);
  return {
    keys,
    fillSeconds,
    filledBytes: filled.residentBytes,
    filledPeakBytes: filled.residentPeakBytes,
    restartMs: second.readyMs,
    restartedBytes: restarted.residentBytes,
    restartedPeakBytes: restarted.residentPeakBytes,
  };
}
