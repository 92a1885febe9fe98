/**
 * A whole cluster under faults, from one seed: messages lost, doubled, reordered; partitions; crashes that lose what was not
 * synced; conf changes, transfers, snapshots and compaction. Each seed switches faults and features on or off by itself
 * (swarm testing), so that rare combinations get their turn.
 *
 * A run ends with peace: faults stop, and the cluster must elect, commit, answer a read, and agree.
 */
import { Prng, assert } from "@quorate/std";
import {
  type ConfChangeSingle,
  ConfChangeTransition,
  ConfChangeType,
  type ConfChangeV2,
  type ConfState,
} from "../types/conf-change.js";
import { type Entry, emptyBytes } from "../types/entry.js";
import { type Message, MessageType } from "../types/message.js";
import { type ReadState, StateRole } from "../types/ready.js";
import { confStatesEqual } from "../confchange/restore.js";
import { describeConfig } from "../tracker/describe.js";
import { SimChecks } from "./sim-checks.js";
import { SimNode, type SimObserver, type SimOptions } from "./sim-node.js";

/** Beyond this many queued messages the oldest are lost: every queue has a limit. */
const MESSAGES_MAX = 400;
/** Rounds of peace within which the cluster must come together; generous, elections may be split many times. */
const PEACE_ROUNDS_MAX = 3_000;

interface Faults {
  readonly drop: number;
  readonly duplicate: number;
  readonly reorder: number;
  readonly partition: number;
  readonly crash: number;
  readonly crashInWrite: number;
  readonly confChange: number;
  readonly transfer: number;
  readonly compact: number;
  /** How often a node does its work as soon as it has some; the rest of the time it waits to be picked. */
  readonly eager: number;
}

export interface SimReport {
  readonly applied: number;
  readonly terms: number;
  readonly reads: number;
  /** The cluster could not come together, for the reason given at `#isStranded`. */
  readonly stranded: boolean;
}

export class SimCluster implements SimObserver {
  readonly #prng: Prng;
  readonly #faults: Faults;
  readonly #nodes: SimNode[] = [];
  readonly #checks: SimChecks;
  #messages: Message[] = [];
  /** Nodes of the minority side of a partition; empty when the network is whole. */
  #cutOff: ReadonlySet<bigint> = new Set();
  #peace = false;
  #stranded = false;
  #counter = 0;

  constructor(seed: number) {
    const prng = new Prng(seed);
    this.#prng = prng;
    const some = (max: number): number => (prng.chance(0.5) ? prng.float() * max : 0);
    this.#faults = {
      drop: some(0.3),
      duplicate: some(0.3),
      reorder: some(1),
      partition: some(0.008),
      crash: some(0.02),
      crashInWrite: some(0.02),
      confChange: some(0.05),
      transfer: some(0.03),
      compact: some(0.1),
      eager: prng.pick([0, 0.3, 0.8, 0.95]),
    };
    const count = 3 + prng.below(3);
    const memberCount = prng.chance(0.2) ? 1 : 2 + prng.below(count - 1);
    const peers = Array.from({ length: memberCount }, (_, i) => ({ id: BigInt(i + 1), context: emptyBytes }));
    this.#checks = new SimChecks(memberCount);
    const shared = this.#drawSharedOptions();
    for (let i = 0; i < count; i++) {
      const options: SimOptions = { ...shared, asyncStorageWrites: prng.chance(0.5) };
      const member = i < memberCount ? peers : [];
      this.#nodes.push(new SimNode(BigInt(i + 1), { options, peers: member, observer: this, prng }));
    }
    for (const node of this.#nodes) node.start();
  }

