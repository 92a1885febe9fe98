/** One member's disk: full, and slow. */
import { etcdserverpb } from "@quorate/proto";
import type { SmallDisk } from "../../hostile/small-disk.js";
import { sleep } from "../../harness/member.js";
import type { PlacedMember } from "../placed-member.js";
import { pickFollower } from "../scenario.js";
import type { Scenario, Stage } from "../scenario.js";
import type { SlowDisk } from "../slow-disk.js";

/** What is left on the disk before the bulk is written: less than any server prepares for its next file. */
const LEFT_BYTES = 1_000_000;
const BULK_VALUE_BYTES = 250_000;
/** The same few keys again and again: the log grows by all of it, other members' databases by little. */
const BULK_KEYS = 16;
/** Enough to fill the files that were prepared before the disk was full, several times over. */
const BULK_WRITES_MAX = 1_600;
const BULK_MS_MAX = 5_000;
const BULK_IN_FLIGHT = 4;
/** A member that does not end over it has this long to show that it does not. */
const ENDED_MS_MAX = 15_000;

/** Few enough that every sync takes a tenth of a second and more; a leader's heartbeats have nothing to do with it. */
const SLOW_WRITES_PER_SECOND = 20;

/**
 * @param disk of the member at `place`, and nobody else's.
 * The member may end or refuse, as long as the others go on and it comes back once there is room.
 */
export function diskFull(disk: SmallDisk, place: number): Scenario {
  return {
    title: "one member's disk is full",
    // It may be the leader.
    provokesElection: true,
    needsNetwork: false,
    async round(stage) {
      const victim = stage.cluster.members.find((member) => stage.cluster.placeOf(member) === place);
      if (victim === undefined) throw new Error(`there is no member at place ${place}`);
      victim.allowToEnd();
      disk.fillUpTo(LEFT_BYTES);
      const others = stage.cluster.members.filter((member) => member !== victim);
      const written = await writeBulk(others, victim);
      if (victim.isRunning) await victim.waitUntilEnded(ENDED_MS_MAX).catch(() => undefined);
      console.log(`after ${written} writes ${victim.name} ${victim.isRunning ? "still runs" : "has ended"}`);
      disk.giveBack();
      // One that hangs on instead of ending is as useless as a dead one, and is restarted as an operator would.
      if (victim.isRunning) await victim.stop();
      victim.start();
    },
  };
}

/** @returns how many writes it took until the victim ended, or all of them. */
async function writeBulk(others: readonly PlacedMember[], victim: PlacedMember): Promise<number> {
  const value = new Uint8Array(BULK_VALUE_BYTES).fill(120);
  let started = 0;
  const write = async (): Promise<void> => {
    while (started < BULK_WRITES_MAX && victim.isRunning) {
      const via = others[started % others.length];
      const key = Buffer.from(`bulk/${started % BULK_KEYS}`);
      started += 1;
      await via?.client.call(etcdserverpb.KV.method.put, { key, value }, BULK_MS_MAX);
    }
  };
  await Promise.all(Array.from({ length: BULK_IN_FLIGHT }, write));
  return started;
}

function slow(title: string, disk: SlowDisk, pick: (stage: Stage) => Promise<PlacedMember>): Scenario {
  return {
    title,
    provokesElection: false,
    needsNetwork: false,
    async round(stage) {
      const victim = await pick(stage);
      disk.add(victim.pid);
      disk.limit(SLOW_WRITES_PER_SECOND);
      try {
        await sleep(2 * stage.faultMs);
      } finally {
        disk.limit(undefined);
        disk.release(victim.pid);
      }
    },
  };
}

export function followerDiskSlow(disk: SlowDisk): Scenario {
  return slow("a follower's disk is slow", disk, pickFollower);
}

/** The leader sends before it has stored: a write waits for the quorum's disks, not for the slowest. */
export function leaderDiskSlow(disk: SlowDisk): Scenario {
  return slow("the leader's disk is slow", disk, ({ cluster }) => cluster.leader());
}
