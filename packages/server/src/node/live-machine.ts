/**
 * The state machine that runs at present: engine, store, applier, and what lies in the small tables. A database from the leader
 * replaces it as a whole; whoever needs a part asks for it each time.
 *
 * The member list, the alarms, the users and the leases keep their identity and take over new contents; engine, store and applier are new objects. The old
 * store serves the reads that began on it and is closed when they are done.
 */
import {
  AlarmSet,
  Applier,
  AUTH_TABLES,
  AuthStore,
  CLUSTER_TABLES,
  ClusterRecord,
  createOperationCounts,
  Lessor,
  minLeaseTtlSeconds,
  restoreAttachments,
  Store,
  type CommitListener,
  type Engine,
  type OperationCounts,
} from "@quorate/machine";
import type { SchedulerPort } from "../member/ports.js";
import type { MemberConfig } from "./config/config.js";
import type { World } from "./world.js";

/** Without --quota-backend-bytes. */
const QUOTA_BYTES_DEFAULT = 2 * 1024 ** 3;

/** How often what is left of long leases is put into the log. Source: etcd `defaultLeaseCheckpointInterval`. */
const LEASE_CHECKPOINT_INTERVAL_MS = 5 * 60 * 1000;

/** What was found in one engine. */
export interface MachineState {
  readonly engine: Engine;
  readonly store: Store;
  readonly cluster: ClusterRecord;
  readonly alarms: AlarmSet;
  readonly auth: AuthStore;
  readonly lessor: Lessor;
  readonly commits: CommitRelay;
}

/** Who hears of the commits of one store; nobody until its machine runs. */
export interface CommitRelay {
  listener: CommitListener;
}

/** Builds the index from the engine's rows and reads the small tables. */
export async function loadMachine(
  engine: Engine,
  config: MemberConfig,
  { clock, scheduler, queueLimits }: Pick<World, "clock" | "scheduler" | "queueLimits">,
): Promise<MachineState> {
  const commits: CommitRelay = { listener: () => undefined };
  const store = await Store.open(engine, {
    yieldTurn: () => scheduler.yieldTurn(),
    hashCompactions: true,
    unwrittenBytesMax: queueLimits.unwrittenBytesMax,
    onCommit: (revision, slots, count) => commits.listener(revision, slots, count),
  });
  const cluster = new ClusterRecord(config.learnersMax);
  const alarms = new AlarmSet();
  for (const table of CLUSTER_TABLES) {
    for await (const { keys, values } of store.rows(table)) {
      keys.forEach((key, i) => cluster.restoreRow(table, key, values[i] ?? new Uint8Array(0)));
    }
  }
  for await (const { keys } of store.rows("alarm")) keys.forEach((key) => alarms.restoreRow(key));
  const auth = new AuthStore();
  for (const table of AUTH_TABLES) {
    for await (const { keys, values } of store.rows(table))
      keys.forEach((key, i) => auth.restoreRow(table, key, values[i] ?? new Uint8Array(0)));
  }
  const lessor = new Lessor({
    ttlSecondsMin: minLeaseTtlSeconds(config.electionTicks, config.tickMs),
    nowMs: () => clock.monotonicMs(),
    checkpointIntervalMs: LEASE_CHECKPOINT_INTERVAL_MS,
  });
  for await (const { keys, values } of store.rows("lease"))
    keys.forEach((key, i) => lessor.restoreRow(key, values[i] ?? new Uint8Array(0)));
  await restoreAttachments(lessor, store, scheduler);
  return { engine, store, cluster, alarms, auth, lessor, commits };
}

export class LiveMachine {
  readonly cluster: ClusterRecord;
  readonly alarms: AlarmSet;
  readonly auth: AuthStore;
  readonly lessor: Lessor;
  /** What was done since the start, whichever store it was done to. */
  readonly operationCounts: OperationCounts = createOperationCounts();
  /** As the flag gave it, its default filled in: below 0 there is none. */
  readonly quotaFlagBytes: number;
  #engine: Engine;
  #store: Store;
  #applier: Applier;
  #commits: CommitRelay;
  readonly #scheduler: SchedulerPort;

  constructor(state: MachineState, config: MemberConfig, scheduler: SchedulerPort) {
    this.#scheduler = scheduler;
    this.cluster = state.cluster;
    this.alarms = state.alarms;
    this.auth = state.auth;
    this.lessor = state.lessor;
    this.quotaFlagBytes = config.quotaBytes === 0 ? QUOTA_BYTES_DEFAULT : config.quotaBytes;
    this.#engine = state.engine;
    this.#store = state.store;
    this.#applier = this.#createApplier();
    this.#commits = state.commits;
  }

  /** Tells `listener` of each transaction that changes a key, from now on and whichever store runs. */
  onCommit(listener: CommitListener): void {
    this.#commits.listener = listener;
  }

  get engine(): Engine {
    return this.#engine;
  }

  get store(): Store {
    return this.#store;
  }

  get applier(): Applier {
    return this.#applier;
  }

  /** Puts `next` in the place of what runs now. @returns the engine and the store that are to be retired. */
  replace(next: MachineState): Pick<MachineState, "engine" | "store"> {
    const old = { engine: this.#engine, store: this.#store };
    next.commits.listener = this.#commits.listener;
    this.#commits = next.commits;
    this.#engine = next.engine;
    this.#store = next.store;
    this.cluster.adopt(next.cluster);
    this.alarms.adopt(next.alarms);
    this.auth.adopt(next.auth);
    this.lessor.adopt(next.lessor);
    this.#applier = this.#createApplier();
    return old;
  }

  #createApplier(): Applier {
    const engine = this.#engine;
    const quotaBytes = this.quotaFlagBytes < 0 ? Infinity : this.quotaFlagBytes;
    return new Applier({
      store: this.#store,
      consistentIndex: this.#store.consistentIndex,
      leases: this.lessor,
      alarms: this.alarms,
      cluster: this.cluster,
      auth: this.auth,
      space: {
        get sizeBytes() {
          return engine.sizeBytes;
        },
        quotaBytes,
      },
      turns: this.#scheduler,
      counts: this.operationCounts,
    });
  }
}
