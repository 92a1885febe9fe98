/**
 * What the kernel knows of a process: time on the processors and memory. Linux only; elsewhere everything is NaN.
 */
import { readFileSync } from "node:fs";

export interface ProcessFigures {
  /** User and system time of all threads since the start. */
  readonly cpuSeconds: number;
  /** Resident set now and at its highest, in bytes. */
  readonly residentBytes: number;
  readonly residentPeakBytes: number;
}

/** The kernel counts in ticks of 10 ms on every platform that Node supports. */
const ticksPerSecond = 100;

export function readFigures(pid: number): ProcessFigures {
  try {
    return parseFigures(
      readFileSync(`/proc/${pid}/stat`, "latin1"),
      readFileSync(`/proc/${pid}/status`, "latin1"),
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return { cpuSeconds: Number.NaN, residentBytes: Number.NaN, residentPeakBytes: Number.NaN };
  }
}

/** @param stat the text of /proc/PID/stat @param status the text of /proc/PID/status */
export function parseFigures(stat: string, status: string): ProcessFigures {
  // The second field is the program's name in parentheses and may contain anything; fields are counted behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const kilobytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024;
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    residentBytes: kilobytes("VmRSS"),
    residentPeakBytes: kilobytes("VmHWM"),
  };
}

/** Of several processes together. */
export function sumFigures(all: readonly ProcessFigures[]): ProcessFigures {
  const sum = (read: (figures: ProcessFigures) => number): number =>
    all.reduce((total, figures) => total + read(figures), 0);
  return {
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds),
    residentBytes: sum(({ residentBytes }) => residentBytes),
    residentPeakBytes: sum(({ residentPeakBytes }) => residentPeakBytes),
  };
}
