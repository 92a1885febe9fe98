/**
 * RawNode: one node of a consensus group as a value to step.
 *
 *     tick, propose, readIndex, ... ---> +---------+ ---> ready(): persist this, send that, apply those
 *     step(message from a peer) -------> | RawNode |
 *     applyConfChange -----------------> +---------+ <--- advance(), or the storage threads' answers through step()
 *
 * Nothing here waits, measures time, draws chance (but through the config's port) or touches a disk. A node belongs to one
 * caller at a time. Refusals are returned; a broken invariant throws AssertionError and the node must not be used further.
 * Source: upstream rawnode.go; the order of work of a Ready is in types/ready.ts.
 */
import { assert } from "@quorate/std";
import { encodeConfChange } from "./confchange/codec.js";
import { toConfChangeV2 } from "./confchange/conf-change.js";
import { applyConfChange } from "./core/configuration.js";
import { proposeAsLeader } from "./core/proposal.js";
import type { Raft, StepOutcome } from "./core/raft.js";
import { type Peer, bootstrap, startFromStorage } from "./core/start.js";
import {
  createStorageAppend,
  createStorageAppendResponse,
  createStorageApply,
  createStorageApplyResponse,
} from "./core/storage-messages.js";
import { step } from "./core/step.js";
import { tick } from "./core/tick.js";
import {
  type BasicStatus,
  type QueueStatus,
  type Status,
  basicStatusOf,
  queueStatusOf,
  statusOf,
} from "./status.js";
import type { ConfChange, ConfChangeV2, ConfState } from "./types/conf-change.js";
import { type Config, checkConfig } from "./types/config.js";
import { type Entry, EntryType, createEntry } from "./types/entry.js";
import {
  type Message,
  type MessageFields,
  MessageType,
  createMessage,
  isLocalMessage,
  isLocalTarget,
  isResponseMessage,
} from "./types/message.js";
import type { Ready, SoftState } from "./types/ready.js";
import { type HardState, emptyHardState } from "./types/snapshot.js";

const noMessages: readonly Message[] = [];

export class RawNode {
  readonly #raft: Raft;
  readonly #async: boolean;
  /** What the last Ready reported, to tell what has changed. */
  #softState: SoftState;
  #hardState: HardState;
  /** Synchronous mode: what `advance` has to step. */
  #stepsOnAdvance: readonly Message[] = noMessages;
  /** Synchronous mode: a Ready is out and not yet advanced. */
  #readyOut = false;

  /** Asserts that the config is valid (see `checkConfig`) and that storage holds a state a node can be in. */
  constructor(config: Config) {
    const checked = checkConfig(config);
    assert(typeof checked !== "string", () => String(checked));
    this.#raft = startFromStorage(checked);
    this.#async = checked.asyncStorageWrites;
    this.#softState = { lead: this.#raft.lead, role: this.#raft.role };
    this.#hardState = this.#raft.hardState();
  }

