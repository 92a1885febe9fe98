/** Raft as the driver runs it: with asynchronous writes, checks of the quorum, and the limits of the member's queues. */
import { RawNode } from "@quorate/raft";
import type { MemberParts } from "./member-parts.js";
import type { QueueLimits } from "./queue-limits.js";

const HEARTBEAT_TICKS = 1;

export function createRaftNode(
  { settings, ports, storage, events }: MemberParts,
  limits: QueueLimits,
): RawNode {
  return new RawNode({
    id: settings.memberId,
    electionTick: settings.electionTicks,
    heartbeatTick: HEARTBEAT_TICKS,
    storage,
    random: ports.random,
    maxSizePerMsg: limits.appendMessageBytesMax,
    maxInflightMsgs: limits.inflightMessagesMax,
    maxInflightBytes: limits.inflightBytesMax,
    maxCommittedSizePerReady: limits.committedBytesPerReadyMax,
    maxUncommittedEntriesSize: limits.uncommittedBytesMax,
    applied: settings.appliedIndex,
    asyncStorageWrites: true,
    checkQuorum: true,
    preVote: settings.preVote,
    ...(events === undefined ? {} : { events }),
  });
}
