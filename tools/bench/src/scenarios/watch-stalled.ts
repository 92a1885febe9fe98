/** Watchers on one connection that stop to read: what that costs the writers, and the watchers that do read. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Figure, FigureScenario, ScenarioSetting } from "../figure-scenario.js";
import { paths, putRequest } from "../messages.js";
import { median } from "../percentiles.js";
import { RunningLoad } from "../running-load.js";
import { ServerProcess } from "../server-process.js";
import { WatcherCrowd } from "../watcher-crowd.js";
import { value } from "../workloads.js";

const stalledCount = 722;
const readerCount = 100;
const readerConnections = 10;
const putsInFlight = 16;
/** Each with and without the stalled ones, in turn. */
const stretches = 3;
const warmUpMs = 500;
const key = "watched";

export const watchStalled: FigureScenario = { group: "watch-stalled", run };

interface Stretch {
  readonly putsPerSecond: number;
  readonly eventsPerSecond: number;
  readonly putP99Ms: number;
  /** Of the server; says more than rates do where others use the machine too. */
  readonly cpuMicrosecondsPerPut: number;
}

async function run({ subject, folder, seconds, scale }: ScenarioSetting): Promise<readonly Figure[]> {
  const stalledWatchers = Math.max(10, Math.round(stalledCount * scale));
  const server = await ServerProcess.start(subject, folder);
  try {
    let events = 0;
    const { port } = server;
    const readers = await WatcherCrowd.open({
      port,
      watchers: readerCount,
      connections: readerConnections,
      streamsEach: readerCount / readerConnections,
      key: () => key,
      onEvent: () => events++,
    });
    const measure = (): Promise<Stretch> => measureStretch(server, seconds, () => events);
    // The first stretch of all warms the server up.
    await measure();
    const without: Stretch[] = [];
    const beside: Stretch[] = [];
    for (let stretch = 0; stretch < stretches; stretch++) {
      without.push(await measure());
      const stalled = await WatcherCrowd.open({
        port,
        watchers: stalledWatchers,
        connections: 1,
        streamsEach: stalledWatchers,
        key: () => key,
        grantsWindows: false,
      });
      beside.push(await measure());
      stalled.check();
      stalled.close();
    }
    readers.check();
    readers.close();
    return describe(stalledWatchers, without, beside);
  } finally {
    await server.stop();
  }
}

async function measureStretch(
  server: ServerProcess,
  seconds: number,
  events: () => number,
): Promise<Stretch> {
  const message = putRequest(key, value);
  const pace = { streams: putsInFlight };
  const load = await RunningLoad.start({
    port: server.port,
    path: paths.put,
    connections: 1,
    pace,
    message: () => message,
  });
  await sleep(warmUpMs);
  const [fromMs, eventsBefore] = [performance.now(), events()];
  const cpuBefore = server.figures().cpuSeconds;
  await sleep(seconds * 1_000);
  const [toMs, eventsAfter] = [performance.now(), events()];
  const cpuSeconds = server.figures().cpuSeconds - cpuBefore;
  await load.stop();
  const putsPerSecond = load.rateBetween(fromMs, toMs);
  return {
    putsPerSecond,
    cpuMicrosecondsPerPut: (cpuSeconds * 1e9) / (putsPerSecond * (toMs - fromMs)),
    eventsPerSecond: ((eventsAfter - eventsBefore) * 1_000) / (toMs - fromMs),
    putP99Ms: load.latenciesBetween(fromMs, toMs).p99Ms,
  };
}

function describe(
  stalled: number,
  without: readonly Stretch[],
  beside: readonly Stretch[],
): readonly Figure[] {
  const of = (all: readonly Stretch[], read: (stretch: Stretch) => number): number => median(all.map(read));
  const cost = (read: (stretch: Stretch) => number): number =>
    100 * (1 - of(beside, read) / of(without, read));
  return [
    [`puts per second beside ${stalled} stalled watchers`, of(beside, ({ putsPerSecond }) => putsPerSecond)],
    ["  without them", of(without, ({ putsPerSecond }) => putsPerSecond)],
    ["  cost for writers, percent", cost(({ putsPerSecond }) => putsPerSecond)],
    [`  cost for ${readerCount} watchers that read, percent`, cost(({ eventsPerSecond }) => eventsPerSecond)],
    [
      "  processor time per put and its events, us",
      of(beside, ({ cpuMicrosecondsPerPut }) => cpuMicrosecondsPerPut),
    ],
    ["  the same without them, us", of(without, ({ cpuMicrosecondsPerPut }) => cpuMicrosecondsPerPut)],
    ["  p99 of the puts, ms", of(beside, ({ putP99Ms }) => putP99Ms)],
    ["  p99 without them, ms", of(without, ({ putP99Ms }) => putP99Ms)],
  ];
}
