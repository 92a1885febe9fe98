/** Watchers of keys that nobody writes: what they cost in memory. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Figure, FigureScenario, ScenarioSetting } from "../figure-scenario.js";
import { ServerProcess } from "../server-process.js";
import { WatcherCrowd } from "../watcher-crowd.js";

const watcherCount = 1_000_000;
const connections = 10;
const streamsEach = 10;
/** Garbage of the opening has time to go. */
const restMs = 3_000;

export const watchIdle: FigureScenario = { group: "watch-idle", run };

async function run({ subject, folder, scale }: ScenarioSetting): Promise<readonly Figure[]> {
  const watchers = Math.round(watcherCount * scale);
  const key = (index: number): string => `idle/${String(index).padStart(9, "0")}`;
  const server = await ServerProcess.start(subject, folder);
  try {
    const before = server.figures();
    const beganMs = performance.now();
    const crowd = await WatcherCrowd.open({ port: server.port, watchers, connections, streamsEach, key });
    const openSeconds = (performance.now() - beganMs) / 1_000;
    await sleep(restMs);
    const after = server.figures();
    crowd.check();
    crowd.close();
    const bytes = after.residentBytes - before.residentBytes;
    return [
      [`memory that ${watchers} idle watchers add, MiB`, bytes / 2 ** 20],
      ["  each, bytes", bytes / watchers],
      ["  memory of the process at its highest, MiB", after.residentPeakBytes / 2 ** 20],
      ["  opening them, s", openSeconds],
    ];
  } finally {
    await server.stop();
  }
}
