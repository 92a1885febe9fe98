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
  try {
    const filled = await runServer(subject, folder, async (server) => {
      const fillSeconds = await fill(server, keys);
      return { ...server.figures(), fillSeconds };
    });
    const restarted = await runServer(subject, folder, async (server) => {
      await requireCount(server, keys);
      return { ...server.figures(), readyMs: server.readyMs };
    });
    return {
      keys,
      fillSeconds: filled.fillSeconds,
      filledBytes: filled.residentBytes,
      filledPeakBytes: filled.residentPeakBytes,
      restartMs: restarted.readyMs,
      restartedBytes: restarted.residentBytes,
      restartedPeakBytes: restarted.residentPeakBytes,
    };
  } finally {
    discard(folder);
  }
}

async function runServer<T>(
  subject: Subject,
  folder: string,
  use: (server: ServerProcess) => Promise<T>,
): Promise<T> {
  const server = await ServerProcess.start(subject, folder);
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}
