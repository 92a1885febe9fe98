/** Levels of the queues that others keep: those of raft, and the events of the watch hub. */
import type { WatchHubStatistics } from "@quorate/machine";
import { READS_WAITING_MAX, type QueueStatus } from "@quorate/raft";
import type { QueueLevel, QueueLimits } from "./queue-limits.js";

export function raftLevels(status: QueueStatus, limits: QueueLimits): readonly QueueLevel[] {
  const { uncommittedBytesMax, inflightBytesMax, inflightMessagesMax, appendMessageBytesMax } = limits;
  return [
    { name: "uncommittedBytesMax", held: status.uncommittedBytes, limit: uncommittedBytesMax },
    {
      // As a follower: what a leader sends before it hears, and a probe. A leader has its own on top of what it had then.
      name: "uncommittedBytesMax + inflightBytesMax + appendMessageBytesMax",
      held: status.unstableBytes,
      limit: uncommittedBytesMax + inflightBytesMax + appendMessageBytesMax,
    },
    {
      name: "committedBytesPerReadyMax",
      held: status.applyingBytesBefore,
      limit: limits.committedBytesPerReadyMax,
    },
    { name: "inflightMessagesMax", held: status.inflightMessages, limit: inflightMessagesMax },
    { name: "inflightBytesMax", held: status.inflightBytesBefore, limit: inflightBytesMax },
    { name: "READS_WAITING_MAX", held: status.readsWaiting, limit: READS_WAITING_MAX },
    { name: "READS_WAITING_MAX", held: status.readsParked, limit: READS_WAITING_MAX },
  ];
}

export function watchLevels({
  recentBytesBefore,
  recentBytesMax,
}: WatchHubStatistics): readonly QueueLevel[] {
  return [{ name: "recentEventBytesMax", held: recentBytesBefore, limit: recentBytesMax }];
}
