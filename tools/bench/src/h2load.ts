/**
 * nghttp2's load generator: a C program, so that the measuring side takes as little of the machine as possible.
 *
 * It repeats one body for all requests of a run and counts HTTP statuses only; a gRPC refusal is a 200 to it. Whoever calls
 * this compares its counts with what the server says happened (see `measure.ts`).
 */
import { spawn } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface LoadShape {
  readonly connections: number;
  /** Concurrent requests per connection. */
  readonly streams: number;
}

export interface LoadRequest extends LoadShape {
  readonly port: number;
  readonly path: string;
  /** The framed message that every request carries. */
  readonly body: Uint8Array;
  readonly requests: number;
  /** Existing folder for the body and the log of the run. */
  readonly scratch: string;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Of each request, in no order. */
  readonly microseconds: Float64Array;
  /** Bytes of DATA frames received: replies with their gRPC prefix, nothing for a refusal. */
  readonly dataBytes: number;
}

/** @throws Error unless every request got HTTP status 200. */
export async function runH2load(request: LoadRequest): Promise<LoadResult> {
  const { port, path, body, requests, connections, streams, scratch } = request;
  const bodyPath = join(scratch, "body.bin");
  const logPath = join(scratch, "requests.log");
  writeFileSync(bodyPath, body);
  rmSync(logPath, { force: true });
  const output = await run("h2load", [
    ...["-n", String(requests), "-c", String(connections), "-m", String(streams), "-t", "1"],
    ...["-d", bodyPath, "--log-file", logPath],
    ...["-H", "content-type: application/grpc", "-H", "te: trailers"],
    `http://127.0.0.1:${port}${path}`,
  ]);
  const { succeeded, dataBytes } = parseSummary(output);
  if (succeeded !== requests)
    throw new Error(`h2load: ${succeeded} of ${requests} requests succeeded\n${output}`);
  const { microseconds, seconds } = parseLog(readFileSync(logPath));
  rmSync(logPath, { force: true });
  return { requests, seconds, microseconds, dataBytes };
}

/** Reads the counts from what h2load prints. */
export function parseSummary(output: string): { readonly succeeded: number; readonly dataBytes: number } {
  const succeeded = /(\d+) 2xx/.exec(output)?.[1];
  const dataBytes = /\((\d+)\) data/.exec(output)?.[1];
  if (succeeded === undefined || dataBytes === undefined)
    throw new Error(`h2load printed no summary:\n${output}`);
  return { succeeded: Number(succeeded), dataBytes: Number(dataBytes) };
}

/**
 * Reads lines of `start (us since 1970) TAB status TAB duration (us)`. Byte by byte: a run has a million of them.
 * @returns all durations, and the time from the first start to the last end.
 */
export function parseLog(log: Uint8Array): { readonly microseconds: Float64Array; readonly seconds: number } {
  const tab = 9;
  const newline = 10;
  const zero = 48;
  let lines = 0;
  for (const byte of log) if (byte === newline) lines++;
  const microseconds = new Float64Array(lines);
  let firstStart = Number.POSITIVE_INFINITY;
  let lastEnd = 0;
  let line = 0;
  let column = 0;
  let start = 0;
  let duration = 0;
  let value = 0;
  for (const byte of log) {
    if (byte !== tab && byte !== newline) {
      value = value * 10 + (byte - zero);
      continue;
    }
    // Later versions may append columns.
    if (column === 0) start = value;
    else if (column === 2) duration = value;
    column++;
    value = 0;
    if (byte === tab) continue;
    microseconds[line++] = duration;
    firstStart = Math.min(firstStart, start);
    lastEnd = Math.max(lastEnd, start + duration);
    column = 0;
  }
  return { microseconds, seconds: (lastEnd - firstStart) / 1e6 };
}

/** Tells how to get h2load when it is not there. */
export async function requireH2load(): Promise<string> {
  try {
    return (await run("h2load", ["--version"])).trim();
  } catch (error) {
    throw new Error("h2load is missing; on Debian: apt-get install nghttp2-client", { cause: error });
  }
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ended with ${code}\n${output}`));
    });
  });
}
