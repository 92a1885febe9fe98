/** One measured stretch of one client: so many callers, each of which waits for its answer before it asks again. */
import { latenciesOf, type Latencies } from "../percentiles.js";
import type { KvClient } from "./kv-client.js";

export const operations = ["put", "get"] as const;
export type Operation = (typeof operations)[number];

export interface StretchPlan {
  readonly operation: Operation;
  readonly callers: number;
  readonly seconds: number;
}

export interface StretchResult extends Latencies {
  readonly callsPerSecond: number;
  /** Processor time of the client's process, system calls included, in microseconds. */
  readonly processorMicrosecondsPerCall: number;
}

/** Keys that exist before the first get, and that puts write again. */
export const keyCount = 1_000;
const valueText = "abcdefghijklmnopqrstuvwxyz".repeat(10).slice(0, 256);
/** Latencies that are kept; the rest of a stretch counts only as calls. */
const latenciesMax = 4_000_000;

export const keyOf = (index: number): string => `sdk/${String(index % keyCount).padStart(6, "0")}`;

/** Every key once. */
export async function writeKeys(client: KvClient): Promise<void> {
  for (let index = 0; index < keyCount; index++) await client.put(keyOf(index), valueText);
}

/** @throws what a call rejects with. */
export async function runStretch(client: KvClient, plan: StretchPlan): Promise<StretchResult> {
  const microseconds = new Float64Array(latenciesMax);
  let count = 0;
  const begunMs = performance.now();
  const untilMs = begunMs + plan.seconds * 1_000;
  const caller = async (first: number): Promise<void> => {
    for (let index = first; ; index += plan.callers) {
      const startMs = performance.now();
      if (startMs >= untilMs) return;
      if (plan.operation === "put") await client.put(keyOf(index), valueText);
      else if ((await client.get(keyOf(index))) === undefined)
        throw new Error(`${keyOf(index)} is not there`);
      if (count < latenciesMax) microseconds[count] = (performance.now() - startMs) * 1_000;
      count += 1;
    }
  };
  const usedBefore = process.cpuUsage();
  await Promise.all(Array.from({ length: plan.callers }, (_, index) => caller(index)));
  const used = process.cpuUsage(usedBefore);
  const seconds = (performance.now() - begunMs) / 1_000;
  return {
    ...latenciesOf(microseconds.subarray(0, Math.min(count, latenciesMax))),
    callsPerSecond: count / seconds,
    processorMicrosecondsPerCall: (used.user + used.system) / count,
  };
}
