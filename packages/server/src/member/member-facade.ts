/** The member as the API services see it: the driver, the store, the record of the cluster and the alarms behind one port. */
import type { AlarmSet, AuthStore, ClusterRecord, StoreReads } from "@quorate/machine";
import type { MemberPort, MemberRow, ProposalWaiter, ReadWaiter, StoragePort } from "../api/member-port.js";
import type { Member } from "./member.js";
import type { SchedulerPort } from "./ports.js";

/** Sees requests on their way to the driver, and may put itself in front of who waits for them. */
export interface RequestObserver {
  proposed(requestSuffix: number, waiter: ProposalWaiter): ProposalWaiter;
  abandoned(requestSuffix: number): void;
  reading(waiter: ReadWaiter): ReadWaiter;
}

export interface MemberFacadeParts {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly serverVersion: string;
  readonly member: Member;
  /** Its store may be replaced by another one. */
  readonly machine: {
    readonly store: StoreReads;
    readonly alarms: AlarmSet;
    readonly auth: AuthStore;
    readonly cluster: ClusterRecord;
  };
  readonly storage: StoragePort;
  /** Below 0 for none. */
  readonly quotaBytes: number;
  readonly scheduler: SchedulerPort;
  readonly observer?: RequestObserver | undefined;
}

export class MemberFacade implements MemberPort {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly serverVersion: string;
  readonly storage: StoragePort;
  readonly quotaBytes: number;
  readonly statusQuotaBytes: number;
  readonly alarms: AlarmSet;
  readonly auth: AuthStore;
  readonly #machine: MemberFacadeParts["machine"];
  readonly #member: Member;
  readonly #cluster: ClusterRecord;
  readonly #scheduler: SchedulerPort;
  readonly #observer: RequestObserver | undefined;

  constructor(parts: MemberFacadeParts) {
    this.clusterId = parts.clusterId;
    this.memberId = parts.memberId;
    this.serverVersion = parts.serverVersion;
    this.#machine = parts.machine;
    this.storage = parts.storage;
    this.quotaBytes = parts.quotaBytes < 0 ? Infinity : parts.quotaBytes;
    this.statusQuotaBytes = parts.quotaBytes;
    this.alarms = parts.machine.alarms;
    this.auth = parts.machine.auth;
    this.#member = parts.member;
    this.#cluster = parts.machine.cluster;
    this.#scheduler = parts.scheduler;
    this.#observer = parts.observer;
  }

  get store(): StoreReads {
    return this.#machine.store;
  }

  get raftTerm(): number {
    return this.#member.appliedTerm;
  }

  get leaderId(): bigint {
    return this.#member.leader;
  }

  get isLearner(): boolean {
    return this.#cluster.membership.get(this.memberId)?.isLearner ?? false;
  }

  get committedIndex(): number {
    return this.#member.committedIndex;
  }

  get appliedIndex(): number {
    return this.#member.appliedIndex;
  }

  get downgrade(): { readonly enabled: boolean; readonly targetVersion: string } {
    return this.#cluster.downgrade;
  }

  members(): readonly MemberRow[] {
    return this.#cluster.membership.list();
  }

  nextRequestSuffix(): number {
    return this.#member.ids.nextSuffix();
  }

  propose(entry: Uint8Array, requestSuffix: number, waiter: ProposalWaiter): void {
    const observed = this.#observer === undefined ? waiter : this.#observer.proposed(requestSuffix, waiter);
    this.#member.propose(entry, requestSuffix, observed);
  }

  abandon(requestSuffix: number): void {
    this.#observer?.abandoned(requestSuffix);
    this.#member.abandon(requestSuffix);
  }

  awaitReadIndex(waiter: ReadWaiter): void {
    this.#member.awaitReadIndex(this.#observer === undefined ? waiter : this.#observer.reading(waiter));
  }

  yieldTurn(): Promise<void> {
    return this.#scheduler.yieldTurn();
  }
}
