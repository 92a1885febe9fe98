/** A leader's own appends, and the quota of what may be uncommitted. Source: Raft paper section 5.3; upstream raft.go. */
import { type Entry, createEntry, payloadsBytes } from "../types/entry.js";
import { MessageType } from "../types/message.js";
import type { Raft } from "./raft.js";

/**
 * Gives the entries their term and index and appends them. @returns false, with nothing changed, when the quota of
 * uncommitted bytes would be exceeded.
 */
export function appendAsLeader(raft: Raft, proposed: readonly Entry[]): boolean {
  if (!reserveUncommitted(raft, payloadsBytes(proposed))) {
    raft.emit({ kind: "proposal-dropped-for-quota" });
    return false;
  }
  const count = proposed.length;
  const first = raft.log.lastIndex() + 1;
  const term = raft.term;
  // Copies, because the proposal may be a message that its sender still holds, or that arrives twice.
  const entries: Entry[] = new Array<Entry>(count);
  for (let i = 0; i < count; i++) {
    const entry = proposed[i] as Entry;
    entries[i] = createEntry(entry.type, term, first + i, entry.data);
  }
  const last = raft.log.append(entries);
  // Our own acknowledgement, which counts like a follower's once these entries are durable here.
  raft.send({ type: MessageType.MsgAppResp, to: raft.id, index: last });
  return true;
}

/** Empty payloads always pass (first entry of a term, leaving a joint config), and anything does when nothing is pending. */
function reserveUncommitted(raft: Raft, bytes: number): boolean {
  const pending = raft.uncommittedBytes;
  if (pending > 0 && bytes > 0 && pending + bytes > raft.config.maxUncommittedEntriesSize) return false;
  raft.uncommittedBytes = pending + bytes;
  return true;
}

/** Gives back what applied entries had reserved. */
export function releaseUncommitted(raft: Raft, bytes: number): void {
  raft.uncommittedBytes = Math.max(0, raft.uncommittedBytes - bytes);
}
