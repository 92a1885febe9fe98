/**
 * A member that has missed a gigabyte comes back: how long it takes, what writers feel of it, and how much memory it costs.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Cluster, memberCount } from "../cluster.js";
import type { Figure, FigureScenario, ScenarioSetting } from "../figure-scenario.js";
import { paths, putRequest } from "../messages.js";
import { RunningLoad } from "../running-load.js";
import type { ServerProcess } from "../server-process.js";
import { readStatus } from "../status.js";
import { runUnaryLoad } from "../unary-load.js";
import { value } from "../workloads.js";

const missedBytes = 1_000_000_000;
const missedValueBytes = 16_384;
const missedShape = { connections: 4, streams: 8 };
const writersShape = { connections: 10, streams: 10 };
const warmUpMs = 1_000;
const sampleEveryMs = 100;
const caughtUpTimeoutMs = 600_000;

export const catchup: FigureScenario = { group: "catchup", run };

async function run({ subject, folder, seconds, scale }: ScenarioSetting): Promise<readonly Figure[]> {
  const missed = Math.round(missedBytes * scale);
  const cluster = await Cluster.start(subject, folder);
  try {
    const leader = await cluster.leader();
    const late = (leader + 1) % memberCount;
    const { port } = cluster.member(leader);
    const lateBytesBefore = cluster.member(late).figures().residentBytes;
    await cluster.stopMember(late);
    const bulk = new Uint8Array(missedValueBytes).fill(98);
    await runUnaryLoad({
      ...missedShape,
      port,
      path: paths.put,
      requests: Math.ceil(missed / missedValueBytes),
      message: (index) => putRequest(`missed/${String(index).padStart(9, "0")}`, bulk),
    });

    const load = await RunningLoad.start({
      port,
      path: paths.put,
      connections: writersShape.connections,
      pace: { streams: writersShape.streams },
      message: () => putRequest("beside", value),
    });
    await sleep(warmUpMs);
    const calmFromMs = performance.now();
    await sleep(Math.max(2, seconds) * 1_000);
    const backMs = performance.now();
    const leaderMemory = new MemoryGrowth(cluster.member(leader));
    await cluster.startMember(late);
    await waitUntilCaughtUp(cluster, { leader, late });
    const caughtUpMs = performance.now();
    leaderMemory.stop();
    // It is a new process: its highest is the highest since it came back.
    const lateBytes = cluster.member(late).figures().residentPeakBytes - lateBytesBefore;
    await load.stop();

    const [calm, meanwhile] = [load.rateBetween(calmFromMs, backMs), load.rateBetween(backMs, caughtUpMs)];
    return [
      [
        `a member that missed ${Math.round(missed / 1e6)} MB has caught up after, s`,
        (caughtUpMs - backMs) / 1_000,
      ],
      ["  puts per second on the leader meanwhile", meanwhile],
      ["  puts per second before", calm],
      ["  what remains of them, percent", (100 * meanwhile) / calm],
      ["  memory that the leader grew by, MiB", leaderMemory.growthBytes / 2 ** 20],
      ["  memory that the late member grew by, MiB", lateBytes / 2 ** 20],
    ];
  } finally {
    await cluster.stop();
  }
}

/** Up to what the leader had applied when it was asked; under load that is never all. */
async function waitUntilCaughtUp(
  cluster: Cluster,
  { leader, late }: { readonly leader: number; readonly late: number },
): Promise<void> {
  const deadline = performance.now() + caughtUpTimeoutMs;
  const { appliedIndex } = await readStatus(cluster.member(leader).port);
  while ((await readStatus(cluster.member(late).port)).appliedIndex < appliedIndex) {
    if (performance.now() > deadline) throw new Error("the member does not catch up");
    await sleep(sampleEveryMs);
  }
}

/** How far the memory of a member rises above where it is now. */
class MemoryGrowth {
  readonly #server: ServerProcess;
  readonly #firstBytes: number;
  readonly #timer: NodeJS.Timeout;
  #peakBytes = 0;

  constructor(server: ServerProcess) {
    this.#server = server;
    this.#firstBytes = server.figures().residentBytes;
    this.#timer = setInterval(() => this.#sample(), sampleEveryMs);
  }

  get growthBytes(): number {
    return this.#peakBytes - this.#firstBytes;
  }

  stop(): void {
    this.#sample();
    clearInterval(this.#timer);
  }

  #sample(): void {
    this.#peakBytes = Math.max(this.#peakBytes, this.#server.figures().residentBytes);
  }
}
