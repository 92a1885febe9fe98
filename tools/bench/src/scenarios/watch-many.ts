/** Many watchers, each with a key of its own, and puts at a steady rate: how long until the one concerned hears of it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Figure, FigureScenario, ScenarioSetting } from "../figure-scenario.js";
import { paths, putRequest } from "../messages.js";
import { latenciesOf } from "../percentiles.js";
import { RunningLoad } from "../running-load.js";
import { ServerProcess } from "../server-process.js";
import { WatcherCrowd } from "../watcher-crowd.js";
import { valueBytes } from "../workloads.js";

const watcherCount = 10_000;
const connections = 10;
const streamsEach = 10;
const putsPerSecond = 1_000;
const putConnections = 4;
const secondsMin = 5;
/** Servers are up for months: what is measured is one that has compiled what it uses. */
const warmUpMs = 20_000;
const silenceMsMax = 30_000;
/** Prime to the number of watchers: keys are not written in the order in which they are watched. */
const keyStep = 7_919;

export const watchMany: FigureScenario = { group: "watch-many", run };

async function run({ subject, folder, seconds, scale }: ScenarioSetting): Promise<readonly Figure[]> {
  const watchers = Math.max(100, Math.round(watcherCount * scale));
  const key = (index: number): string => `watched/${index}`;
  const server = await ServerProcess.start(subject, folder);
  try {
    const startedMs: number[] = [];
    const arrivals: { readonly atMs: number; readonly microseconds: number }[] = [];
    const onEvent = (value: Uint8Array): void => {
      const put = new DataView(value.buffer, value.byteOffset).getUint32(0);
      const nowMs = performance.now();
      arrivals.push({ atMs: nowMs, microseconds: (nowMs - (startedMs[put] ?? Number.NaN)) * 1_000 });
    };
    const crowd = await WatcherCrowd.open({
      port: server.port,
      watchers,
      connections,
      streamsEach,
      key,
      onEvent,
    });
    const load = await RunningLoad.start({
      port: server.port,
      path: paths.put,
      connections: putConnections,
      pace: { perSecond: putsPerSecond },
      message: (index) => putRequest(key((index * keyStep) % watchers), numbered(index)),
      onStart: (index, atMs) => (startedMs[index] = atMs),
    });
    await sleep(warmUpMs);
    const fromMs = performance.now();
    const cpuBefore = server.figures().cpuSeconds;
    await sleep(Math.max(secondsMin, seconds) * 1_000);
    const toMs = performance.now();
    const cpuSeconds = server.figures().cpuSeconds - cpuBefore;
    await load.stop();
    await waitForAll(() => arrivals.length >= load.completed, crowd);
    crowd.close();

    const chosen = arrivals.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
    const delivery = latenciesOf(Float64Array.from(chosen, ({ microseconds }) => microseconds));
    return [
      [`one of ${watchers} watchers hears of a put, p50 ms`, delivery.p50Ms],
      ["  p99 ms", delivery.p99Ms],
      ["  p99 of the puts themselves, ms", load.latenciesBetween(fromMs, toMs).p99Ms],
      ["  processor time per put and event, us", (cpuSeconds * 1e6) / chosen.length],
    ];
  } finally {
    await server.stop();
  }
}

function numbered(index: number): Uint8Array {
  const value = new Uint8Array(valueBytes).fill(119);
  new DataView(value.buffer).setUint32(0, index);
  return value;
}

async function waitForAll(isComplete: () => boolean, crowd: WatcherCrowd): Promise<void> {
  const deadline = performance.now() + silenceMsMax;
  while (!isComplete()) {
    crowd.check();
    if (performance.now() > deadline) throw new Error("events are missing");
    await sleep(10);
  }
}
