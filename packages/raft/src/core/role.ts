/**
 * Changes of role. The legal ones:
 *
 *                        election timeout (with PreVote)          quorum would vote
 *       +----------+ ---------------------------> +--------------+ -------+
 *       | follower |                              | pre-candidate|        v
 *       |          | --------------------------------------> +-----------+     quorum voted    +--------+
 *       +----------+        election timeout, transfer       | candidate | ------------------> | leader |
 *         ^  ^  ^                                            +-----------+                     +--------+
 *         |  |  +-- lost, leader of the term seen, higher term ---+                                 |
 *         |  +----- the same, from pre-candidate                                                    |
 *         +-------- higher term, no quorum heard of, removed ---------------------------------------+
 *
 * Source: Raft paper figure 4, thesis section 9.6 (PreVote); upstream raft.go.
 */
import { assert } from "@quorate/std";
import { EntryType, createEntry, emptyBytes } from "../types/entry.js";
import { NONE } from "../types/message.js";
import { StateRole } from "../types/ready.js";
import { appendAsLeader } from "./append.js";
import type { Raft } from "./raft.js";
import { ReadOnly } from "./read-only.js";

/** @param lead 0 when unknown. */
export function becomeFollower(raft: Raft, term: number, lead: bigint): void {
  reset(raft, term);
  raft.lead = lead;
  enterRole(raft, StateRole.StateFollower);
}

/** A new term, with our own vote. */
export function becomeCandidate(raft: Raft): void {
  assert(!raft.isLeader, "invalid transition [leader -> candidate]");
  reset(raft, raft.term + 1);
  raft.vote = raft.id;
  enterRole(raft, StateRole.StateCandidate);
}

/** Asks before disturbing: neither term nor vote change. */
export function becomePreCandidate(raft: Raft): void {
  assert(!raft.isLeader, "invalid transition [leader -> pre-candidate]");
  raft.tracker.resetVotes();
  raft.lead = NONE;
  enterRole(raft, StateRole.StatePreCandidate);
}

export function becomeLeader(raft: Raft): void {
  assert(raft.role !== StateRole.StateFollower, "invalid transition [follower -> leader]");
  reset(raft, raft.term);
  raft.lead = raft.id;
  raft.role = StateRole.StateLeader;
  const own = raft.tracker.progress.get(raft.id);
  assert(own !== undefined, () => `leader ${raft.id} is not in its own configuration`);
  own.becomeReplicate();
  own.recentActive = true;
  // A predecessor may have left a conf change anywhere in the log; scanning for it could be long, waiting is cheap.
  raft.pendingConfIndex = raft.log.lastIndex();
  // Entries of earlier terms commit only together with one of this term (paper section 5.4.2): here it is.
  const accepted = appendAsLeader(raft, [createEntry(EntryType.EntryNormal, 0, 0, emptyBytes)]);
  assert(accepted, "the empty first entry of a term was dropped");
  raft.emit({ kind: "role-changed", role: raft.role, term: raft.term });
}

function enterRole(raft: Raft, role: StateRole): void {
  raft.role = role;
  raft.emit({ kind: "role-changed", role, term: raft.term });
}

function reset(raft: Raft, term: number): void {
  if (raft.term !== term) {
    raft.term = term;
    raft.vote = NONE;
  }
  raft.lead = NONE;
  raft.electionElapsedTicks = 0;
  raft.heartbeatElapsedTicks = 0;
  const electionTick = raft.config.electionTick;
  raft.randomizedElectionTicks = electionTick + raft.config.random(electionTick);
  raft.leadTransferee = NONE;
  raft.tracker.resetVotes();
  raft.tracker.resetProgress(raft.id, raft.log.lastIndex());
  raft.pendingConfIndex = 0;
  raft.uncommittedBytes = 0;
  raft.readOnly = new ReadOnly();
  raft.parkedReads = [];
}
