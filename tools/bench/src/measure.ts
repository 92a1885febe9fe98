/**
 * One cell of the table: a workload in one shape against a running server, or spread over several members of a cluster, with
 * the proof that it did what it counts.
 *
 * h2load takes a refusal for a success, so each run is framed by two probes that must get grpc-status 0, and in between
 * writes must add exactly their number of revisions, and reads must receive exactly their number of replies' bytes.
 */
import { callUnary } from "./grpc-call.js";
import type { LoadResult, LoadShape } from "./h2load.js";
import { framePrefixBytes, paths, rangeRequest, readReply } from "./messages.js";
import { latenciesOf, type Latencies } from "./percentiles.js";
import type { ProcessFigures } from "./process-figures.js";
import { settle } from "./settle.js";
import { spreadLoad } from "./spread-load.js";
import type { Workload } from "./workloads.js";

/** What is loaded. */
export interface Target {
  /** Where requests go, in equal parts. */
  readonly ports: readonly number[];
  /** Of all its processes together. */
  figures(): ProcessFigures;
}

export interface Measurement {
  readonly requests: number;
  readonly perSecond: number;
  readonly latencies: Latencies;
  /** Processor time of the server per request, all threads. */
  readonly cpuMicroseconds: number;
}

export interface MeasureOptions {
  readonly shape: LoadShape;
  /** Aim for the measured run. */
  readonly seconds: number;
  readonly scratch: string;
}

/** Requests of the first warm-up, before any rate is known, per concurrent request. */
const firstRequestsEach = 20;
const warmUpFraction = 0.25;

/** Warms up, which also finds the rate, then measures. @throws Error when the server did not do what was asked. */
export async function measure(
  target: Target,
  workload: Workload,
  options: MeasureOptions,
): Promise<Measurement> {
  const { shape, seconds, scratch } = options;
  const { ports } = target;
  const inFlight = shape.connections * shape.streams;
  const load = (requests: number): Promise<readonly LoadResult[]> =>
    spreadLoad({ ports, workload, shape, scratch, requests });
  const fitting = (results: readonly LoadResult[], time: number): number =>
    Math.max(2 * inFlight, Math.round(rate(results) * time));

  if (workload.revisionsPerRequest === 0) for (const port of ports) await settle(port);
  const first = await load(Math.max(100, firstRequestsEach * inFlight));
  const warm = await load(fitting(first, seconds * warmUpFraction));
  const requests = fitting(warm, seconds);

  const before = await probeAll(ports, workload);
  const cpuBefore = target.figures().cpuSeconds;
  const results = await load(requests);
  const cpuSeconds = target.figures().cpuSeconds - cpuBefore;
  const after = await probeAll(ports, workload);
  verify(workload, { before, after, results });

  return {
    requests,
    perSecond: rate(results),
    latencies: latenciesOf(concatenate(results.map(({ microseconds }) => microseconds))),
    cpuMicroseconds: (cpuSeconds * 1e6) / requests,
  };
}

/** Parts run at the same time: together they have taken as long as the slowest. */
function rate(results: readonly LoadResult[]): number {
  const requests = results.reduce((sum, result) => sum + result.requests, 0);
  return requests / Math.max(...results.map(({ seconds }) => seconds));
}

function concatenate(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

interface Probe {
  /** The store's revision after the probe. */
  readonly revision: number;
  readonly replyBytes: number;
}

/** One after another, so that each can tell what it did to the revision. */
async function probeAll(ports: readonly number[], workload: Workload): Promise<readonly Probe[]> {
  const probes: Probe[] = [];
  for (const port of ports) probes.push(await probe(port, workload));
  return probes;
}

/** Sends the workload's own message, which must succeed, and asks for the revision it left behind. */
async function probe(port: number, { path, message }: Workload): Promise<Probe> {
  const reply = await callUnary(port, path, message(0));
  const facts = readReply(reply);
  if (path === paths.txn && !facts.succeeded)
    throw new Error("the comparison of the transaction does not hold");
  if (path === paths.range && facts.count === 0) throw new Error("the range is empty");
  const { revision } = readReply(
    await callUnary(port, paths.range, rangeRequest("revision", { countOnly: true })),
  );
  if (revision !== facts.revision)
    throw new Error(`revision ${revision} after a probe that answered ${facts.revision}`);
  return { revision, replyBytes: framePrefixBytes + reply.length };
}

interface Evidence {
  /** In the order of the ports, like the results. */
  readonly before: readonly Probe[];
  readonly after: readonly Probe[];
  readonly results: readonly LoadResult[];
}

function verify({ title, revisionsPerRequest }: Workload, { before, after, results }: Evidence): void {
  const requests = results.reduce((sum, result) => sum + result.requests, 0);
  // The second probes are themselves requests.
  const revisions = (after.at(-1)?.revision ?? 0) - (before.at(-1)?.revision ?? 0);
  const expected = (requests + after.length) * revisionsPerRequest;
  if (revisions !== expected) throw new Error(`${title}: ${revisions} revisions after ${requests} requests`);
  if (revisionsPerRequest > 0) return;
  for (const [index, result] of results.entries()) {
    const expectedBytes = result.requests * (before[index]?.replyBytes ?? 0);
    if (result.dataBytes !== expectedBytes)
      throw new Error(`${title}: ${result.dataBytes} bytes of replies instead of ${expectedBytes}`);
  }
}
