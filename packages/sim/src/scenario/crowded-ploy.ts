/**
 * Members with room for little, and crowds that ask more of them: while a leader is alone with what it is asked, while a follower takes
 * nothing, while nobody leads, while a disk is slow. Each queue gets to its limit, and what would go beyond is refused.
 */
import type { QueueLimits } from "@quorate/server/world";
import type { Prng } from "@quorate/std";
import { LEADER, type CrowdFault, type Fault, type Plan } from "./plan.js";
import type { Ploy, PloyParts } from "./ploys.js";

const KIB = 1024;

export const CROWDED: Ploy = { name: "crowded", create: aimAtQueues };

/** How long after a member was cut off it knows of no leader. */
const LEADERLESS_MS = 2000;

function aimAtQueues(prng: Prng, { durationMs, memberCount }: Plan): PloyParts {
  const faults: Fault[] = [];
  for (let atMs = 500; atMs < durationMs; atMs += 3000 + prng.below(4000)) {
    const member = prng.below(memberCount);
    const forMs = LEADERLESS_MS + prng.below(1000);
    switch (prng.below(6)) {
      case 0:
        // What it is asked is neither committed nor refused, until it notices that it leads nobody.
        faults.push({ atMs, kind: "isolate", member: LEADER, forMs });
        faults.push(createCrowd(prng, atMs + 5, LEADER));
        break;
      case 1:
        faults.push({ atMs, kind: "isolate", member, forMs });
        faults.push(createCrowd(prng, atMs + LEADERLESS_MS - 300, member));
        break;
      case 2:
        faults.push({ atMs, kind: "clog", member, forMs: 800 });
        faults.push(createCrowd(prng, atMs + 5, LEADER));
        break;
      case 3:
        faults.push({
          atMs,
          kind: "slow-disk",
          member: prng.chance(0.5) ? LEADER : member,
          writeMs: 800,
          forMs,
        });
        faults.push(createCrowd(prng, atMs + 5, prng.chance(0.5) ? LEADER : member));
        break;
      default:
        faults.push(createCrowd(prng, atMs, prng.chance(0.5) ? LEADER : member));
    }
  }
  return {
    faults,
    queueLimits: createLimits(prng),
    clientCount: 3,
    pauseMs: 60,
    watchersPerMember: 1,
    flags: [["election-timeout", "500"]],
  };
}

function createCrowd(prng: Prng, atMs: number, member: number): CrowdFault & Fault {
  return {
    atMs,
    kind: "crowd",
    member,
    putCount: prng.pick([20, 100, 200]),
    readCount: prng.pick([0, 60, 120]),
    leaseCount: prng.pick([0, 0, 40]),
    watcherCount: prng.below(3),
    valueBytes: prng.pick([10, 300, 1000]),
    forMs: 500 + prng.below(4000),
  };
}

/** Smaller than a crowd by some times, and larger than any single entry of the workloads. */
function createLimits(prng: Prng): QueueLimits {
  const scale = prng.pick([1, 2, 4]);
  return {
    queuedCountMax: 20 * scale,
    queuedBytesMax: 16 * KIB * scale,
    proposersWaitingMax: 40 * scale,
    ownBatch: { countMax: 8 * scale, bytesMax: 4 * KIB * scale },
    forwardedBatch: { countMax: 4 * scale, bytesMax: 2 * KIB * scale },
    readersWaitingMax: 20 * scale,
    confChangesWaitingMax: 2,
    committedBytesPerReadyMax: 2 * KIB * scale,
    appendMessageBytesMax: KIB * scale,
    inflightMessagesMax: 4 * scale,
    inflightBytesMax: 4 * KIB * scale,
    uncommittedBytesMax: 12 * KIB * scale,
    unappliedBytesMax: 16 * KIB * scale,
    unwrittenBytesMax: KIB * scale,
    recentEventBytesMax: 16 * KIB * scale,
  };
}
