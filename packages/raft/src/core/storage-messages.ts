/**
 * The messages that stand for storage writes, and their answers.
 *
 * Synchronous mode uses the answers alone: `advance` steps them. Asynchronous mode wraps the writes too:
 *
 *     node --MsgStorageAppend{entries, hard state, snapshot, responses}--> append thread --responses, in order--> nodes
 *     node --MsgStorageApply{committed entries, response}---------------> apply thread  --response------------> node
 *
 * Why the append's answer names the last entry of the whole unstable log, and our term: a write may be overtaken. A leader
 * A appends at this node, B overwrites, A comes back and rewrites the same entries, all while the first write is under
 * way. When that first write is confirmed, the log looks as if it were the third one, and a read of storage could still
 * find B's. So a confirmation counts only in the term in which its write was handed out, and because each new term
 * writes at least its hard state, and that answer too names the last entry, confirmation comes in the end.
 * Source: upstream rawnode.go; testdata async_storage_writes_append_aba_race.
 */
import type { Entry } from "../types/entry.js";
import {
  LOCAL_APPEND_THREAD,
  LOCAL_APPLY_THREAD,
  type Message,
  MessageType,
  createMessage,
} from "../types/message.js";
import type { HardState, Snapshot } from "../types/snapshot.js";
import type { Raft } from "./raft.js";

/** The write of one Ready; null when there is nothing to write and nobody waits for earlier writes. */
export function createStorageAppend(
  raft: Raft,
  write: {
    readonly entries: readonly Entry[];
    readonly hardState: HardState | null;
    readonly snapshot: Snapshot | null;
  },
): Message | null {
  const { entries, hardState, snapshot } = write;
  const waiting = raft.messagesAfterAppend;
  if (entries.length === 0 && hardState === null && snapshot === null && waiting.length === 0) return null;
  const answer = createStorageAppendResponse(raft, snapshot);
  return createMessage({
    type: MessageType.MsgStorageAppend,
    to: LOCAL_APPEND_THREAD,
    from: raft.id,
    entries,
    snapshot,
    // All three or none, so that the reader can tell an unchanged hard state by their being zero.
    term: hardState?.term ?? 0,
    vote: hardState?.vote ?? 0n,
    commit: hardState?.commit ?? 0,
    // Our own acknowledgement comes before the confirmation: it finds the entries' terms still in memory.
    responses: answer === null ? waiting : [...waiting, answer],
  });
}

/** The confirmation of a write; null when the log has nothing to confirm. */
export function createStorageAppendResponse(raft: Raft, snapshot: Snapshot | null): Message | null {
  const hasUnstable = raft.log.unstable.length > 0;
  if (!hasUnstable && snapshot === null) return null;
  const last = hasUnstable ? raft.log.lastEntryId() : { index: 0, term: 0 };
  return createMessage({
    type: MessageType.MsgStorageAppendResp,
    to: raft.id,
    from: LOCAL_APPEND_THREAD,
    term: raft.term,
    index: last.index,
    logTerm: last.term,
    snapshot,
  });
}

/** The order to apply committed entries. Termless: what is committed stays so. */
export function createStorageApply(raft: Raft, entries: readonly Entry[]): Message {
  return createMessage({
    type: MessageType.MsgStorageApply,
    to: LOCAL_APPLY_THREAD,
    from: raft.id,
    entries,
    responses: [createStorageApplyResponse(raft, entries)],
  });
}

/** The report that committed entries have been applied. */
export function createStorageApplyResponse(raft: Raft, entries: readonly Entry[]): Message {
  return createMessage({
    type: MessageType.MsgStorageApplyResp,
    to: raft.id,
    from: LOCAL_APPLY_THREAD,
    entries,
  });
}
