/**
 * The member driver: ticks, proposals, the log, apply, reads. It owns the order in which things happen; what they mean is
 * decided by raft, the machine and the API services.
 *
 * One turn (`#run`) goes like this: hand waiting proposals to raft, start a read round, then take Readies until there are
 * none. A Ready's append is handed to the log before its committed entries are applied, so that the disk works while the
 * processor does. When the log reports an append durable, its answers are stepped and the next turn runs at once: all that
 * arrived meanwhile forms the next group. Raft runs with asynchronous storage writes (see `log-writer` and `apply-queue`).
 *
 * Never: an acknowledgement before the entry is committed, which raft allows only once it is durable on a quorum.
 * A follower's turn is the same: raft forwards what it is handed to the leader, and its answers come from the own log.
 *
 * Portable: time, disk and network are ports. Not here: what entries mean, and which member may be added.
 */
import type { ApplyOutcome } from "@quorate/machine";
import {
  EntryType,
  LOCAL_APPEND_THREAD,
  LOCAL_APPLY_THREAD,
  type Entry,
  MessageType,
  StateRole,
  type Message,
  type RawNode,
  type Ready,
  type Snapshot,
} from "@quorate/raft";
import {
  APPLY_GAP_MAX,
  type MemberFailure,
  type ProposalWaiter,
  type ReadWaiter,
} from "../api/member-port.js";
import type { ConfChangeWish } from "../cluster/ports.js";
import { ApplyQueue } from "./apply-queue.js";
import { ConfChanges, type ConfChangeAnswer } from "./conf-changes.js";
import { createRaftNode } from "./create-raft-node.js";
import { LogWriter } from "./log-writer.js";
import type { MemberParts } from "./member-parts.js";
import type { MemberPorts } from "./ports.js";
import { raftLevels } from "./queue-levels.js";
import { QUEUE_LIMITS, type QueueLevel, type QueueLimits } from "./queue-limits.js";
import { ReadBarrier } from "./read-barrier.js";
import { NO_SUFFIX, OwnRequestIds } from "./request-id.js";
import { WaitingProposals } from "./waiting-proposals.js";

/** Fixed part of the request timeout; two election timeouts are added. */
const REQUEST_TIMEOUT_BASE_MS = 5000;

export class Member {
  readonly node: RawNode;
  readonly ids: OwnRequestIds;
  readonly requestTimeoutMs: number;
  readonly #parts: MemberParts;
  readonly #ports: MemberPorts;
  readonly #limits: QueueLimits;
  readonly #proposals: WaitingProposals;
  readonly #confChanges: ConfChanges;
  readonly #barrier: ReadBarrier;
  readonly #writer: LogWriter;
  readonly #applyQueue: ApplyQueue;
  #appliedIndex: number;
  #appliedTerm: number;
  #committedIndex: number;
  #leader = 0n;
  #role: StateRole = StateRole.StateFollower;
  #leaderSinceMs = 0;
  #scheduled = false;
  #running = false;
  #holdProposals = false;
  #unappliedBytes = 0;
  /** The last term of which this member has applied its own first entry as the leader. */
  #leadingTerm = 0;
  /** The member is to lead as soon as what was committed is applied: raft refuses to campaign over unapplied changes. */
  #campaignDue = false;
  #state: "new" | "running" | "stopped" = "new";
  #stopTicks: () => void = () => undefined;

