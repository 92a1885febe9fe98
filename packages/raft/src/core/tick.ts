/** The passage of time, one tick at a time. Source: Raft paper section 5.2; upstream raft.go, tickElection and tickHeartbeat. */
import { NONE } from "../types/message.js";
import { hup, isPromotable } from "./election.js";
import { checkQuorum } from "./leader.js";
import type { Raft } from "./raft.js";
import { broadcastHeartbeat } from "./replication.js";

export function tick(raft: Raft): void {
  if (raft.isLeader) tickLeader(raft);
  else tickElection(raft);
}

function tickElection(raft: Raft): void {
  raft.electionElapsedTicks++;
  if (raft.electionElapsedTicks < raft.randomizedElectionTicks || !isPromotable(raft)) return;
  raft.electionElapsedTicks = 0;
  hup(raft, raft.config.preVote ? "pre-election" : "election");
}

function tickLeader(raft: Raft): void {
  raft.heartbeatElapsedTicks++;
  raft.electionElapsedTicks++;
  if (raft.electionElapsedTicks >= raft.config.electionTick) {
    raft.electionElapsedTicks = 0;
    if (raft.config.checkQuorum) checkQuorum(raft);
    // A transfer that took that long has failed: lead on, and take proposals again.
    raft.leadTransferee = NONE;
  }
  if (!raft.isLeader) return;
  if (raft.heartbeatElapsedTicks >= raft.config.heartbeatTick) {
    raft.heartbeatElapsedTicks = 0;
    broadcastHeartbeat(raft);
  }
}