  #drawSharedOptions(): SimOptions {
    const prng = this.#prng;
    return {
      electionTick: 5,
      heartbeatTick: 1,
      maxSizePerMsg: prng.pick([0, 40, 200, Infinity]),
      maxInflightMsgs: prng.pick([1, 3, 256]),
      maxInflightBytes: prng.pick([0, 0, Infinity]),
      maxCommittedSizePerReady: prng.pick([1, 40, Infinity]),
      maxUncommittedEntriesSize: prng.pick([0, 0, 100]),
      checkQuorum: prng.chance(0.5),
      preVote: prng.chance(0.5),
      stepDownOnRemoval: prng.chance(0.3),
      disableProposalForwarding: prng.chance(0.2),
    };
  }

  // SimObserver
  onApplied(node: SimNode, entry: Entry): void {
    this.#checks.onApplied(node, entry);
  }

  onRestored(node: SimNode): void {
    this.#checks.onRestored(node);
  }

  onReadState(_node: SimNode, state: ReadState): void {
    this.#checks.onReadAnswered(state.requestContext.join(), state.index);
  }

  send(message: Message): void {
    if (this.#messages.length >= MESSAGES_MAX) this.#lose(this.#messages.shift() as Message);
    this.#messages.push(message);
    if (!this.#peace && this.#prng.chance(this.#faults.duplicate)) this.#messages.push(message);
  }

  /** `actions` random actions, then peace. Throws AssertionError when a property does not hold. */
  run(actions: number): SimReport {
    for (let i = 0; i < actions; i++) {
      this.#act();
      if (i % 50 === 0) this.#checks.checkLogMatching(this.#nodes);
    }
    this.#makePeace();
    this.#checks.checkLogMatching(this.#nodes);
    return {
      applied: this.#checks.appliedMax,
      terms: this.#checks.leaderCount,
      reads: this.#checks.readsAnswered,
      stranded: this.#stranded,
    };
  }

  #act(): void {
    const prng = this.#prng;
    const faults = this.#faults;
    const node = prng.pick(this.#nodes);
    if (prng.chance(faults.partition)) this.#togglePartition();
    if (prng.chance(faults.crash)) node.crash();
    if (node.raw === null) {
      if (prng.chance(0.1)) node.start();
      return;
    }
    const choice = prng.below(100);
    if (choice < 25) node.raw.tick();
    else if (choice < 52) this.#deliverSome();
    else if (choice < 70) node.handleReady(faults.crashInWrite);
    else if (choice < 79) node.runAppendThread(faults.crashInWrite);
    else if (choice < 85) node.runApplyThread();
    else if (choice < 91) this.#propose(node);
    else if (choice < 96) this.#read(node);
    else if (prng.chance(faults.confChange * 10)) this.#proposeConfChange(node);
    else if (prng.chance(faults.transfer * 10)) node.raw.transferLeader(prng.pick(this.#nodes).id);
    else if (prng.chance(faults.compact * 5)) node.compact(prng.below(4));
    else if (prng.chance(0.1)) node.raw.forgetLeader();
    this.#workEagerly(node);
    this.#checks.checkLeader(node);
  }

  #workEagerly(node: SimNode): void {
    const { eager, crashInWrite } = this.#faults;
    if (this.#prng.chance(eager)) node.handleReady(crashInWrite);
    while (node.appendWork.length > 0 && this.#prng.chance(eager)) node.runAppendThread(crashInWrite);
    while (node.applyWork.length > 0 && this.#prng.chance(eager)) node.runApplyThread();
  }

  /** Enough of them that the queue stays short: late messages are for the seeds that reorder. */
  #deliverSome(): void {
    for (let count = 1 + this.#prng.below(8); count > 0; count--) this.#deliver();
  }

  #deliver(): void {
    if (this.#messages.length === 0) return;
    const reorder = !this.#peace && this.#prng.chance(this.#faults.reorder);
    const at = reorder ? this.#prng.below(this.#messages.length) : 0;
    const [message] = this.#messages.splice(at, 1) as [Message];
    const target = this.#nodes[Number(message.to) - 1];
    const isCut = this.#cutOff.has(message.to) !== this.#cutOff.has(message.from);
    const isDropped = !this.#peace && this.#prng.chance(this.#faults.drop);
    if (target === undefined || target.raw === null || isCut || isDropped) {
      this.#lose(message);
      return;
    }
    target.raw.step(message);
    // The transport reports every snapshot, one way or the other, some time or other.
    if (message.type === MessageType.MsgSnap)
      this.#sender(message)?.raw?.reportSnapshot(message.to, "finish");
    if (!this.#peace) this.#workEagerly(target);
    this.#checks.checkLeader(target);
  }

  #lose(message: Message): void {
    const raw = this.#sender(message)?.raw;
    if (message.type === MessageType.MsgSnap) raw?.reportSnapshot(message.to, "failure");
    else if (this.#prng.chance(0.3)) raw?.reportUnreachable(message.to);
  }

  #sender(message: Message): SimNode | undefined {
    return this.#nodes[Number(message.from) - 1];
  }

  #togglePartition(): void {
    // Cutting off just the leader is what gives stale leaders; leave it so for a while (the rate is low) for others to stand.
    const leaders = this.#nodes.filter((node) => node.softState()?.role === StateRole.StateLeader);
    const side = this.#prng.chance(0.5) ? leaders : this.#nodes.filter(() => this.#prng.chance(0.4));
    const cut = this.#cutOff.size > 0 && this.#prng.chance(0.7) ? [] : side;
    this.#cutOff = new Set(cut.map((node) => node.id));
  }

  #propose(node: SimNode): void {
    const datas = Array.from({ length: 1 + this.#prng.below(3) }, () => this.#nextBytes());
    if (datas.length === 1) node.raw?.propose(datas[0] as Uint8Array);
    else node.raw?.proposeBatch(datas);
  }

  #read(node: SimNode): void {
    const context = this.#nextBytes();
    this.#checks.onReadAsked(context.join());
    node.raw?.readIndex(context);
  }

  /** Unique content: 4 bytes of a counter and some padding. */
  #nextBytes(): Uint8Array {
    const count = ++this.#counter;
    return Uint8Array.of(
      count,
      count >> 8,
      count >> 16,
      count >> 24,
      ...new Uint8Array(this.#prng.below(20)),
    );
  }

  #proposeConfChange(node: SimNode): void {
    const prng = this.#prng;
    const types = [
      ConfChangeType.ConfChangeAddNode,
      ConfChangeType.ConfChangeAddNode,
      ConfChangeType.ConfChangeAddLearnerNode,
      ConfChangeType.ConfChangeRemoveNode,
    ];
    const draw = (): ConfChangeSingle => ({ type: prng.pick(types), nodeId: prng.pick(this.#nodes).id });
    const isJoint = (node.raw?.status().confState.votersOutgoing.length ?? 0) > 0;
    const changes = isJoint && prng.chance(0.7) ? [] : Array.from({ length: 1 + prng.below(3) }, draw);
    const transition =
      changes.length === 0
        ? ConfChangeTransition.ConfChangeTransitionAuto
        : prng.pick(Object.values(ConfChangeTransition));
    const change: ConfChangeV2 = { transition, changes, context: emptyBytes };
    node.raw?.proposeConfChange(change);
  }

  /** No more faults: everybody runs, everything arrives, and the cluster has to come together. */
  #makePeace(): void {
    this.#peace = true;
    this.#cutOff = new Set();
    for (const node of this.#nodes) if (node.raw === null) node.start();
    let asked = false;
    let floor = Infinity;
    let readsBefore = 0;
    for (let round = 0; round < PEACE_ROUNDS_MAX; round++) {
      this.#peacefulRound();
      const leader = this.#leader();
      if (leader === undefined) continue;
      if (!asked) {
        floor = this.#checks.appliedMax + 1;
        readsBefore = this.#checks.readsAnswered;
        asked = leader.raw?.propose(this.#nextBytes()) === "accepted";
      }
      if (round % 20 === 0) this.#read(leader);
      if (asked && this.#checks.readsAnswered > readsBefore && this.#haveAllReached(floor)) return;
      if (round % 200 === 199) asked = false; // the proposal may have died with its leader
    }
    if (this.#isStranded()) {
      this.#stranded = true;
      return;
    }
    const states = this.#nodes.map((node) => {
      const status = node.raw?.status();
      const conf = status === undefined ? "down" : describeConfig(status.confState);
      return `${node.id} (${conf}): ${status?.softState.role} lead ${status?.softState.lead} term ${status?.hardState.term} commit ${status?.hardState.commit} last ${node.view.lastIndex()} applied ${node.state.index}`;
    });
    assert(false, `no progress in peace: ${states.join("; ")}`);
  }

  /**
   * The one way to get stuck that is not ours to fix: a leader that a change made a non-voter learned that the change is
   * committed, and is gone as leader before every voter has heard of it. It cannot stand; the voters that have not heard
   * still need its vote, and do not get it because its log is longer. Configurations that act when applied, not when
   * appended, have this corner; upstream has it too.
   */
  #isStranded(): boolean {
    const newest = this.#checks.newestConfState();
    if (newest === null) return false;
    return this.#nodes.some((voter) => {
      const conf = voter.raw?.status().confState;
      if (conf === undefined || !newest.voters.includes(voter.id) || confStatesEqual(conf, newest))
        return false;
      const needs = (id: bigint): boolean => conf.voters.includes(id) || conf.votersOutgoing.includes(id);
      return this.#nodes.some(
        (other) => !newest.voters.includes(other.id) && needs(other.id) && hasLongerLog(other, voter),
      );
    });
  }

  #peacefulRound(): void {
    for (const node of this.#nodes) {
      // The removed too: voters that have not heard of the removal may still need their votes. But a removed leader, which
      // would lead on and take no proposals, is stopped by its member; here it falls silent.
      const leadsOn =
        node.softState()?.role === StateRole.StateLeader && !isIn(node.state.confState, node.id);
      if (!leadsOn) node.raw?.tick();
      for (let busy = true; busy;) {
        node.handleReady(0);
        while (node.appendWork.length > 0) node.runAppendThread(0);
        while (node.applyWork.length > 0) node.runApplyThread();
        busy = node.raw?.hasReady() ?? false;
      }
      this.#checks.checkLeader(node);
    }
    const count = this.#messages.length;
    for (let i = 0; i < count; i++) this.#deliver();
  }

  #isMember(node: SimNode): boolean {
    const conf = this.#checks.newestConfState();
    if (conf === null) return true;
    return isIn(conf, node.id);
  }

  /** The leader of the highest term, if it is a member. */
  #leader(): SimNode | undefined {
    const leaders = this.#nodes.filter(
      (node) => node.softState()?.role === StateRole.StateLeader && this.#isMember(node),
    );
    const term = (node: SimNode): number => node.raw?.basicStatus().hardState.term ?? 0;
    return leaders.sort((a, b) => term(b) - term(a))[0];
  }

  #haveAllReached(index: number): boolean {
    return this.#nodes.every((node) => !this.#isMember(node) || node.state.index >= index);
  }
}

function isIn(conf: ConfState, id: bigint): boolean {
  return [conf.voters, conf.votersOutgoing, conf.learners, conf.learnersNext].some((ids) => ids.includes(id));
}

/** Whether `a` would refuse its vote to `b`. */
function hasLongerLog(a: SimNode, b: SimNode): boolean {
  const last = (node: SimNode): [number, number] => {
    const index = node.view.lastIndex();
    return [Number(node.view.term(index)), index];
  };
  const [termA, indexA] = last(a);
  const [termB, indexB] = last(b);
  return termA > termB || (termA === termB && indexA > indexB);
}
