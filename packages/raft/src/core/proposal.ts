/** Proposals on the leader, and the gate that conf changes pass. Source: thesis section 4.1; upstream raft.go, MsgProp. */
import { assert } from "@quorate/std";
import { decodeConfChange } from "../confchange/codec.js";
import { toConfChangeV2 } from "../confchange/conf-change.js";
import type { ConfChangeDoubt } from "../events/event.js";
import type { ConfChangeV2 } from "../types/conf-change.js";
import { type Entry, EntryType, createEntry, emptyBytes } from "../types/entry.js";
import { NONE } from "../types/message.js";
import { appendAsLeader } from "./append.js";
import type { Raft, StepOutcome } from "./raft.js";
import { broadcastAppend } from "./replication.js";

/** Appends the proposed entries and sends them on; all or none. An empty proposal is our own mistake. */
export function proposeAsLeader(raft: Raft, proposed: readonly Entry[]): StepOutcome {
  assert(proposed.length > 0, () => `${raft.id} stepped empty MsgProp`);
  // Removed from the configuration while leading: nothing new from us.
  if (!raft.tracker.progress.has(raft.id)) return "proposal-dropped";
  if (raft.leadTransferee !== NONE) {
    raft.emit({ kind: "proposal-dropped-in-transfer", target: raft.leadTransferee, term: raft.term });
    return "proposal-dropped";
  }
  const entries = gateConfChanges(raft, proposed);
  if (entries === null || !appendAsLeader(raft, entries)) return "proposal-dropped";
  broadcastAppend(raft);
  return "accepted";
}

/**
 * Replaces conf changes that may not be made now by empty entries: they keep their index, their proposers see nothing
 * happen. @returns null when a conf change cannot be read; in the log it would stop every member.
 */
function gateConfChanges(raft: Raft, proposed: readonly Entry[]): readonly Entry[] | null {
  if (!hasConfChange(proposed)) return proposed; // the hot path: no copy
  const changes = proposed.map((entry) => decodeConfChange(entry));
  if (proposed.some((entry, i) => entry.type !== EntryType.EntryNormal && changes[i] === null)) return null;
  return proposed.map((entry, i) => {
    const decoded = changes[i];
    if (decoded == null) return entry;
    const change = toConfChangeV2(decoded);
    const doubt = raft.config.disableConfChangeValidation ? null : doubtOf(raft, change);
    if (doubt === null) {
      raft.pendingConfIndex = raft.log.lastIndex() + i + 1;
      return entry;
    }
    raft.emit({ kind: "conf-change-ignored", change, config: raft.tracker.config, reason: doubt });
    return createEntry(EntryType.EntryNormal, 0, 0, emptyBytes);
  });
}

function hasConfChange(entries: readonly Entry[]): boolean {
  for (let i = 0; i < entries.length; i++) {
    if ((entries[i] as Entry).type !== EntryType.EntryNormal) return true;
  }
  return false;
}

/** What speaks against a change, judged by the configuration in force here, which may lag behind the log. */
function doubtOf(raft: Raft, change: ConfChangeV2): ConfChangeDoubt | null {
  if (raft.pendingConfIndex > raft.log.applied) {
    return { kind: "pending", index: raft.pendingConfIndex, applied: raft.log.applied };
  }
  const joint = raft.tracker.config.votersOutgoing.length > 0;
  const leaves = change.changes.length === 0;
  if (joint && !leaves) return { kind: "joint" };
  return !joint && leaves ? { kind: "not-joint" } : null;
}

/** The way out of a joint configuration that was entered with automatic leave: an empty V2 change. */
export function proposeAutoLeave(raft: Raft): void {
  const config = raft.tracker.config;
  // Refused while a transfer is under way; it is tried again with every applied entry.
  const outcome = proposeAsLeader(raft, [createEntry(EntryType.EntryConfChangeV2, 0, 0, emptyBytes)]);
  raft.emit({ kind: "auto-leave", config, proposed: outcome === "accepted" });
}
