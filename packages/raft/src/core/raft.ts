/**
 * The state of one node, and the two ways out of it: messages and events. What a node does with this state stands in the
 * files beside: one per role, one per subject.
 *
 * Everything here is plain data on purpose, open to the functions of this folder and to nobody else: RawNode is the door.
 * Source: Raft paper figure 2; upstream raft.go.
 */
import { assert, unreachable } from "@quorate/std";
import type { RaftEvent } from "../events/event.js";
import { RaftLog } from "../log/raft-log.js";
import { ProgressTracker } from "../tracker/progress-tracker.js";
import type { CheckedConfig } from "../types/config.js";
import { type Message, type MessageFields, MessageType, NONE, createMessageFrom } from "../types/message.js";
import { type ReadState, StateRole } from "../types/ready.js";
import type { HardState } from "../types/snapshot.js";
import { ReadOnly } from "./read-only.js";

/** "accepted", or why not; a refusal changes nothing. */
export type StepOutcome = "accepted" | "proposal-dropped" | "local-message" | "peer-not-found";

export class Raft {
  readonly config: CheckedConfig;
  readonly id: bigint;
  readonly log: RaftLog;
  readonly tracker: ProgressTracker;

  // Persistent, together with log.committed: the hard state.
  term = 0;
  vote: bigint = NONE;

  role: StateRole = StateRole.StateFollower;
  /** 0 while unknown. */
  lead: bigint = NONE;
  isLearner = false;

  /** To send at once; never addressed to ourselves. */
  messages: Message[] = [];
  /**
   * Answers that speak of term, vote or log, to others or to ourselves: they leave only when everything unstable now is
   * durable. Thesis section 3.8.
   */
  messagesAfterAppend: Message[] = [];
  readStates: ReadState[] = [];

  /** Follower, candidate: since a sign of life of the leader or the start of the campaign. Leader: since the last quorum check. */
  electionElapsedTicks = 0;
  heartbeatElapsedTicks = 0;
  /** In [electionTick, 2 * electionTick), drawn anew at each change of role. */
  randomizedElectionTicks = 0;

  // Leader only.
  /** Target of a transfer under way; 0 for none. */
  leadTransferee: bigint = NONE;
  /** No conf change may be proposed until applied has reached this index: there may be one pending up to here. */
  pendingConfIndex = 0;
  /** Payload bytes of the uncommitted tail; may underestimate after becoming leader, never overestimates. */
  uncommittedBytes = 0;
  readOnly: ReadOnly = new ReadOnly();
  /** Reads that came before the first commit of the term. */
  parkedReads: Message[] = [];

  constructor(config: CheckedConfig) {
    this.config = config;
    this.id = config.id;
    this.log = new RaftLog(config.storage, config.maxCommittedSizePerReady, config.events);
    this.tracker = new ProgressTracker(config.maxInflightMsgs, config.maxInflightBytes);
  }

  get isLeader(): boolean {
    return this.role === StateRole.StateLeader;
  }

  /** The hard state as it should be on disk. */
  hardState(): HardState {
    return { term: this.term, vote: this.vote, commit: this.log.committed };
  }

  emit(event: RaftEvent): void {
    this.config.events?.emit(event);
  }

  /**
   * Queues a message. Vote requests and answers carry the term their sender chose; proposals and reads carry none, for they
   * are forwarded as if made locally at the leader; everything else carries the present term.
   */
  send(fields: MessageFields): void {
    const term = fields.term ?? 0;
    const from = fields.from === undefined || fields.from === NONE ? this.id : fields.from;
    switch (fields.type) {
      case MessageType.MsgVote:
      case MessageType.MsgPreVote:
        assert(term !== 0, () => `term should be set when sending type ${fields.type}`);
        this.#queue(createMessageFrom(fields, from, term));
        break;
      case MessageType.MsgVoteResp:
      case MessageType.MsgPreVoteResp:
        assert(term !== 0, () => `term should be set when sending type ${fields.type}`);
        this.messagesAfterAppend.push(createMessageFrom(fields, from, term));
        break;
      case MessageType.MsgAppResp:
        assert(term === 0, () => `term should not be set when sending type ${fields.type} (was ${term})`);
        this.messagesAfterAppend.push(createMessageFrom(fields, from, this.term));
        break;
      case MessageType.MsgProp:
      case MessageType.MsgReadIndex:
        assert(term === 0, () => `term should not be set when sending type ${fields.type} (was ${term})`);
        this.#queue(createMessageFrom(fields, from, term));
        break;
      default:
        assert(term === 0, () => `term should not be set when sending type ${fields.type} (was ${term})`);
        this.#queue(createMessageFrom(fields, from, this.term));
    }
  }

  #queue(message: Message): void {
    assert(
      message.to !== this.id,
      () => `message of type ${message.type} must not be addressed to its sender`,
    );
    this.messages.push(message);
  }
}

/** The type that answers a request for votes. */
export function voteResponseType(type: MessageType): MessageType {
  if (type === MessageType.MsgVote) return MessageType.MsgVoteResp;
  if (type === MessageType.MsgPreVote) return MessageType.MsgPreVoteResp;
  return unreachable(type as never);
}
