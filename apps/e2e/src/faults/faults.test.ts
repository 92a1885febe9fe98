import { afterAll, describe, expect, it } from "vitest";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { Network } from "./network.js";
import { findLoopbackPlaces } from "./place.js";
import { runScenarios } from "./run-scenarios.js";
import { membershipChurn } from "./scenarios/membership-faults.js";
import {
  followerDeaf,
  followerIsolated,
  followerMute,
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
/** One is free for a member that is added. */
const PLACES = SIZE + 1;

const suite = "faults of processes and of the network";
const isMissing = missesPrograms(suite, [subjectKind]);
const network = isMissing ? "" : await Network.create(PLACES);
if (typeof network === "string" && !isMissing)
  console.warn(`on loopback, without faults of the network: ${network}`);

const everyScenario = [
  leaderKilled,
  followerKilled,
  leaderFrozen,
  followerFrozen,
  leaderIsolated,
  followerIsolated,
  leaderMute,
  leaderDeaf,
  followerMute,
  followerDeaf,
  packetsLost,
  rollingRestart,
  membershipChurn,
];
const scenarios = everyScenario.filter(({ needsNetwork }) => !needsNetwork || typeof network !== "string");

describe.skipIf(isMissing)(suite, () => {
  afterAll(() => {
    if (typeof network !== "string") network.remove();
  });
  const cluster = useFaultCluster(async () => {
    const places = typeof network === "string" ? await findLoopbackPlaces(PLACES) : network.places;
    return { kind: subjectKind, places, size: SIZE };
  });

  const run = (chosen: typeof scenarios): ReturnType<typeof runScenarios> =>
    runScenarios({
      ...suiteSize,
      cluster: cluster(),
      ...(typeof network === "string" ? {} : { network }),
      scenarios: chosen,
      seed: suiteSeed,
    });

  // One history for all of them, where time is short: what the faults before have left behind is part of the test.
  it.skipIf(suiteSize.isLong)("break no promise, one after another", async () => {
    expect(await run(scenarios)).toBe("sound");
  });
  describe.runIf(suiteSize.isLong)("break no promise, each for minutes", () => {
    it.each(scenarios)("$title", async (scenario) => {
      expect(await run([scenario])).toBe("sound");
    });
  });
});
