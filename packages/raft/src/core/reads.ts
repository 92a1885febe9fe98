/** Linearizable reads on the leader. Source: Raft thesis section 6.4; upstream raft.go, MsgReadIndex. */
import { assert } from "@quorate/std";
import type { Entry } from "../types/entry.js";
import { type Message, MessageType, NONE } from "../types/message.js";
import type { Raft } from "./raft.js";
import { READS_WAITING_MAX } from "./read-only.js";
import { broadcastHeartbeat } from "./replication.js";

/**
 * A read request: answered at once, after a quorum was heard of, or after the first commit of the term.
 *
 * Before that commit our commit index may lag behind what was acknowledged to clients: by a predecessor, or by ourselves
 * before a crash, for a commit index is not synced. The latter holds for a single voter too, where upstream answers at
 * once; the fuzzer found the stale read.
 */
export function handleReadIndex(raft: Raft, request: Message): void {
  if (committedInTerm(raft)) {
    startRead(raft, request);
  } else if (raft.parkedReads.length < READS_WAITING_MAX) {
    raft.parkedReads.push(request);
  } else {
    raft.emit({ kind: "read-dropped", waiting: raft.parkedReads.length });
  }
}

/** Called when the commit index moved, that is, when something of this term is committed. */
export function releaseParkedReads(raft: Raft): void {
  if (raft.parkedReads.length === 0) return;
  assert(committedInTerm(raft), "parked reads released before the first commit of the term");
  const requests = raft.parkedReads;
  raft.parkedReads = [];
  for (const request of requests) startRead(raft, request);
}

/** An echo of our heartbeat may complete a quorum for the reads that wait. */
export function handleReadAcknowledgement(raft: Raft, from: bigint, context: Uint8Array): void {
  if (context.length === 0) return;
  raft.readOnly.acknowledge(from, context);
  answerConfirmedReads(raft);
}

/**
 * Answers the reads that a quorum of the present configuration has confirmed. After a change of configuration that may be
 * more than before: with the others gone, nobody's echo would come to tell.
 */
export function answerConfirmedReads(raft: Raft): void {
  for (const read of raft.readOnly.takeConfirmed(raft.tracker.quorumIndex(raft.readOnly))) {
    answerRead(raft, read.request, read.index);
  }
}

function startRead(raft: Raft, request: Message): void {
  if (raft.config.readOnlyOption === "lease-based") {
    answerRead(raft, request, raft.log.committed);
    return;
  }
  if (!raft.readOnly.add(raft.log.committed, request)) {
    raft.emit({ kind: "read-dropped", waiting: raft.readOnly.waitingCount });
    return;
  }
  raft.readOnly.acknowledge(raft.id, raft.readOnly.heartbeatContext());
  // Where this node alone is a quorum, that was all; a removed leader's word counts for nothing and is not asked for.
  answerConfirmedReads(raft);
  if (raft.readOnly.waitingCount > 0) broadcastHeartbeat(raft);
}

function answerRead(raft: Raft, request: Message, index: number): void {
  if (request.from === NONE || request.from === raft.id) {
    raft.readStates.push({ index, requestContext: (request.entries[0] as Entry).data });
    return;
  }
  raft.send({ type: MessageType.MsgReadIndexResp, to: request.from, index, entries: request.entries });
}

function committedInTerm(raft: Raft): boolean {
  return raft.log.termOrZero(raft.log.committed) === raft.term;
}
