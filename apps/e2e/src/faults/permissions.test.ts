/** Permissions that change and members that die: nobody reads or writes what the history of the permissions forbids. */
import { describe, expect, it } from "vitest";
import { sleep } from "../harness/member.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { ProcessWorkloads } from "../history/index.js";
import { findLoopbackPlaces } from "./place.js";
import { suiteSeed, suiteSize } from "./suite-size.js";
import { useFaultCluster } from "./use-fault-cluster.js";

const SIZE = 3;
const SECONDS = suiteSize.isLong ? 120 : 8;
const AWAY_MS = 1500;
const BETWEEN_MS = 1500;

const suite = "permissions that change while members die";

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  // Hashing is not what is tried here.
  const useCluster = useFaultCluster(async () => ({
    kind: subjectKind,
    places: await findLoopbackPlaces(SIZE),
    size: SIZE,
    flags: ["--bcrypt-cost=4"],
  }));

  it("are kept by every member", async () => {
    const cluster = useCluster();
    const workloads = new ProcessWorkloads(cluster.endpoints, { seed: suiteSeed, names: ["auth-changes"] });
    try {
      workloads.start();
      const untilMs = performance.now() + SECONDS * 1000;
      for (let round = 0; performance.now() < untilMs; round++) {
        await sleep(BETWEEN_MS);
        const member = round % 2 === 0 ? await cluster.leader() : cluster.members[round % SIZE];
        if (member === undefined) throw new Error("there are no members");
        await member.kill();
        await sleep(AWAY_MS);
        member.start();
      }
      await workloads.end();
      expect(await workloads.judge()).toEqual([]);
      await cluster.waitUntilHealthy();
      cluster.expectNoDeaths();
    } finally {
      workloads.close();
    }
  });
});
