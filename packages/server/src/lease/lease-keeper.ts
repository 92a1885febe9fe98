/**
 * Drives the leases of a member: the leader's clock, and the way to the leader for everybody else.
 *
 *     leader:   rounds -> revoke what has expired, checkpoint what is long;  renew, times -> own lessor
 *     follower: renew, times -> POST to the leader's peer URLs, again every 50 ms until the request timeout
 *
 * State read before an await is stale after it: each attempt looks anew at who leads.
 * Limits: see `limits.ts`. Source: kv-watch-lease 8.3 to 8.8. Not here: grants and revocations by clients, which are ordinary
 * proposals of the Lease service.
 */
import type { Lessor } from "@quorate/machine";
import type { MemberFailure, MemberPort, MemberRow } from "../api/member-port.js";
import type { LeasePort, LeaseTimes } from "../api/ports/lease-port.js";
import type { ClockPort, SchedulerPort } from "../member/ports.js";
import type { QueueLevel } from "../member/queue-limits.js";
import { CatchUp } from "./catch-up.js";
import { LeadershipCheck } from "./leadership-check.js";
import { LeaseCheckpointer } from "./lease-checkpointer.js";
import {
  LEASES_INTERNAL_PATH,
  LEASES_PATH,
  decodeRenewAnswer,
  decodeTimesAnswer,
  encodeRenewRequest,
  encodeTimesRequest,
} from "./lease-messages.js";
import { LeaseProposals } from "./lease-proposals.js";
import { LeaseRevoker } from "./lease-revoker.js";
import { FORWARD_PAUSE_MS, LEASE_ROUND_MS, SWEPT_KEYS_PER_TURN } from "./limits.js";
import type { LeasePeers, LocalLeases } from "./ports.js";
import { PrimaryLeases } from "./primary-leases.js";
import { RevocationWaits } from "./revocation-waits.js";

export interface LeaseKeeperOptions {
  readonly member: MemberPort;
  readonly lessor: Lessor;
  readonly peers: LeasePeers;
  readonly clock: ClockPort;
  readonly scheduler: SchedulerPort;
  readonly heartbeatMs: number;
  /** Ticks of an election times the heartbeat. */
  readonly electionTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Takes faults of ours. */
  readonly onError: (error: unknown) => void;
}

type Failed = { readonly failure: MemberFailure };
/** An attempt's answer; undefined to try again. */
type Attempt<T> = { readonly answer: T } | undefined;

/** What is asked of whoever leads. */
interface Question<T> {
  readonly here: () => Promise<Attempt<T | Failed>>;
  readonly request: Parameters<LeasePeers["postLease"]>[1];
  /** Reads the leader's answer; undefined when it knows no such lease. */
  readonly decode: (answer: Uint8Array | undefined) => Attempt<T>;
}

