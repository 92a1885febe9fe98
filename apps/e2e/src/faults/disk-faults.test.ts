import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { SmallDisk } from "../hostile/small-disk.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { findLoopbackPlaces } from "./place.js";
import { runScenarios } from "./run-scenarios.js";
import { diskFull, followerDiskSlow, leaderDiskSlow } from "./scenarios/disk-faults.js";
import { SlowDisk } from "./slow-disk.js";
import { suiteSeed, suiteSize } from "./suite-size.js";
import { useFaultCluster } from "./use-fault-cluster.js";

const SIZE = 3;
/** Room for the log segments a server prepares, and for its database. */
const DISK_MEGABYTES = 512;
/** Whose disk is the small one. */
const SMALL_PLACE = 0;

const suite = "faults of one member's disk";
const isMissing = missesPrograms(suite, [subjectKind]);
const smallDisk = isMissing ? "" : await SmallDisk.mount(DISK_MEGABYTES);
const slowDisk = isMissing ? "" : await SlowDisk.create(tmpdir());
for (const reason of [smallDisk, slowDisk]) {
  if (typeof reason === "string" && reason !== "") console.warn(`left out: ${suite}: ${reason}`);
}

const slowScenarios =
  typeof slowDisk === "string" ? [] : [followerDiskSlow(slowDisk), leaderDiskSlow(slowDisk)];
const fullScenarios = typeof smallDisk === "string" ? [] : [diskFull(smallDisk, SMALL_PLACE)];
const scenarios = [...slowScenarios, ...fullScenarios];

describe.skipIf(scenarios.length === 0)(suite, () => {
  afterAll(async () => {
    if (typeof slowDisk !== "string") slowDisk.remove();
    if (typeof smallDisk !== "string") await smallDisk.unmount();
  });
  const cluster = useFaultCluster(async () => ({
    kind: subjectKind,
    places: await findLoopbackPlaces(SIZE),
    size: SIZE,
    special: (place) =>
      place === SMALL_PLACE && typeof smallDisk !== "string"
        ? { dataFolder: join(smallDisk.folder, "data") }
        : {},
  }));

  const run = (chosen: typeof scenarios): ReturnType<typeof runScenarios> =>
    runScenarios({ ...suiteSize, cluster: cluster(), scenarios: chosen, seed: suiteSeed });

  it.skipIf(suiteSize.isLong)("break no promise, one after another", async () => {
    expect(await run(scenarios)).toBe("sound");
  });
  describe.runIf(suiteSize.isLong)("break no promise, each for minutes", () => {
    it.each(scenarios)("$title", async (scenario) => {
      expect(await run([scenario])).toBe("sound");
    });
  });
});
