/**
 * The one table of log lines: level and wording of every event. The wording is upstream's, character by character, because
 * its scripts compare it; a product that wants other logs writes another table over the same events.
 */
import { describeConfChange, describeConfState, describeMessageType } from "../describe.js";
import { describeConfig, describeProgress } from "../tracker/describe.js";
import { StateRole } from "../types/ready.js";
import type { ConfChangeDoubt, LeaderlessRequest, RaftEvent, TransferMove } from "./event.js";

export type EventLevel = "DEBUG" | "INFO" | "WARN" | "ERROR";

export interface EventLine {
  readonly level: EventLevel;
  readonly text: string;
}

const hex = (id: bigint): string => id.toString(16);
const debug = (text: string): EventLine => ({ level: "DEBUG", text });
const info = (text: string): EventLine => ({ level: "INFO", text });
const warn = (text: string): EventLine => ({ level: "WARN", text });
const error = (text: string): EventLine => ({ level: "ERROR", text });

/** The line for an event of node `id`. */
export function describeEvent(id: bigint, event: RaftEvent): EventLine {
  const self = hex(id);
  switch (event.kind) {
    case "started":
      return info(
        `newRaft ${self} [peers: [${event.voters.map(hex).join(",")}], term: ${event.term}, commit: ${event.commit}, ` +
          `applied: ${event.applied}, lastindex: ${event.lastIndex}, lastterm: ${event.lastTerm}]`,
      );
    case "role-changed":
      return info(`${self} became ${roleWords[event.role]} at term ${event.term}`);
    case "config-switched":
      return info(`${self} switched to configuration ${describeConfig(event.config)}`);

    case "higher-term":
      return info(
        `${self} [term: ${event.ownTerm}] received a ${describeMessageType(event.type)} message with higher term ` +
          `from ${hex(event.from)} [term: ${event.term}]`,
      );
    case "stale-message":
      return info(
        `${self} [term: ${event.ownTerm}] ignored a ${describeMessageType(event.type)} message with lower term ` +
          `from ${hex(event.from)} [term: ${event.term}]`,
      );
    case "stale-storage-append":
      return info(
        `${self} [term: ${event.ownTerm}] ignored entry appends from a MsgStorageAppendResp message with lower term ` +
          `[term: ${event.term}]`,
      );
    case "vote-ignored-in-lease":
      return info(
        `${describeVote(self, "ignored", event)}: lease is not expired (remaining ticks: ${event.remainingTicks})`,
      );
    case "vote-cast":
      return info(describeVote(self, "cast", event));
    case "vote-rejected":
      return info(describeVote(self, "rejected", event));
    case "vote-requested":
      return info(
        `${self} [logterm: ${event.lastTerm}, index: ${event.lastIndex}] sent ${describeMessageType(event.type)} ` +
          `request to ${hex(event.to)} at term ${event.term}`,
      );
    case "vote-received":
      return info(
        `${self} received ${describeMessageType(event.type)}${event.granted ? "" : " rejection"} ` +
          `from ${hex(event.from)} at term ${event.term}`,
      );
    case "vote-tally":
      return info(
        `${self} has received ${event.granted} ${describeMessageType(event.type)} votes and ${event.rejected} vote rejections`,
      );
    case "election-started":
      return info(`${self} is starting a new election at term ${event.term}`);
    case "election-refused":
      if (event.reason === "already-leader") return debug(`${self} ignoring MsgHup because already leader`);
      if (event.reason === "unpromotable") return warn(`${self} is unpromotable and can not campaign`);
      return warn(
        `${self} cannot campaign at term ${event.term} since there are still pending configuration changes to apply`,
      );
    case "quorum-inactive":
      return warn(`${self} stepped down to follower since quorum is not active`);
    case "timeout-now":
      return event.followed
        ? info(
            `${self} [term ${event.term}] received MsgTimeoutNow from ${hex(event.from)} and starts an election to get leadership.`,
          )
        : debug(
            `${self} [term ${event.term} state ${event.role}] ignored MsgTimeoutNow from ${hex(event.from)}`,
          );
    case "transfer":
      return describeTransfer(self, event.move, event);
    case "leader-forgotten":
      return info(`${self} forgetting leader ${hex(event.lead)} at term ${event.term}`);
    case "leader-kept-for-lease":
      return error("ignoring MsgForgetLeader due to ReadOnlyLeaseBased");

    case "leaderless":
      return info(`${self} no leader at term ${event.term}; dropping ${leaderlessWords[event.request]}`);
    case "proposal-not-forwarded":
      return info(
        `${self} not forwarding to leader ${hex(event.lead)} at term ${event.term}; dropping proposal`,
      );
    case "proposal-dropped-in-transfer":
      return debug(
        `${self} [term ${event.term}] transfer leadership to ${hex(event.target)} is in progress; dropping proposal`,
      );
    case "proposal-dropped-for-quota":
      return warn(
        `${self} appending new entries to log would exceed uncommitted entry size limit; dropping proposal`,
      );
    case "conf-change-ignored":
      return info(
        `${self} ignoring conf change ${describeConfChange(event.change)} at config ${describeConfig(event.config)}: ` +
          describeDoubt(event.reason),
      );
    case "auto-leave":
      return event.proposed
        ? info(`initiating automatic transition out of joint configuration ${describeConfig(event.config)}`)
        : debug(
            `not initiating automatic transition out of joint configuration ${describeConfig(event.config)}: raft proposal dropped`,
          );
    case "read-dropped":
      return warn(`${self} dropping read index request: ${event.waiting} are waiting already`);
    case "read-answer-malformed":
      return error(
        `${self} invalid format of MsgReadIndexResp from ${hex(event.from)}, entries count: ${event.entryCount}`,
      );

    case "no-progress":
      return debug(`${self} no progress available for ${hex(event.from)}`);
    case "append-rejected-by-us":
      return debug(
        `${self} [logterm: ${event.ownTerm}, index: ${event.index}] rejected MsgApp ` +
          `[logterm: ${event.logTerm}, index: ${event.index}] from ${hex(event.from)}`,
      );
    case "append-rejected":
      return debug(
        `${self} received MsgAppResp(rejected, hint: (index ${event.hintIndex}, term ${event.hintTerm})) ` +
          `from ${hex(event.from)} for index ${event.index}`,
      );
    case "progress-decreased":
      return debug(`${self} decreased progress of ${hex(event.to)} to [${describeProgress(event.progress)}]`);
    case "unreachable":
      return debug(
        `${self} failed to send message to ${hex(event.to)} because it is unreachable [${describeProgress(event.progress)}]`,
      );
    case "log-conflict":
      return info(
        `found conflict at index ${event.index} [existing term: ${event.ownTerm}, conflicting term: ${event.term}]`,
      );
    case "unstable-replaced":
      return info(`replace the unstable entries from index ${event.index}`);
    case "unstable-truncated":
      return info(`truncate the unstable entries before index ${event.index}`);
    case "stable-entry-missing":
      return info(`entry at index ${event.index} missing from unstable log; ignoring`);
    case "stable-entry-in-snapshot":
      return info(`entry at index ${event.index} matched unstable snapshot; ignoring`);
    case "stable-entry-mismatch":
      return info(
        `entry at (index,term)=(${event.index},${event.term}) mismatched with ` +
          `entry at (${event.index},${event.ownTerm}) in unstable log; ignoring`,
      );

    case "snapshot-not-sent":
      return event.reason === "inactive"
        ? debug(`ignore sending snapshot to ${hex(event.to)} since it is not recently active`)
        : debug(
            `${self} failed to send snapshot to ${hex(event.to)} because snapshot is temporarily unavailable`,
          );
    case "snapshot-sent":
      return debug(
        `${self} [firstindex: ${event.firstIndex}, commit: ${event.commit}] sent snapshot[index: ${event.index}, ` +
          `term: ${event.term}] to ${hex(event.to)} [${describeProgress(event.progress)}]`,
      );
    case "append-paused":
      return debug(
        `${self} paused sending replication messages to ${hex(event.to)} [${describeProgress(event.progress)}]`,
      );
    case "snapshot-reported":
      return debug(
        `${self} snapshot ${event.ok ? "succeeded" : "failed"}, resumed sending replication messages to ` +
          `${hex(event.to)} [${describeProgress(event.progress)}]`,
      );
    case "snapshot-no-longer-needed":
      return debug(
        `${self} recovered from needing snapshot, resumed sending replication messages to ` +
          `${hex(event.to)} [${describeProgress(event.progress)}]`,
      );
    case "log-restore": {
      const { log } = event;
      return info(
        `log [committed=${log.committed}, applied=${log.applied}, applying=${log.applying}, ` +
          `unstable.offset=${log.unstableFirst}, unstable.offsetInProgress=${log.unstableInProgress}, ` +
          `len(unstable.Entries)=${log.unstableCount}] starts to restore snapshot [index: ${event.index}, term: ${event.term}]`,
      );
    }
    case "snapshot-restored":
      return info(
        `${self} [commit: ${event.commit}, lastindex: ${event.lastIndex}, lastterm: ${event.lastTerm}] ` +
          `restored snapshot [index: ${event.index}, term: ${event.term}]`,
      );
    case "snapshot-fast-forwarded":
      return info(
        `${self} [commit: ${event.commit}, lastindex: ${event.lastIndex}, lastterm: ${event.lastTerm}] ` +
          `fast-forwarded commit to snapshot [index: ${event.index}, term: ${event.term}]`,
      );
    case "snapshot-handled":
      return info(
        `${self} [commit: ${event.commit}] ${event.restored ? "restored" : "ignored"} snapshot ` +
          `[index: ${event.index}, term: ${event.term}]`,
      );
    case "snapshot-before-conf-change":
      return info(
        `${self} put off a snapshot: a conf change is being applied [applied: ${event.applied}, applying: ${event.applying}]`,
      );
    case "snapshot-not-for-us":
      return warn(
        `${self} attempted to restore snapshot but it is not in the ConfState ` +
          `${describeConfState(event.confState)}; should never happen`,
      );
  }
}

