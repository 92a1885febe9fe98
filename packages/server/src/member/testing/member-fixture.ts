/**
 * One member in memory, for tests of the driver: the real raft core, applier and store over an engine in memory, a log whose
 * writes the test completes, and a clock that the test moves.
 */
import {
  AlarmSet,
  Applier,
  ClusterRecord,
  formatMember,
  MemoryEngine,
  NO_LEASES,
  Store,
  type ApplyOutcome,
} from "@quorate/machine";
import { create, etcdserverpb, toBinary } from "@quorate/proto";
import { MemoryLogStorage, type Entry, type HardState } from "@quorate/raft";
import type { MemberFailure } from "../../api/member-port.js";
import { createEntryApplier } from "../entry-applier.js";
import { Member } from "../member.js";
import type { EntryApplier } from "../member-parts.js";
import type { LogPort, MemberPorts, SnapshotMark } from "../ports.js";
import { QUEUE_LIMITS, type QueueLimits } from "../queue-limits.js";

export const MEMBER_ID = 0x1234n;
const TICK_MS = 100;

type Done = (error: Error | undefined) => void;

/** A log that is durable only when the test says so. */
export class HandLog implements LogPort {
  readonly waiting: { entries: readonly Entry[]; hardState: HardState | undefined; done: Done }[] = [];
  /** What has become durable. */
  readonly entries: Entry[] = [];
  hardState: HardState = { term: 0, vote: 0n, commit: 0 };
  /** Indexes of the snapshot marks. */
  readonly marks: number[] = [];

  append(hardState: HardState | undefined, entries: readonly Entry[], done: Done): void {
    this.waiting.push({ entries, hardState, done });
  }

  /** Completes the oldest write. @returns false when there is none. */
  complete(error?: Error): boolean {
    const next = this.waiting.shift();
    if (next === undefined) return false;
    if (error === undefined) {
      const first = next.entries[0]?.index;
      if (first !== undefined) this.entries.splice(first - 1);
      this.entries.push(...next.entries);
      this.hardState = next.hardState ?? this.hardState;
    }
    next.done(error);
    return true;
  }

  saveSnapshot({ index }: SnapshotMark): Promise<void> {
    this.marks.push(index);
    return Promise.resolve();
  }

