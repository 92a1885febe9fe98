/** Reads how long a member's event loop stood still, from a script that the member loads at its start. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { sleep } from "../harness/member.js";
import type { Member } from "../harness/member.js";

const script = fileURLToPath(new URL("../../scripts/event-loop-delay.cjs", import.meta.url));
const LINE = /^event loop delay: (\{.*\})$/gm;
const POLL_MS = 20;
const ANSWER_MS_MAX = 10_000;

/** Goes into `MemberOptions.nodeArguments`. */
export const STALL_METER_ARGUMENTS: readonly string[] = ["--require", script];

/** Milliseconds. */
export interface Stalls {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The stalls since the call before, or since the start; undefined for a server that is not a script of Node. */
export async function takeStalls(member: Member): Promise<Stalls | undefined> {
  if (!member.isNode) return undefined;
  const before = readLines(member).length;
  member.signal("SIGUSR2");
  const deadline = performance.now() + ANSWER_MS_MAX;
  while (performance.now() < deadline) {
    const line = readLines(member)[before];
    if (line !== undefined) return JSON.parse(line) as Stalls;
    await sleep(POLL_MS);
  }
  throw new Error(`the stall meter did not answer within ${ANSWER_MS_MAX} ms`);
}

export function describeStalls(stalls: Stalls | undefined): string {
  if (stalls === undefined) return "its event loop is not measured, because it is not Node's";
  return `event loop: p99 ${stalls.p99} ms, longest stall ${stalls.max} ms`;
}

function readLines(member: Member): string[] {
  return [...readFileSync(member.logFile, "utf8").matchAll(LINE)].map((match) => match[1] ?? "");
}
