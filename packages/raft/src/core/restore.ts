/** A snapshot arrives at a follower. Source: Raft paper section 7; upstream raft.go, restore. */
import { assert } from "@quorate/std";
import { EntryType } from "../types/entry.js";
import { type Message, MessageType } from "../types/message.js";
import { StateRole } from "../types/ready.js";
import { type Snapshot, emptySnapshot } from "../types/snapshot.js";
import { restoreConfiguration } from "./configuration.js";
import type { Raft } from "./raft.js";

/** Answers with how far we are now, whether the snapshot helped or not. */
export function handleSnapshot(raft: Raft, message: Message): void {
  const snapshot = message.snapshot ?? emptySnapshot;
  const restored = restore(raft, snapshot);
  const { index, term } = snapshot.metadata;
  raft.emit({ kind: "snapshot-handled", restored, commit: raft.log.committed, index, term });
  const reached = restored ? raft.log.lastIndex() : raft.log.committed;
  raft.send({ type: MessageType.MsgAppResp, to: message.from, index: reached });
}

/** @returns false when the snapshot was ignored: old, not for us, or our log has it all already. */
function restore(raft: Raft, snapshot: Snapshot): boolean {
  const { index, term, confState } = snapshot.metadata;
  if (index <= raft.log.committed) return false;
  assert(raft.role === StateRole.StateFollower, () => `snapshot stepped as ${raft.role}`);
  const lists = [confState.voters, confState.learners, confState.votersOutgoing];
  if (!lists.some((ids) => ids.includes(raft.id))) {
    raft.emit({ kind: "snapshot-not-for-us", confState });
    return false;
  }
  if (raft.log.matchTerm(index, term)) {
    // Everything in it is in our log, and committed as we now know.
    emitRestore(raft, "snapshot-fast-forwarded", snapshot);
    raft.log.commitTo(index);
    return false;
  }
  // The application may still be busy with a conf change that it was handed out; applied after the snapshot's newer
  // configuration is in force, it would not fit any more. Upstream takes the snapshot all the same. The leader will send
  // another one, and by then that change is history.
  if (raft.log.hasUnapplied(raft.log.applying, (entry) => entry.type !== EntryType.EntryNormal)) {
    raft.emit({
      kind: "snapshot-before-conf-change",
      applied: raft.log.applied,
      applying: raft.log.applying,
    });
    return false;
  }
  raft.log.restore(snapshot);
  restoreConfiguration(raft, confState);
  emitRestore(raft, "snapshot-restored", snapshot);
  return true;
}

function emitRestore(
  raft: Raft,
  kind: "snapshot-restored" | "snapshot-fast-forwarded",
  snapshot: Snapshot,
): void {
  const last = raft.log.lastEntryId();
  const { index, term } = snapshot.metadata;
  raft.emit({ kind, commit: raft.log.committed, lastIndex: last.index, lastTerm: last.term, index, term });
}
