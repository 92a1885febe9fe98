/**
 * Sending: appends, heartbeats and snapshots, to one follower or to all of them in ascending order of ids.
 * Source: Raft paper sections 5.3 and 7; thesis section 10.2; upstream raft.go.
 */
import { assert } from "@quorate/std";
import type { Progress } from "../tracker/progress.js";
import { type Entry, payloadsBytes } from "../types/entry.js";
import { MessageType } from "../types/message.js";
import type { Raft } from "./raft.js";

const noEntries: readonly Entry[] = [];

/** Sends what the follower lacks, or an empty append that carries the commit index; nothing while it is paused. */
export function sendAppend(raft: Raft, to: bigint, progress: Progress): void {
  maybeSendAppend(raft, to, progress, true);
}

/** Sends appends until there is nothing more to send, or no more may be sent. */
export function sendAppendsWhilePossible(raft: Raft, to: bigint, progress: Progress): void {
  while (maybeSendAppend(raft, to, progress, false)) {
    // each call sends one message and moves `next`, or stops the loop
  }
}

/** @param evenIfEmpty whether a message without entries is worth sending. @returns whether one was sent. */
export function maybeSendAppend(raft: Raft, to: bigint, progress: Progress, evenIfEmpty: boolean): boolean {
  if (progress.paused) return false;
  const prevIndex = progress.next - 1;
  const prevTerm = raft.log.term(prevIndex);
  // What the follower needs next, or what it must match, is compacted here.
  if (typeof prevTerm !== "number") return maybeSendSnapshot(raft, to, progress);

  // With the window full only empty appends go out: if everything in flight was lost, one of them will be rejected (or
  // acknowledged) and reopen the window.
  const throttled = progress.state === "StateReplicate" && progress.inflights.full;
  const entries = throttled ? noEntries : raft.log.entriesFrom(progress.next, raft.config.maxSizePerMsg);
  if (entries === "compacted") return evenIfEmpty && maybeSendSnapshot(raft, to, progress);
  if (entries.length === 0 && !evenIfEmpty) return false;

  const commit = raft.log.committed;
  raft.send({ type: MessageType.MsgApp, to, index: prevIndex, logTerm: prevTerm, entries, commit });
  progress.sentEntries(entries.length, payloadsBytes(entries));
  progress.sentCommit(commit);
  return true;
}

function maybeSendSnapshot(raft: Raft, to: bigint, progress: Progress): boolean {
  // A follower that is down would only make us build snapshots for nobody.
  if (!progress.recentActive) {
    raft.emit({ kind: "snapshot-not-sent", to, reason: "inactive" });
    return false;
  }
  const snapshot = raft.log.snapshot();
  if (snapshot === "temporarily-unavailable") {
    raft.emit({ kind: "snapshot-not-sent", to, reason: "unavailable" });
    return false;
  }
  const { index, term } = snapshot.metadata;
  assert(index > 0, "need non-empty snapshot");
  raft.emit({
    kind: "snapshot-sent",
    to,
    firstIndex: raft.log.firstIndex(),
    commit: raft.log.committed,
    index,
    term,
    progress: progress.view(),
  });
  progress.becomeSnapshot(index);
  raft.emit({ kind: "append-paused", to, progress: progress.view() });
  raft.send({ type: MessageType.MsgSnap, to, snapshot });
  return true;
}

export function broadcastAppend(raft: Raft): void {
  for (const [id, progress] of raft.tracker.progress) {
    if (id !== raft.id) sendAppend(raft, id, progress);
  }
}

/** Starts the newly added: whoever lacks entries gets some, without waiting for a heartbeat. */
export function probeEverybody(raft: Raft): void {
  for (const [id, progress] of raft.tracker.progress) {
    if (id !== raft.id) maybeSendAppend(raft, id, progress, false);
  }
}

/** Every heartbeat repeats the newest unconfirmed read, so that a lost round is made good by the next tick. */
export function broadcastHeartbeat(raft: Raft): void {
  const context = raft.readOnly.heartbeatContext();
  for (const [id, progress] of raft.tracker.progress) {
    if (id === raft.id) continue;
    // Never beyond what the follower is known to match: it takes the index on faith.
    const commit = Math.min(progress.match, raft.log.committed);
    raft.send({ type: MessageType.MsgHeartbeat, to: id, commit, context });
    progress.sentCommit(commit);
  }
}

/** Commits what a quorum has acknowledged. @returns whether the commit index moved; the caller then tells everybody. */
export function maybeCommit(raft: Raft): boolean {
  return raft.log.maybeCommit(raft.tracker.committed(), raft.term);
}