export class LeaseKeeper implements LeasePort {
  /** What other members ask over the peer port. */
  readonly local: LocalLeases;
  readonly #options: LeaseKeeperOptions;
  readonly #lessor: Lessor;
  readonly #leadership: LeadershipCheck;
  readonly #waits: RevocationWaits = new RevocationWaits();
  readonly #primary: PrimaryLeases;
  readonly #revoker: LeaseRevoker;
  readonly #checkpointer: LeaseCheckpointer;
  readonly #cancels: (() => void)[] = [];
  #isStopped = false;
  #isSweeping = false;
  #isPromoting = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    const { member, lessor, clock, scheduler, heartbeatMs, requestTimeoutMs } = options;
    this.#lessor = lessor;
    const leadership = new LeadershipCheck({ member, clock, heartbeatMs });
    const proposals = new LeaseProposals(member);
    const catchUp = new CatchUp({ member, clock, scheduler });
    const waits = this.#waits;
    this.#leadership = leadership;
    this.#primary = new PrimaryLeases({ lessor, member, leadership, catchUp, proposals, waits });
    this.#revoker = new LeaseRevoker({ lessor, proposals, leadership, clock, retryMs: requestTimeoutMs });
    this.#checkpointer = new LeaseCheckpointer(lessor, proposals);
    const primary = this.#primary;
    this.local = {
      renew: async (id) => {
        const renewal = await primary.renew(id);
        if (typeof renewal === "bigint") return renewal;
        // Whoever asks tries again until its own deadline, whatever it was.
        return renewal === "not-found" ? "lease-not-found" : "not-primary-lessor";
      },
      timeToLive: async (id, withKeys) => {
        const times = await primary.timeToLive(id, withKeys);
        if (times === undefined) return "lease-not-found";
        return "failure" in times ? "not-primary-lessor" : times;
      },
    };
    lessor.onRevoked = (id) => {
      waits.onRevoked(id);
    };
  }

  queueLevels(): readonly QueueLevel[] {
    return [...this.#revoker.levels(), ...this.#waits.levels()];
  }

  /** Starts the timers. */
  start(): void {
    const { scheduler, heartbeatMs } = this.#options;
    this.#cancels.push(
      scheduler.every(heartbeatMs, () => {
        this.#leadership.beat();
      }),
      scheduler.every(LEASE_ROUND_MS, () => {
        this.#round();
      }),
    );
  }

  /** Ends the timers; whoever waits is told that the server stops. */
  stop(): void {
    this.#isStopped = true;
    for (const cancel of this.#cancels.splice(0)) cancel();
    this.#lessor.demote();
    this.#waits.wakeAll();
  }

  /**
   * True when this member has applied the first entry of its own term as leader, false when it does not lead (any more). Call it
   * within the turn in which that becomes true, before later entries are applied.
   */
  onLeadership(isLeader: boolean): void {
    if (this.#isStopped) return;
    if (isLeader) {
      this.#leadership.reset();
      this.#lessor.promote(this.#options.electionTimeoutMs);
      this.#continuePromotion();
    } else {
      this.#lessor.demote();
      this.#waits.wakeAll();
    }
  }

  /** A database from the leader has replaced our own: `next` holds its leases and attachments. */
  storeReplaced(next: Lessor): void {
    this.#lessor.adopt(next);
    this.#waits.wakeAll();
  }

  #round(): void {
    const { onError } = this.#options;
    this.#revoker.round().catch(onError);
    this.#checkpointer.round().catch(onError);
    if (!this.#isSweeping) this.#sweep();
  }

  /** One chain of turns is enough, whatever leadership it began under. */
  #continuePromotion(): void {
    if (this.#isPromoting || this.#isStopped) return;
    this.#isPromoting = true;
    const goOn = (): void => {
      this.#isPromoting = !this.#isStopped && this.#lessor.continuePromotion();
      if (this.#isPromoting) this.#options.member.yieldTurn().then(goOn, this.#options.onError);
    };
    this.#options.member.yieldTurn().then(goOn, this.#options.onError);
  }

  #sweep(): void {
    this.#isSweeping = !this.#isStopped && this.#lessor.sweep(SWEPT_KEYS_PER_TURN);
    if (!this.#isSweeping) return;
    this.#options.member.yieldTurn().then(() => {
      this.#sweep();
    }, this.#options.onError);
  }

  // LeasePort

  list(): readonly bigint[] {
    return this.#lessor.list();
  }

  keyFrom(id: bigint, from: Uint8Array | undefined): Uint8Array | undefined {
    return this.#lessor.keyFrom(id, from);
  }

  renew(id: bigint): Promise<{ readonly ttl: bigint } | Failed> {
    return this.#ask<{ readonly ttl: bigint }>({
      here: async () => {
        const renewal = await this.#primary.renew(id);
        if (renewal === "not-primary") return undefined;
        if (renewal === "not-found") return { answer: { ttl: 0n } };
        return { answer: typeof renewal === "bigint" ? { ttl: renewal } : renewal };
      },
      request: { path: LEASES_PATH, body: encodeRenewRequest(id) },
      decode: (answer) => {
        const ttl = answer === undefined ? 0n : decodeRenewAnswer(answer, id);
        return ttl === undefined ? undefined : { answer: { ttl } };
      },
    });
  }

  timeToLive(id: bigint, withKeys: boolean): Promise<LeaseTimes | undefined | Failed> {
    return this.#ask<LeaseTimes | undefined>({
      here: async () => ({ answer: await this.#primary.timeToLive(id, withKeys) }),
      request: { path: LEASES_INTERNAL_PATH, body: encodeTimesRequest(id, withKeys) },
      decode: (answer) => {
        if (answer === undefined) return { answer: undefined };
        const times = decodeTimesAnswer(answer, id);
        return times === undefined ? undefined : { answer: times };
      },
    });
  }

  /** Asks whoever leads until there is an answer or the request timeout is over. */
  async #ask<T>(question: Question<T>): Promise<T | Failed> {
    const { member, clock, requestTimeoutMs, electionTimeoutMs } = this.#options;
    const deadlineMs = clock.monotonicMs() + requestTimeoutMs;
    for (;;) {
      if (this.#isStopped) return { failure: "stopped" };
      const isHere = member.leaderId === member.memberId;
      const leader = isHere ? undefined : this.#leader();
      const attempt = isHere
        ? await question.here()
        : leader === undefined
          ? undefined
          : await this.#forward(leader, question, deadlineMs);
      if (attempt !== undefined) return attempt.answer;
      const leftMs = deadlineMs - clock.monotonicMs();
      const isLeaderless = !isHere && leader === undefined;
      if (leftMs <= 0) return { failure: isLeaderless ? "no-leader" : "timeout" };
      await this.#sleep(Math.min(leftMs, isLeaderless ? electionTimeoutMs : FORWARD_PAUSE_MS));
    }
  }

  #leader(): MemberRow | undefined {
    const { member } = this.#options;
    const { leaderId } = member;
    return leaderId === 0n ? undefined : member.members().find((row) => row.id === leaderId);
  }

  async #forward<T>(leader: MemberRow, question: Question<T>, deadlineMs: number): Promise<Attempt<T>> {
    const { peers, clock, electionTimeoutMs } = this.#options;
    // Not longer than an election takes: by then another member may lead.
    const leftMs = Math.min(Math.max(deadlineMs - clock.monotonicMs(), 1), electionTimeoutMs);
    try {
      const answer = await peers.postLease(leader.peerUrls, question.request, leftMs);
      if (answer === "timeout") return undefined;
      return question.decode(answer === "lease-not-found" ? undefined : answer);
    } catch {
      // Not reached, or not understood: tried again until the deadline.
      return undefined;
    }
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#options.scheduler.after(delayMs, resolve);
    });
  }
}