  releaseBelow(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Runs tasks when told, in order. */
export class HandTime {
  nowMs = 1000;
  readonly #soon: (() => void)[] = [];
  #ticks: (() => void)[] = [];

  readonly clock = {
    monotonicMs: (): number => this.nowMs,
    unixMs: (): number => 1_763_832_000_000 + this.nowMs,
  };
  readonly scheduler = {
    soon: (task: () => void): void => void this.#soon.push(task),
    every: (_intervalMs: number, task: () => void): (() => void) => {
      this.#ticks.push(task);
      return () => {
        this.#ticks = this.#ticks.filter((each) => each !== task);
      };
    },
    after: (): (() => void) => () => undefined,
    yieldTurn: (): Promise<void> => Promise.resolve(),
  };

  get isIdle(): boolean {
    return this.#soon.length === 0;
  }

  /** Runs what was to run soon, and what that asks for. */
  settle(): void {
    for (let task = this.#soon.shift(); task !== undefined; task = this.#soon.shift()) task();
  }

  advance(ms: number): void {
    for (const until = this.nowMs + ms; this.nowMs < until;) {
      this.nowMs += TICK_MS;
      for (const tick of [...this.#ticks]) tick();
      this.settle();
    }
  }
}

export interface Fixture {
  readonly member: Member;
  readonly log: HandLog;
  readonly time: HandTime;
  readonly store: Store;
  readonly cluster: ClusterRecord;
  readonly engine: MemoryEngine;
  readonly fatal: Error[];
  /** Completes log writes and runs what follows until nothing is left. */
  settle(): void;
}

/** @param disk what an earlier run has left; without, the member is born. */
export async function createFixture(
  disk?: Pick<Fixture, "engine" | "log">,
  options: {
    readonly wrap?: (applier: EntryApplier) => EntryApplier;
    readonly limits?: Partial<QueueLimits>;
  } = {},
): Promise<Fixture> {
  const time = new HandTime();
  const log = new HandLog();
  const engine = disk?.engine ?? new MemoryEngine();
  const store = await Store.open(engine, { yieldTurn: () => Promise.resolve() });
  const cluster = new ClusterRecord(1);
  const storage = new MemoryLogStorage();
  if (disk !== undefined) {
    for (const table of ["members", "cluster", "meta"] as const) {
      for await (const { keys, values } of store.rows(table)) {
        keys.forEach((key, i) => cluster.restoreRow(table, key, values[i] ?? new Uint8Array(0)));
      }
    }
    storage.append(disk.log.entries);
    storage.setHardState({
      ...disk.log.hardState,
      commit: Math.max(disk.log.hardState.commit, store.consistentIndex),
    });
    if (cluster.confState !== undefined) storage.setConfState(cluster.confState);
    log.entries.push(...disk.log.entries);
    log.hardState = disk.log.hardState;
  }
  const fatal: Error[] = [];
  const ports: MemberPorts = {
    clock: time.clock,
    scheduler: time.scheduler,
    log,
    transport: { send: () => undefined },
    report: { info: () => undefined, warn: () => undefined },
    random: (bound) => bound - 1,
    onFatal: (error) => void fatal.push(error),
  };
  const applier = new Applier({
    store,
    consistentIndex: store.consistentIndex,
    leases: NO_LEASES,
    alarms: new AlarmSet(),
    cluster,
    space: { sizeBytes: 0, quotaBytes: Infinity },
    turns: time.scheduler,
  });
  const entries = createEntryApplier({
    requests: applier,
    store,
    cluster,
    report: ports.report,
    onEntry: () => undefined,
    onMembership: () => undefined,
  });
  const member = new Member({
    settings: {
      memberId: MEMBER_ID,
      tickMs: TICK_MS,
      electionTicks: 10,
      preVote: true,
      appliedIndex: store.consistentIndex,
      appliedTerm: store.consistentTerm,
      loggedCommit: disk?.log.hardState.commit ?? 0,
    },
    ports,
    limits: { ...QUEUE_LIMITS, ...options.limits },
    storage,
    store,
    applier: options.wrap?.(entries) ?? entries,
    snapshots: { send: () => undefined, claim: () => undefined, install: (_snapshot, record) => record() },
    onProgress: () => undefined,
    raiseSpaceAlarm: () => undefined,
    onRole: () => undefined,
    onLeading: () => undefined,
  });
  if (disk === undefined) {
    const peer = { id: MEMBER_ID, name: "one", peerUrls: ["http://a:1"], isLearner: false, clientUrls: [] };
    member.node.bootstrap([{ id: MEMBER_ID, context: Buffer.from(formatMember(peer)) }]);
  }
  const settle = (): void => {
    time.settle();
    while (log.complete()) time.settle();
  };
  return { member, log, time, store, cluster, engine, fatal, settle };
}

/** What became of one proposal. */
export interface Proposed {
  readonly suffix: number;
  outcome: ApplyOutcome | undefined;
  failure: MemberFailure | undefined;
}

export function proposePut(fixture: Fixture, key: string, value: string, onApplied?: () => void): Proposed {
  const { member } = fixture;
  const suffix = member.ids.nextSuffix();
  const request = create(etcdserverpb.InternalRaftRequestSchema, {
    header: { ID: member.ids.idOf(suffix) },
    put: { key: Buffer.from(key), value: Buffer.from(value) },
  });
  const proposed: Proposed = { suffix, outcome: undefined, failure: undefined };
  member.propose(toBinary(etcdserverpb.InternalRaftRequestSchema, request), suffix, {
    onApplied: (outcome) => {
      proposed.outcome = outcome;
      onApplied?.();
    },
    onFailed: (failure) => {
      proposed.failure = failure;
    },
  });
  return proposed;
}