  /** First start of a new group, on empty storage: one committed conf change entry per peer. All members must agree on it. */
  bootstrap(peers: readonly Peer[]): void {
    bootstrap(this.#raft, peers);
    // Nothing of this is persisted yet: the first Ready must report the hard state.
    this.#hardState = emptyHardState;
  }

  /** One tick of the caller's clock. */
  tick(): void {
    tick(this.#raft);
  }

  /** Stands for election now. */
  campaign(): StepOutcome {
    return this.#stepLocal({ type: MessageType.MsgHup });
  }

  /** Proposes one entry. Accepted means appended here or forwarded, by no means committed. */
  propose(data: Uint8Array): StepOutcome {
    return this.#propose([createEntry(EntryType.EntryNormal, 0, 0, data)]);
  }

  /** Proposes many entries at once: all accepted or all dropped, next to each other in the log. `datas` is not empty. */
  proposeBatch(datas: readonly Uint8Array[]): StepOutcome {
    const count = datas.length;
    const entries: Entry[] = new Array<Entry>(count);
    for (let i = 0; i < count; i++) {
      entries[i] = createEntry(EntryType.EntryNormal, 0, 0, datas[i] as Uint8Array);
    }
    return this.#propose(entries);
  }

  /**
   * Proposes a change of the configuration. One that may not be made now (another is pending, or it does not fit) is
   * accepted all the same and becomes an empty entry.
   */
  proposeConfChange(change: ConfChange | ConfChangeV2): StepOutcome {
    const { type, data } = encodeConfChange(change);
    return this.#propose([createEntry(type, 0, 0, data)]);
  }

  #propose(entries: readonly Entry[]): StepOutcome {
    const raft = this.#raft;
    if (raft.isLeader) return proposeAsLeader(raft, entries);
    return step(raft, createMessage({ type: MessageType.MsgProp, from: raft.id, entries }));
  }

  /**
   * Puts a committed change in force. To be called for every committed conf change entry, before the next Ready; with
   * node ids 0 when the application refuses the change. Asserts that the change is possible.
   */
  applyConfChange(change: ConfChange | ConfChangeV2): ConfState {
    return applyConfChange(this.#raft, toConfChangeV2(change));
  }

  /** A message from a peer, or an answer of the local storage threads. Refused ones change nothing. */
  step(message: Message): StepOutcome {
    if (!isLocalTarget(message.from)) {
      if (isLocalMessage(message.type)) return "local-message";
      if (isResponseMessage(message.type) && !this.#raft.tracker.progress.has(message.from)) {
        return "peer-not-found";
      }
    }
    return step(this.#raft, message);
  }

  /** As of now; a Ready that tells of it may be due. */
  get isLeader(): boolean {
    return this.#raft.isLeader;
  }

  /** Whether `ready` would return anything. */
  hasReady(): boolean {
    const raft = this.#raft;
    const { log } = raft;
    return (
      raft.messages.length > 0 ||
      raft.messagesAfterAppend.length > 0 ||
      log.unstable.hasNextEntries() ||
      log.hasNextCommitted(!this.#async) ||
      raft.readStates.length > 0 ||
      this.#hardStateChanged() ||
      this.#softStateChanged() ||
      log.unstable.nextSnapshot() !== null
    );
  }

  #softStateChanged(): boolean {
    return this.#raft.lead !== this.#softState.lead || this.#raft.role !== this.#softState.role;
  }

  #hardStateChanged(): boolean {
    const { term, vote, log } = this.#raft;
    const previous = this.#hardState;
    return term !== previous.term || vote !== previous.vote || log.committed !== previous.commit;
  }

  /** Takes what is to be done. The caller must do it, in the order of types/ready.ts. Asserts that the last one was advanced. */
  ready(): Ready {
    assert(!this.#readyOut, "two Readies without advance between them");
    const raft = this.#raft;
    const { log } = raft;
    const previous = this.#hardState;
    const softState = this.#softStateChanged() ? { lead: raft.lead, role: raft.role } : null;
    const hardState = this.#hardStateChanged() ? raft.hardState() : null;
    const entries = log.unstable.nextEntries();
    const committedEntries = log.nextCommitted(!this.#async);
    const snapshot = log.unstable.nextSnapshot();
    const messages = raft.messages;

    if (this.#async) {
      const append = createStorageAppend(raft, { entries, hardState, snapshot });
      if (append !== null) messages.push(append);
      if (committedEntries.length > 0) messages.push(createStorageApply(raft, committedEntries));
    } else {
      this.#stepsOnAdvance = this.#planAdvance(messages, snapshot, committedEntries);
      this.#readyOut = true;
    }

    const readStates = raft.readStates;
    if (softState !== null) this.#softState = softState;
    if (hardState !== null) this.#hardState = hardState;
    raft.messages = [];
    raft.messagesAfterAppend = [];
    raft.readStates = [];
    log.unstable.acceptInProgress();
    if (committedEntries.length > 0) log.acceptApplying(committedEntries, !this.#async);
    return {
      softState,
      hardState,
      readStates,
      entries,
      snapshot,
      committedEntries,
      messages,
      mustSync: entries.length > 0 || raft.term !== previous.term || raft.vote !== previous.vote,
    };
  }

  /** Answers to others leave with the Ready (after persisting); those to ourselves, and the confirmations, wait for `advance`. */
  #planAdvance(
    messages: Message[],
    snapshot: Ready["snapshot"],
    committedEntries: readonly Entry[],
  ): readonly Message[] {
    const raft = this.#raft;
    const steps: Message[] = [];
    for (const message of raft.messagesAfterAppend) (message.to === raft.id ? steps : messages).push(message);
    const stable = createStorageAppendResponse(raft, snapshot);
    if (stable !== null) steps.push(stable);
    if (committedEntries.length > 0) steps.push(createStorageApplyResponse(raft, committedEntries));
    return steps;
  }

  /** Synchronous mode only: the last Ready has been persisted, sent and applied. Asserts that mode. */
  advance(): void {
    assert(!this.#async, "advance must not be called with asynchronous storage writes");
    const steps = this.#stepsOnAdvance;
    this.#stepsOnAdvance = noMessages;
    this.#readyOut = false;
    for (const message of steps) step(this.#raft, message);
  }

  /**
   * Asks for an index at which reads are linearizable. The answer is a ReadState with the same context in some Ready, or
   * nothing (no leader, lost messages, leader change): ask again after a while, the same context will do.
   */
  readIndex(requestContext: Uint8Array): void {
    const entries = [createEntry(EntryType.EntryNormal, 0, 0, requestContext)];
    this.#stepLocal({ type: MessageType.MsgReadIndex, entries });
  }

  /** Tries to hand leadership to a voter; a follower passes the wish on to the leader. */
  transferLeader(transferee: bigint): void {
    this.#stepLocal({ type: MessageType.MsgTransferLeader, from: transferee });
  }

  /** The last message to this peer could not be delivered. */
  reportUnreachable(id: bigint): void {
    this.#stepLocal({ type: MessageType.MsgUnreachable, from: id });
  }

  /** How the sending of a MsgSnap ended: to be reported for every one, or the peer is sent nothing more. */
  reportSnapshot(id: bigint, status: "finish" | "failure"): void {
    this.#stepLocal({ type: MessageType.MsgSnapStatus, from: id, reject: status === "failure" });
  }

  /** A follower forgets who leads, so that it may vote for another; refused silently with lease-based reads. */
  forgetLeader(): StepOutcome {
    return this.#stepLocal({ type: MessageType.MsgForgetLeader });
  }

  #stepLocal(fields: MessageFields): StepOutcome {
    return step(this.#raft, createMessage(fields));
  }

  /** Everything, as copies. */
  status(): Status {
    return statusOf(this.#raft);
  }

  /** The cheap part of `status`. */
  basicStatus(): BasicStatus {
    return basicStatusOf(this.#raft);
  }

  /** What waits here for others. Costs a look at each unstable entry. */
  queueStatus(): QueueStatus {
    return queueStatusOf(this.#raft);
  }

  /** For tests that need a known timeout: ticks until the next election, until the role changes again. */
  setRandomizedElectionTicks(ticks: number): void {
    this.#raft.randomizedElectionTicks = ticks;
  }
}
