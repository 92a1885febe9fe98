import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { sleep } from "../harness/member.js";
import { findProgram, missesPrograms, subjectKind } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";
import { isOlder } from "../harness/etcd-version.js";
import { BulkLoad } from "./bulk-load.js";
import { expectEqualHashes } from "./equal-hashes.js";
import type { FaultCluster } from "./fault-cluster.js";
import { findLoopbackPlaces } from "./place.js";
import type { PlacedMember } from "./placed-member.js";
import { suiteSize } from "./suite-size.js";
import { useFaultCluster } from "./use-fault-cluster.js";

const SIZE = 3;
const MISSED_MEGABYTES = suiteSize.isLong ? 1_024 : 60;
const VALUE_BYTES = 16_384;
const MISSED_PUTS = Math.ceil((MISSED_MEGABYTES * 1_000_000) / VALUE_BYTES);
/** Small, so that what the follower has missed is not in the log any more. */
const SNAPSHOT_ENTRIES = 500;
const IN_FLIGHT = 32;
const QUOTA_BYTES = 8 * 1024 ** 3;
const SAMPLE_MS = 100;
const GROWTH_BYTES_MAX = 256 * 1024 ** 2;
const CAUGHT_UP_MS_MAX = 300_000;
/** In the words of either server. */
const SNAPSHOT_APPLIED = /applied snapshot|received and saved database snapshot/;

const suite = `a follower that has missed ${MISSED_MEGABYTES} MB`;

describe.skipIf(missesPrograms(suite, [subjectKind]))(suite, () => {
  const useCluster = useFaultCluster(async () => ({
    kind: subjectKind,
    places: await findLoopbackPlaces(SIZE),
    size: SIZE,
    flags: [
      `--snapshot-count=${SNAPSHOT_ENTRIES}`,
      await snapshotCatchUpFlag(),
      `--quota-backend-bytes=${QUOTA_BYTES}`,
    ],
  }));

  it("catches up by a snapshot, while the others write on in bounded memory", async () => {
    const cluster = useCluster();
    const [follower] = await cluster.followers();
    if (follower === undefined) throw new Error("there is no follower");
    const endpoints = cluster.members.filter((member) => member !== follower).map(({ endpoint }) => endpoint);
    const common = { endpoints, prefix: "bulk/", inFlight: IN_FLIGHT, valueBytes: VALUE_BYTES };
    const before = new Map(cluster.members.map((member) => [member, member.residentBytes()]));
    await follower.kill();

    const missed = new BulkLoad({ ...common, keysMax: MISSED_PUTS, putsMax: MISSED_PUTS });
    await missed.ended;
    expect(missed.acknowledged, missed.lastFailure).toBe(MISSED_PUTS);
    for (const member of cluster.members) if (member !== follower) before.set(member, member.residentBytes());

    const load = new BulkLoad({ ...common, prefix: "small/", valueBytes: 100, keysMax: 1_000 });
    const alone = await countDuring(load, sleep(suiteSize.faultMs));
    const peaks = new Peaks(cluster.members);
    follower.start();
    const beginMs = performance.now();
    const during = await countDuring(load, waitUntilCaughtUp(cluster, follower));
    const seconds = (performance.now() - beginMs) / 1_000;
    await load.stop();
    peaks.stop();

    console.log(
      `caught up in ${seconds.toFixed(1)} s; writes per second meanwhile ${during.toFixed(0)}, before ${alone.toFixed(0)}`,
    );
    await expectEqualHashes(cluster);
    expect(readFileSync(follower.logFile, "utf8")).toMatch(SNAPSHOT_APPLIED);
    expect(load.lastFailure).toBe("");
    for (const [member, peak] of peaks.bytes) {
      const growth = peak - (before.get(member) ?? 0);
      console.log(
        `${member.name}: memory grew by ${(growth / 2 ** 20).toFixed(0)} MiB to ${(peak / 2 ** 20).toFixed(0)}`,
      );
      expect.soft(growth, `memory of ${member.name}`).toBeLessThan(GROWTH_BYTES_MAX);
    }
    cluster.expectNoDeaths();
  });
});

/** @returns acknowledged puts per second while `activity` lasts. */
async function countDuring(load: BulkLoad, activity: Promise<unknown>): Promise<number> {
  const [acknowledged, beginMs] = [load.acknowledged, performance.now()];
  await activity;
  return (load.acknowledged - acknowledged) / ((performance.now() - beginMs) / 1_000);
}

async function waitUntilCaughtUp(cluster: FaultCluster, follower: PlacedMember): Promise<void> {
  const leader = await cluster.leader();
  const status = await leader.status();
  const goal = status.ok ? status.message.raftAppliedIndex : 0n;
  await expect
    .poll(
      async () => {
        const now = await follower.status();
        return now.ok && now.message.raftAppliedIndex >= goal;
      },
      { timeout: CAUGHT_UP_MS_MAX, interval: SAMPLE_MS },
    )
    .toBe(true);
}

/** The most memory each member was seen to have. */
class Peaks {
  readonly bytes = new Map<PlacedMember, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(members: readonly PlacedMember[]) {
    this.#timer = setInterval(() => {
      for (const member of members) {
        if (!member.isRunning) continue;
        this.bytes.set(member, Math.max(this.bytes.get(member) ?? 0, member.residentBytes()));
      }
    }, SAMPLE_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** The flag got its present name with 3.6. */
async function snapshotCatchUpFlag(): Promise<string> {
  const program = findProgram(subjectKind);
  const { stdout } = await runCommand(program?.command ?? "", [
    ...(program?.leadingArguments ?? []),
    "--version",
  ]);
  const version = /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? "";
  const isExperimental = subjectKind === "etcd" && isOlder(version, "3.6.0");
  return `--${isExperimental ? "experimental-" : ""}snapshot-catchup-entries=${SNAPSHOT_ENTRIES}`;
}