  constructor(parts: MemberParts) {
    const { settings, ports, storage } = parts;
    const limits = parts.limits ?? QUEUE_LIMITS;
    this.#parts = parts;
    this.#ports = ports;
    this.#limits = limits;
    this.#proposals = new WaitingProposals(limits);
    this.#confChanges = new ConfChanges(limits.confChangesWaitingMax);
    const hardState = storage.initialState().hardState;
    this.#appliedIndex = settings.appliedIndex;
    this.#appliedTerm = settings.appliedTerm;
    this.#committedIndex = Math.max(hardState.commit, settings.appliedIndex);
    this.requestTimeoutMs = REQUEST_TIMEOUT_BASE_MS + 2 * settings.electionTicks * settings.tickMs;
    this.ids = new OwnRequestIds(settings.memberId, ports.clock.unixMs());
    this.node = createRaftNode(parts, limits);
    this.#barrier = new ReadBarrier(
      {
        ask: (context) => this.node.readIndex(context),
        nextRequestId: () => this.ids.idOf(this.ids.nextSuffix()),
        readersWaitingMax: limits.readersWaitingMax,
      },
      this.requestTimeoutMs,
    );
    this.#writer = new LogWriter(
      {
        clock: ports.clock,
        report: ports.report,
        install: (snapshot, record) => this.#install(snapshot, record),
        log: ports.log,
        storage,
        deliver: (responses) => {
          try {
            this.#deliver(responses);
          } catch (error) {
            this.#fail(error);
          }
          this.#run();
        },
        onFailed: (error) => this.#fail(error),
      },
      hardState,
      settings.loggedCommit,
    );
    this.#applyQueue = new ApplyQueue({
      clock: ports.clock,
      scheduler: ports.scheduler,
      apply: (entry) => this.#apply(entry),
      hold: () => (parts.store.needsBackpressure ? parts.store.drained() : undefined),
      applied: (message) => this.#applied(message),
      paused: () => this.#parts.onProgress(this.#appliedIndex),
      onFailed: (error) => this.#fail(error),
    });
  }

  get appliedIndex(): number {
    return this.#appliedIndex;
  }

  /** Term of the last applied entry. */
  get appliedTerm(): number {
    return this.#appliedTerm;
  }

  get committedIndex(): number {
    return this.#committedIndex;
  }

  /** 0n when unknown. */
  get leader(): bigint {
    return this.#leader;
  }

  get isLeader(): boolean {
    return this.#role === StateRole.StateLeader;
  }

  /** Highest log index known to be on each member of the configuration; undefined on a follower. */
  matchIndexes(): ReadonlyMap<bigint, number> | undefined {
    if (!this.isLeader) return undefined;
    const { progress } = this.node.status();
    return new Map([...progress].map(([id, { match }]) => [id, match]));
  }

  /** Puts the newest commit index into the log, ahead of a snapshot mark. */
  writeCommitIndex(): void {
    this.#writer.writeHeld();
  }

  /** Proposals whose outcome somebody here waits for. */
  get pendingProposals(): number {
    return this.#proposals.waitingCount;
  }

  /** How full each queue of the driver is. Costs a look at each entry that the log does not have yet. */
  queueLevels(): readonly QueueLevel[] {
    return [
      ...this.#proposals.levels(),
      ...this.#confChanges.levels(),
      ...this.#barrier.levels(),
      ...this.#writer.levels(),
      ...raftLevels(this.node.queueStatus(), this.#limits),
    ];
  }

  /** Proposals given up since the start, by the member or by whoever had made them. */
  get failedProposals(): number {
    return this.#proposals.failedCount;
  }

  /** Rounds of reads that had to be asked again, and those that failed, since the start. */
  get readRounds(): { readonly slow: number; readonly failed: number } {
    return { slow: this.#barrier.slowCount, failed: this.#barrier.failedCount };
  }

  get stopped(): boolean {
    return this.#state === "stopped";
  }

  /** Starts ticking. @param campaignAtOnce for the only voter of its group: nobody else could lead. */
  start(campaignAtOnce: boolean): void {
    if (this.#state !== "new") return;
    this.#state = "running";
    this.#stopTicks = this.#ports.scheduler.every(this.#parts.settings.tickMs, () => this.#tick());
    this.#campaignDue = campaignAtOnce;
    this.#run();
  }

  /** Stops at once: everybody who waits fails with `stopped`; nothing is applied afterwards. */
  stop(): void {
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    this.#stopTicks();
    this.#applyQueue.stop();
    this.#proposals.failAll("stopped");
    this.#confChanges.failAll("stopped");
    this.#barrier.failAll("stopped");
  }

  propose(entry: Uint8Array, suffix: number, waiter: ProposalWaiter): void {
    const refusal = this.#refuseProposal(entry, suffix, waiter);
    if (refusal !== undefined) waiter.onFailed(refusal);
    else this.#schedule();
  }

  #refuseProposal(entry: Uint8Array, suffix: number, waiter: ProposalWaiter): MemberFailure | undefined {
    if (this.#state === "stopped") return "stopped";
    if (waiter.onlyAsLeader === true && !this.isLeader) return "leader-changed";
    if (this.#committedIndex > this.#appliedIndex + APPLY_GAP_MAX) return "too-many-requests";
    const waiting = { waiter, sinceMs: this.#ports.clock.monotonicMs() };
    return this.#proposals.add(entry, suffix, waiting) ? undefined : "too-many-requests";
  }

  abandon(suffix: number): void {
    this.#proposals.abandon(suffix);
  }

  awaitReadIndex(waiter: ReadWaiter): void {
    if (this.#state === "stopped") waiter.onFailed("stopped");
    else if (!this.#barrier.join(waiter)) waiter.onFailed("too-many-requests");
    else this.#schedule();
  }

  /** Resolves once the change is applied here and raft has moved past it. */
  proposeConfChange(wish: ConfChangeWish): Promise<ConfChangeAnswer> {
    if (this.#state === "stopped") return Promise.resolve("stopped");
    const id = this.ids.idOf(this.ids.nextSuffix());
    const answer = this.#confChanges.add(id, wish, this.#ports.clock.monotonicMs());
    this.#schedule();
    return answer;
  }

  /** A message from another member. */
  receive(message: Message): void {
    if (this.#mustDrop(message)) return;
    this.#step(() => void this.node.step(message));
  }

  /**
   * While the store can't keep up, what others send grows the log in memory instead. Some is taken; then messages are lost, as messages
   * may be: the leader's window closes, and it asks again later.
   */
  #mustDrop({ type, entries }: Message): boolean {
    const { isHeld } = this.#applyQueue;
    // What came twice was counted twice; here it is known that nothing waits.
    if (!isHeld && this.#appliedIndex >= this.#committedIndex) this.#unappliedBytes = 0;
    if (type === MessageType.MsgProp) return isHeld;
    if (type !== MessageType.MsgApp || entries.length === 0) return false;
    if (isHeld && this.#unappliedBytes >= this.#limits.unappliedBytesMax) return true;
    for (const { data } of entries) this.#unappliedBytes += data.length;
    return false;
  }

  /** Asks raft to hand leadership to a voter. What comes of it shows in `leader`. */
  transferLeader(target: bigint): void {
    this.#step(() => this.node.transferLeader(target));
  }

  /** A message to this peer was lost. */
  reportUnreachable(id: bigint): void {
    this.#step(() => this.node.reportUnreachable(id));
  }

  /** A database has reached this peer, or has not. */
  reportSnapshot(id: bigint, delivered: boolean): void {
    this.#step(() => this.node.reportSnapshot(id, delivered ? "finish" : "failure"));
  }

  /** Lets the election timer run ahead, so that a member that has just started need not wait for long. */
  advanceTicks(count: number): void {
    this.#step(() => {
      for (let i = 0; i < count; i++) this.node.tick();
    });
  }

  /** An input for raft from outside of a turn; the turn follows when all that arrived with it has been read. */
  #step(input: () => void): void {
    if (this.#state !== "running") return;
    try {
      input();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#schedule();
  }

  #tick(): void {
    const nowMs = this.#ports.clock.monotonicMs();
    this.node.tick();
    this.#barrier.tick(nowMs);
    this.#writer.tick();
    const failureSince = (sinceMs: number): MemberFailure => this.#timeoutFailure(sinceMs);
    this.#proposals.expire(nowMs - this.requestTimeoutMs, failureSince);
    this.#confChanges.expire(nowMs - this.requestTimeoutMs, failureSince);
    this.#run();
  }

  /** Why a proposal was not applied in time. Source: etcd `parseProposeCtxErr`. */
  #timeoutFailure(sinceMs: number): MemberFailure {
    if (this.#leader === 0n) return "context-deadline-exceeded";
    const { electionTicks, tickMs } = this.#parts.settings;
    const lostLeader =
      sinceMs < this.#leaderSinceMs && sinceMs > this.#leaderSinceMs - 2 * electionTicks * tickMs;
    return lostLeader ? "timeout-due-to-leader-fail" : "timeout";
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#ports.scheduler.soon(() => {
      this.#scheduled = false;
      this.#run();
    });
  }

  #run(): void {
    if (this.#running || this.#state !== "running") return;
    this.#running = true;
    try {
      this.#runTurn();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#running = false;
    }
  }

  #runTurn(): void {
    for (let more = true; more && this.#state === "running";) {
      this.#proposeWaiting();
      this.#confChanges.propose(this.node);
      this.#barrier.start(this.#ports.clock.monotonicMs());
      more = this.node.hasReady();
      if (more) this.#handleReady(this.node.ready());
      const answers = this.#writer.takeReady();
      if (answers.length > 0) {
        this.#deliver(answers);
        more = true;
      }
      this.#applyQueue.drain();
      this.#barrier.onApplied(this.#appliedIndex);
      if (this.#campaignDue && this.#appliedIndex >= this.#committedIndex && !this.node.hasReady()) {
        this.#campaignDue = false;
        this.node.campaign();
      }
      more ||= this.node.hasReady();
    }
  }

  #proposeWaiting(): void {
    // Where raft leads no more, the Ready comes first that tells of it: a follower must not forward what it wanted as the leader.
    while (this.#proposals.hasQueued && (this.node.isLeader || !this.isLeader) && !this.#waitForStore()) {
      const { ownBatch, forwardedBatch } = this.#limits;
      const batch = this.#proposals.nextBatch(this.isLeader ? ownBatch : forwardedBatch);
      // Dropped for want of a leader: they stay queued until there is one, or until their clients' time is up.
      if (this.node.proposeBatch(batch) !== "accepted") return;
      this.#proposals.proposed(batch);
    }
  }

  /** True while the store has too much to write: new entries would only grow the pile. */
  #waitForStore(): boolean {
    if (this.#holdProposals) return true;
    const { store } = this.#parts;
    if (!store.needsBackpressure) return false;
    this.#holdProposals = true;
    store.drained().then(
      () => {
        this.#holdProposals = false;
        this.#schedule();
      },
      (error: unknown) => this.#fail(error),
    );
    return true;
  }

  #handleReady(ready: Ready): void {
    if (ready.hardState !== null)
      this.#committedIndex = Math.max(this.#committedIndex, ready.hardState.commit);
    if (ready.softState !== null) this.#roleChanged(ready.softState.lead, ready.softState.role);
    for (const state of ready.readStates) this.#barrier.onReadState(state.requestContext, state.index);
    for (const message of ready.messages) {
      if (message.to === LOCAL_APPEND_THREAD) this.#writer.append(message);
      else if (message.to === LOCAL_APPLY_THREAD) this.#applyQueue.push(message);
      else this.#send(message);
    }
  }

  #send(message: Message): void {
    if (message.type === MessageType.MsgSnap) this.#parts.snapshots.send(message);
    else this.#ports.transport.send(message);
  }

  /** What was committed before the snapshot is applied first, to the store that goes. */
  async #install({ metadata }: Snapshot, record: () => Promise<void>): Promise<void> {
    this.#parts.snapshots.claim(metadata.index);
    await this.#applyQueue.whenIdle();
    await this.#parts.snapshots.install(metadata, record);
    this.#appliedIndex = metadata.index;
    this.#appliedTerm = metadata.term;
    this.#unappliedBytes = 0;
    this.#committedIndex = Math.max(this.#committedIndex, metadata.index);
  }

  #roleChanged(leader: bigint, role: StateRole): void {
    const changed = leader !== this.#leader;
    this.#role = role;
    this.#leader = leader;
    if (changed && leader !== 0n) this.#leaderSinceMs = this.#ports.clock.monotonicMs();
    if (changed) this.#barrier.onLeaderChanged();
    this.#parts.onRole(leader, role, this.node.basicStatus().hardState.term);
    if (!this.isLeader) this.#proposals.failLeaderOnly("leader-changed");
  }

  #deliver(responses: readonly Message[]): void {
    for (const response of responses) {
      if (response.to === this.#parts.settings.memberId) this.node.step(response);
      else this.#send(response);
    }
  }

  #apply(entry: Entry): Promise<void> | undefined {
    if (entry.type === EntryType.EntryNormal) {
      const suffix = entry.data.length === 0 ? NO_SUFFIX : this.ids.suffixOf(entry.data);
      const wanted = suffix !== NO_SUFFIX && this.#proposals.has(suffix);
      const outcome = this.#parts.applier.applyNormal(entry, wanted);
      if (outcome instanceof Promise) return outcome.then((settled) => this.#settle(entry, suffix, settled));
      this.#settle(entry, suffix, outcome);
      return undefined;
    }
    const { id, refusal } = this.#parts.applier.applyConfChange(entry, this.node);
    this.#confChanges.applied(id, refusal);
    this.#advance(entry);
    return undefined;
  }

  #settle(entry: Entry, suffix: number, outcome: ApplyOutcome): void {
    this.#advance(entry);
    // A new leader's first entry is empty.
    if (entry.data.length === 0 && this.isLeader) this.#startLeading(entry.term);
    const waiter = suffix === NO_SUFFIX ? undefined : this.#proposals.take(suffix);
    if (waiter !== undefined) return waiter.onApplied(outcome);
    if (outcome.overQuota) this.#parts.raiseSpaceAlarm();
    // Whoever waited has left meanwhile: what was held for the answer must not hold up compactions.
    if (outcome.body !== undefined && "deferred" in outcome.body) outcome.body.release();
  }

  /** Other empty entries, of changes that could not be made, come later in the term. */
  #startLeading(term: number): void {
    if (term === this.#leadingTerm || term !== this.node.basicStatus().hardState.term) return;
    this.#leadingTerm = term;
    this.#parts.onLeading();
  }

  #advance(entry: Entry): void {
    const newTerm = entry.term !== this.#appliedTerm;
    this.#unappliedBytes = Math.max(0, this.#unappliedBytes - entry.data.length);
    this.#appliedIndex = entry.index;
    this.#appliedTerm = entry.term;
    if (newTerm) this.#barrier.retry(this.#ports.clock.monotonicMs());
  }

  #applied(message: Message): void {
    if (this.#state !== "running") return;
    this.#deliver(message.responses);
    this.#confChanges.answerDue();
    this.#barrier.onApplied(this.#appliedIndex);
    // A turn that is running takes what this brought before it ends.
    if (!this.#running) this.#schedule();
  }

  #fail(error: unknown): void {
    if (this.#state === "stopped") return;
    this.stop();
    this.#ports.onFatal(error instanceof Error ? error : new Error(String(error)));
  }
}