const roleWords: Readonly<Record<StateRole, string>> = {
  [StateRole.StateFollower]: "follower",
  [StateRole.StateCandidate]: "candidate",
  [StateRole.StateLeader]: "leader",
  [StateRole.StatePreCandidate]: "pre-candidate",
};

const leaderlessWords: Readonly<Record<LeaderlessRequest, string>> = {
  proposal: "proposal",
  transfer: "leader transfer msg",
  read: "index reading msg",
};

type VoteEvent = Extract<RaftEvent, { kind: "vote-cast" | "vote-rejected" | "vote-ignored-in-lease" }>;

function describeVote(self: string, verb: string, event: VoteEvent): string {
  const preposition = verb === "cast" ? "for" : "from";
  return (
    `${self} [logterm: ${event.lastTerm}, index: ${event.lastIndex}, vote: ${hex(event.vote)}] ${verb} ` +
    `${describeMessageType(event.type)} ${preposition} ${hex(event.from)} ` +
    `[logterm: ${event.candidateTerm}, index: ${event.candidateIndex}] at term ${event.term}`
  );
}

function describeTransfer(
  self: string,
  move: TransferMove,
  event: { readonly target: bigint; readonly term: number },
): EventLine {
  const target = hex(event.target);
  const head = `${self} [term ${event.term}]`;
  switch (move) {
    case "to-learner":
      return debug(`${self} is learner. Ignored transferring leadership`);
    case "to-self":
      return debug(`${self} is already leader. Ignored transferring leadership to self`);
    case "already-pending":
      return info(
        `${head} transfer leadership to ${target} is in progress, ignores request to same node ${target}`,
      );
    case "aborted-previous":
      return info(`${head} abort previous transferring leadership to ${target}`);
    case "started":
      return info(`${head} starts to transfer leadership to ${target}`);
    case "timeout-now-at-once":
      return info(
        `${self} sends MsgTimeoutNow to ${target} immediately as ${target} already has up-to-date log`,
      );
    case "timeout-now-after-append":
      return info(`${self} sent MsgTimeoutNow to ${target} after received MsgAppResp`);
  }
}

function describeDoubt(doubt: ConfChangeDoubt): string {
  switch (doubt.kind) {
    case "pending":
      return `possible unapplied conf change at index ${doubt.index} (applied to ${doubt.applied})`;
    case "joint":
      return "must transition out of joint config first";
    case "not-joint":
      return "not in joint state; refusing empty conf change";
  }
}
