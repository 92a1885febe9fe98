import { describe, expect, it } from "vitest";
import { startCluster } from "../cluster/use-cluster.js";
import { isOlder, readVersion } from "../harness/etcd-version.js";
import { lacksOffers } from "../harness/offers.js";
import { missesPrograms, subjectKind } from "../harness/programs.js";
import { useMember } from "../harness/use-member.js";
import { etcdRelease } from "../cluster/releases.js";
import { runWatches } from "./watch/watch-run.js";
import { progressFlags, serveAlone, serveTogether } from "./watch/watch-servers.js";

const stepCount = Number(process.env["E2E_WATCH_STEPS"] ?? 1_000);
/** Each costs several operations on three members that share a machine. */
const clusterStepCount = Math.ceil(stepCount / 2);
const seeds = chooseSeeds();

const suite = "what watchers are told, side by side with etcd";
const lacksServices = lacksOffers(suite, ["Watch", "Lease", "KV"]);

// Each seed has servers of its own, so that its run can be repeated alone.
for (const seed of seeds) {
  const isLeftOut = missesPrograms(suite, [subjectKind, "etcd"]) || lacksServices;
  describe.skipIf(isLeftOut)(`${suite}, seed ${seed}`, () => {
    const ours = subjectKind === "etcd" ? (etcdRelease ?? "") : "3.7.0";
    const subject = useMember({ kind: subjectKind, flags: progressFlags(ours) });
    const reference = useMember({ kind: "etcd", flags: progressFlags(etcdRelease ?? "") });

    it(`is the history of ${stepCount} random steps, and what etcd's are told`, async () => {
      const versions = [await readVersion(subject()), await readVersion(reference())] as const;
      const servers = [serveAlone(subject(), seed, versions[0]), serveAlone(reference(), seed, versions[1])];
      const startsBelowZero = versions.every((version) => !isOlder(version, "3.6.6"));
      const { findings, summary } = await runWatches(servers, {
        seed,
        steps: stepCount,
        startsBelowZero,
        reusesIds: false,
      });
      console.log(`seed ${seed}: ${summary}`);
      expect(findings, `replay with E2E_SEED=${seed}`).toEqual([]);
    });
  });
}

const clusterSuite = "what watchers of three members are told";
const lacksCluster = lacksOffers(clusterSuite, ["Watch", "Lease", "Maintenance.MoveLeader"]);

describe.skipIf(missesPrograms(clusterSuite, [subjectKind]) || lacksCluster)(clusterSuite, () => {
  it.each(seeds)("is the history, whoever leads, seed %i", async (seed) => {
    const release = subjectKind === "etcd" ? (etcdRelease ?? "") : "3.7.0";
    const names = ["m1", "m2", "m3"];
    const cluster = await startCluster(
      names.map((name) => ({ kind: subjectKind, name, flags: progressFlags(release) })),
    );
    const servers = [serveTogether(cluster, seed, release)];
    const startsBelowZero = !isOlder(release, "3.6.6");
    const { findings, summary } = await runWatches(servers, {
      seed,
      steps: clusterStepCount,
      startsBelowZero,
      reusesIds: subjectKind === "quorate",
    });
    console.log(`seed ${seed}: ${summary}`);
    cluster.expectNoDeaths();
    expect(findings, `replay with E2E_SEED=${seed}`).toEqual([]);
  });
});

/** One that is always the same, so that two runs can be compared, and one that no run had before. */
function chooseSeeds(): readonly number[] {
  const named = process.env["E2E_SEED"];
  return named === undefined ? [1, Date.now() % 1_000_000] : [Number(named)];
}
