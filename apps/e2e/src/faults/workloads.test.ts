/**
 * Real processes agree with the simulator: its workloads and its checkers, on three members that are killed, frozen, cut off, and one of
 * which has no room left on its disk. With `LONG=1` for ten minutes.
 */
import { join } from "node:path";
import type { WorkloadName } from "@quorate/sim";
import { afterAll, describe, expect, it } from "vitest";
import { SmallDisk } from "../hostile/small-disk.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { Network } from "./network.js";
import { findLoopbackPlaces } from "./place.js";
import { runScenarios } from "./run-scenarios.js";
import { diskFull } from "./scenarios/disk-faults.js";
import {
  followerIsolated,
  leaderDeaf,
  leaderIsolated,
  leaderMute,
  packetsLost,
} from "./scenarios/network-faults.js";
import {
  followerFrozen,
  followerKilled,
  leaderFrozen,
  leaderKilled,
  rollingRestart,
} from "./scenarios/process-faults.js";
import { suiteSeed, suiteSize } from "./suite-size.js";
import { useFaultCluster } from "./use-fault-cluster.js";

const SIZE = 3;
const LONG_SECONDS = 600;
/** Room for the log segments a server prepares, and for its database. */
const DISK_MEGABYTES = 512;
const SMALL_PLACE = 0;
const WORKLOADS: readonly WorkloadName[] = [
  "append-lists",
  "sets",
  "leases",
  "fencing",
  "list-watch",
  "member-lists",
];

const suite = "the workloads of the simulator";
const isMissing = missesPrograms(suite, [subjectKind]);
const network = isMissing ? "" : await Network.create(SIZE);
const smallDisk = isMissing || !suiteSize.isLong ? "" : await SmallDisk.mount(DISK_MEGABYTES);
for (const reason of [network, smallDisk])
  if (typeof reason === "string" && reason !== "") console.warn(`left out: ${reason}`);

const short = [leaderKilled, leaderFrozen, leaderIsolated];
const long = [
  ...short,
  followerKilled,
  followerFrozen,
  followerIsolated,
  leaderMute,
  leaderDeaf,
  packetsLost,
  rollingRestart,
  ...(typeof smallDisk === "string" ? [] : [diskFull(smallDisk, SMALL_PLACE)]),
];
const scenarios = (suiteSize.isLong ? long : short).filter(
  ({ needsNetwork }) => !needsNetwork || typeof network !== "string",
);

describe.skipIf(isMissing)(suite, () => {
  afterAll(async () => {
    if (typeof network !== "string") network.remove();
    if (typeof smallDisk !== "string") await smallDisk.unmount();
  });
  const cluster = useFaultCluster(async () => ({
    kind: subjectKind,
    places: typeof network === "string" ? await findLoopbackPlaces(SIZE) : network.places,
    size: SIZE,
    special: (place) =>
      place === SMALL_PLACE && typeof smallDisk !== "string"
        ? { dataFolder: join(smallDisk.folder, "data") }
        : {},
  }));

  it("find nothing in real processes under faults", async () => {
    const verdict = await runScenarios({
      ...suiteSize,
      secondsEach: suiteSize.isLong ? LONG_SECONDS / scenarios.length : 1,
      cluster: cluster(),
      ...(typeof network === "string" ? {} : { network }),
      scenarios,
      seed: suiteSeed,
      operationsPerSecondMax: 200,
      workloads: WORKLOADS,
    });
    expect(verdict).toBe("sound");
  });
});
