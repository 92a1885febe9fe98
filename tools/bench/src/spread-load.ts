/** A load in equal parts on several ports at the same time. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { runH2load, type LoadResult, type LoadShape } from "./h2load.js";
import { frame } from "./messages.js";
import { runUnaryLoad } from "./unary-load.js";
import type { Workload } from "./workloads.js";

export interface SpreadLoad {
  readonly ports: readonly number[];
  readonly workload: Workload;
  /** Of all parts together. */
  readonly shape: LoadShape;
  readonly requests: number;
  readonly scratch: string;
}

/** Distinct keys stay distinct over all runs of the process, warm-ups included. */
let distinctKeys = 0;

/** @returns a result for each port, in their order. */
export function spreadLoad(load: SpreadLoad): Promise<readonly LoadResult[]> {
  const { ports, workload, shape, requests, scratch } = load;
  const connections = splitEvenly(shape.connections, ports.length);
  const counts = splitEvenly(requests, ports.length);
  const parts = ports.map((port, index) => {
    const part = { port, path: workload.path, streams: shape.streams };
    return runPart(workload, {
      ...part,
      connections: connections[index] ?? 0,
      requests: counts[index] ?? 0,
      scratch: join(scratch, `part${index}`),
    });
  });
  return Promise.all(parts);
}

/** Whole numbers that add up to `total` and differ by at most one. */
export function splitEvenly(total: number, parts: number): readonly number[] {
  return Array.from({ length: parts }, (_, index) => {
    return Math.floor((total * (index + 1)) / parts) - Math.floor((total * index) / parts);
  });
}

interface Part extends LoadShape {
  readonly port: number;
  readonly path: string;
  readonly requests: number;
  readonly scratch: string;
}

function runPart(workload: Workload, part: Part): Promise<LoadResult> {
  if (!workload.distinct) {
    mkdirSync(part.scratch, { recursive: true });
    return runH2load({ ...part, body: frame(workload.message(0)) });
  }
  const first = distinctKeys + 1;
  distinctKeys += part.requests;
  return runUnaryLoad({ ...part, message: (index) => workload.message(first + index) });
}
