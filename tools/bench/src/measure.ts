/**
 * One cell of the table: a workload in one shape against one running server, with the proof that it did what it counts.
 *
 * h2load takes a refusal for a success, so each run is framed by two probes that must get grpc-status 0, and in between
 * writes must add exactly their number of revisions, and reads must receive exactly their number of replies' bytes.
 */
import { callUnary } from "./grpc-call.js";
import { runH2load, type LoadResult, type LoadShape } from "./h2load.js";
import { frame, framePrefixBytes, paths, rangeRequest, readReply } from "./messages.js";
import type { Latencies } from "./percentiles.js";
import type { ServerProcess } from "./server-process.js";
import { settle } from "./settle.js";
import { runUnaryLoad } from "./unary-load.js";
import type { Workload } from "./workloads.js";

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

/** Distinct keys stay distinct over all runs of the process, warm-ups included. */
let distinctKeys = 0;

/** Warms up, which also finds the rate, then measures. @throws Error when the server did not do what was asked. */
export async function measure(
  server: ServerProcess,
  workload: Workload,
  options: MeasureOptions,
): Promise<Measurement> {
  const { shape, seconds, scratch } = options;
  const inFlight = shape.connections * shape.streams;
  const load = (requests: number): Promise<LoadResult> =>
    runLoad(server.port, workload, { shape, scratch, requests });
  const fitting = (result: LoadResult, time: number): number =>
    Math.max(2 * inFlight, Math.round((result.requests / result.seconds) * time));

  if (workload.revisionsPerRequest === 0) await settle(server.port);
  const first = await load(Math.max(100, firstRequestsEach * inFlight));
  const warm = await load(fitting(first, seconds * warmUpFraction));
  const requests = fitting(warm, seconds);

  const before = await probe(server.port, workload);
  const cpuBefore = server.figures().cpuSeconds;
  const result = await load(requests);
  const cpuSeconds = server.figures().cpuSeconds - cpuBefore;
  const after = await probe(server.port, workload);
  verify(workload, { before, after, result });

  return {
    requests,
    perSecond: requests / result.seconds,
    latencies: result.latencies,
    cpuMicroseconds: (cpuSeconds * 1e6) / requests,
  };
}

interface Probe {
  /** The store's revision after the probe. */
  readonly revision: number;
  readonly replyBytes: number;
}

/** Sends the workload's own message, which must succeed, and asks for the revision it left behind. */
async function probe(port: number, { path, message }: Workload): Promise<Probe> {
  const reply = await callUnary(port, path, message(distinctKeys));
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
  readonly before: Probe;
  readonly after: Probe;
  readonly result: LoadResult;
}

function verify({ title, revisionsPerRequest }: Workload, { before, after, result }: Evidence): void {
  // The second probe is itself a request.
  const revisions = after.revision - before.revision;
  const expected = (result.requests + 1) * revisionsPerRequest;
  if (revisions !== expected)
    throw new Error(`${title}: ${revisions} revisions after ${result.requests} requests`);
  if (revisionsPerRequest > 0) return;
  const expectedBytes = result.requests * before.replyBytes;
  if (result.dataBytes !== expectedBytes)
    throw new Error(`${title}: ${result.dataBytes} bytes of replies instead of ${expectedBytes}`);
}

interface LoadPlan {
  readonly shape: LoadShape;
  readonly scratch: string;
  readonly requests: number;
}

function runLoad(
  port: number,
  workload: Workload,
  { shape, scratch, requests }: LoadPlan,
): Promise<LoadResult> {
  const { path, distinct } = workload;
  if (!distinct)
    return runH2load({ ...shape, port, path, scratch, requests, body: frame(workload.message(0)) });
  const first = distinctKeys + 1;
  distinctKeys += requests;
  return runUnaryLoad({
    ...shape,
    port,
    path,
    requests,
    message: (index) => workload.message(first + index),
  });
}
