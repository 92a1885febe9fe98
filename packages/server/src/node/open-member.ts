/**
 * Opens what a member has on disk, or creates it, and builds the member on top: data directory, engine, store, log, driver.
 * Nothing runs until `start`; `close` stops everything and leaves the files complete.
 */
import { randomInt } from "node:crypto";
import { resolve } from "node:path";
import {
  AlarmSet,
  Applier,
  CLUSTER_TABLES,
  ClusterRecord,
  NO_LEASES,
  Store,
  type Engine,
} from "@quorate/machine";
import { formatHexId } from "@quorate/proto";
import { emptyConfState, type MemoryLogStorage } from "@quorate/raft";
import {
  createWal,
  DirectoryLock,
  NodeFiles,
  openDataDir,
  openWal,
  RocksEngine,
  walExists,
  WorkerEngine,
  type DataDir,
  type Wal,
} from "@quorate/storage";
import { SpaceGuard } from "../api/space-guard.js";
import { startPeriodicCompactor, startRevisionCompactor } from "../member/auto-compactor.js";
import { CompactionRunner } from "../member/compaction-runner.js";
import { createEntryApplier } from "../member/entry-applier.js";
import { ProposalError, proposeRequest } from "../member/internal-requests.js";
import { LogTrimmer } from "../member/log-trimmer.js";
import { MemberFacade } from "../member/member-facade.js";
import { Member } from "../member/member.js";
import type { MemberPorts } from "../member/ports.js";
import { StorePump } from "../member/store-pump.js";
import {
  BootstrapError,
  identityFromConfig,
  restoreLogStorage,
  type Identity,
  type LoggedHistory,
} from "./bootstrap.js";
import type { MemberConfig } from "./config/config.js";
import { RaftLog } from "./raft-log.js";
import { createStoragePort } from "./storage-port.js";
import type { StartOptions } from "./start-server.js";
import { systemClock, systemScheduler } from "./system-ports.js";

/** Without --quota-backend-bytes. */
const QUOTA_BYTES_DEFAULT = 2 * 1024 ** 3;
/** Released segments left on disk, as etcd's --max-wals does. */
const SEGMENTS_KEPT = 5;

export interface OpenMember {
  readonly member: Member;
  readonly facade: MemberFacade;
  readonly cluster: ClusterRecord;
  start(): void;
  close(): Promise<void>;
}

interface LockedDisk extends Disk {
  /** Of a log outside the data directory. */
  readonly walLock: DirectoryLock | undefined;
}

interface Disk {
  readonly dataDir: DataDir;
  readonly engine: Engine;
  readonly store: Store;
  readonly cluster: ClusterRecord;
  readonly alarms: AlarmSet;
  readonly wal: Wal;
  readonly history: LoggedHistory;
  /** Set on the first start. */
  readonly bootstrap: Identity | undefined;
}

/** @throws BootstrapError, or what the storage says; nothing is left open then. */
export async function openMember(options: StartOptions): Promise<OpenMember> {
  const { config } = options;
  const dataDir = await openDataDir(config.dataDir);
  const walLock = await lockWalDir(config.walDir).catch(async (error: unknown) => {
    await dataDir.close();
    throw error;
  });
  for (const warning of dataDir.warnings) options.logger.warn(warning);
  try {
    const engine = await openEngine(dataDir.enginePath, options.engineThreadFile);
    try {
      const disk = await openDisk(options, dataDir, engine);
      try {
        return build(options, { ...disk, walLock });
      } catch (error) {
        await disk.wal.close();
        throw error;
      }
    } catch (error) {
      await engine.close();
      throw error;
    }
  } catch (error) {
    await walLock?.release();
    await dataDir.close();
    throw error;
  }
}

/**
 * A log outside the data directory has a lock of its own: two members with one log would each overwrite what the other has
 * acknowledged. The lock lies beside the log, since a new log wants an empty folder.
 */
async function lockWalDir(walDir: string): Promise<DirectoryLock | undefined> {
  if (walDir === "") return undefined;
  const folder = `${resolve(walDir)}.lock`;
  await new NodeFiles().makeDirectory(folder);
  return DirectoryLock.take(folder);
}

function openEngine(path: string, threadFile: string | undefined): Promise<Engine> {
  return threadFile === undefined ? RocksEngine.open(path) : WorkerEngine.open(path, threadFile);
}

async function openDisk(options: StartOptions, dataDir: DataDir, engine: Engine): Promise<Disk> {
  const { config, versions } = options;
  const files = new NodeFiles();
  const walPath = config.walDir === "" ? dataDir.walPath : resolve(config.walDir);
  // Both take a while and wait for different things.
  const [restored, logged] = await Promise.allSettled([
    restoreStore(engine, config),
    walExists(files, walPath).then((exists) => (exists ? openWal(files, walPath) : undefined)),
  ]);
  try {
    if (logged.status === "rejected") throw logged.reason;
    if (restored.status === "rejected") throw restored.reason;
    checkVersion(restored.value.cluster.version, versions.etcd);
    const disk = { dataDir, engine, ...restored.value };
    const opened = logged.value;
    const index = disk.store.consistentIndex;
    if (opened !== undefined) {
      const bootstrap =
        isUnborn(opened) && index === 0 ? identityOfLog(config, opened.wal.metadata) : undefined;
      return { ...disk, wal: opened.wal, history: opened, bootstrap };
    }
    if (index > 0) {
      throw new BootstrapError(
        `the store in ${dataDir.enginePath} has applied index ${index}, but there is no log in ${walPath}. ` +
          "Put the log back, or restore the data directory from a snapshot.",
      );
    }
    const bootstrap = identityFromConfig(config);
    const wal = await createWal(files, walPath, {
      nodeId: bootstrap.memberId,
      clusterId: bootstrap.clusterId,
    });
    return { ...disk, wal, history: EMPTY_HISTORY, bootstrap };
  } catch (error) {
    if (logged.status === "fulfilled") await logged.value?.wal.close();
    throw error;
  }
}

/** The log was created, and the process ended before the first entries were in it. */
function isUnborn({ hardState, snapshot, entries }: LoggedHistory): boolean {
  return hardState.term === 0 && hardState.commit === 0 && snapshot.index === 0 && entries.length === 0;
}

/** The birth goes on where it stopped, which only works for the member that had begun it. @throws BootstrapError */
function identityOfLog(config: MemberConfig, metadata: Wal["metadata"]): Identity {
  const identity = identityFromConfig(config);
  if (identity.memberId === metadata.nodeId && identity.clusterId === metadata.clusterId) return identity;
  throw new BootstrapError(
    `the log belongs to member ${formatHexId(metadata.nodeId)} of cluster ${formatHexId(metadata.clusterId)}, whose first ` +
      `start did not finish; the flags name member ${formatHexId(identity.memberId)} of cluster ${formatHexId(identity.clusterId)}. ` +
      "Start it with the flags of that time, or with an empty data directory.",
  );
}

const EMPTY_HISTORY: LoggedHistory = {
  hardState: { term: 0, vote: 0n, commit: 0 },
  snapshot: { index: 0, term: 0, confState: undefined },
  entries: [],
};

/** The store, and what lies in its small tables. */
async function restoreStore(
  engine: Engine,
  config: MemberConfig,
): Promise<Pick<Disk, "store" | "cluster" | "alarms">> {
  const store = await Store.open(engine, { yieldTurn: () => systemScheduler.yieldTurn() });
  const cluster = new ClusterRecord(config.learnersMax);
  const alarms = new AlarmSet();
  for (const table of CLUSTER_TABLES) {
    for await (const { keys, values } of store.rows(table)) {
      keys.forEach((key, i) => cluster.restoreRow(table, key, values[i] ?? new Uint8Array(0)));
    }
  }
  for await (const { keys } of store.rows("alarm")) keys.forEach((key) => alarms.restoreRow(key));
  return { store, cluster, alarms };
}

function build(options: StartOptions, disk: LockedDisk): OpenMember {
  const { config, logger, versions } = options;
  const { store, cluster, alarms, engine, wal } = disk;
  const { nodeId: memberId, clusterId } = wal.metadata;
  const storage = restoreLogStorage(disk.history, store, cluster);
  dropOldTail(storage, store.consistentIndex - config.snapshotCatchUpEntries);
  // Below 0 there is none, which Status shows as it was given.
  const quotaFlagBytes = config.quotaBytes === 0 ? QUOTA_BYTES_DEFAULT : config.quotaBytes;
  const quotaBytes = quotaFlagBytes < 0 ? Infinity : quotaFlagBytes;
  const log = new RaftLog(wal, SEGMENTS_KEPT, (error) => logger.warn("failed to purge wal files", { error }));
  const fail = (error: unknown): void =>
    options.onFatal(error instanceof Error ? error : new Error(String(error)));
  const ports: MemberPorts = {
    clock: systemClock,
    scheduler: systemScheduler,
    log,
    // A single member has no peers: raft addresses nobody.
    transport: { send: () => undefined },
    report: logger,
    random: (bound) => randomInt(bound),
    onFatal: fail,
  };
  const applier = new Applier({
    store,
    consistentIndex: store.consistentIndex,
    leases: NO_LEASES,
    alarms,
    cluster,
    space: {
      get sizeBytes() {
        return engine.sizeBytes;
      },
      quotaBytes,
    },
    turns: { yieldTurn: () => systemScheduler.yieldTurn() },
  });
  const pump = new StorePump(store, systemScheduler, fail);
  const compactions = new CompactionRunner({
    store,
    scheduler: systemScheduler,
    report: logger,
    batchCount: config.compactionBatchLimit,
    pauseMs: config.compactionSleepMs,
    onFreed: () => pump.wake(),
    onFailed: fail,
  });
  const trimmer = new LogTrimmer(
    {
      store,
      storage,
      log,
      clock: systemClock,
      report: logger,
      snapshotCountEntries: config.snapshotCountEntries,
      catchUpEntries: config.snapshotCatchUpEntries,
      confState: () => cluster.confState ?? emptyConfState,
      writeCommitIndex: () => member.writeCommitIndex(),
      onFailed: fail,
    },
    disk.history.snapshot.index,
  );
  const raftLogger = logger.named("raft");
  const member: Member = new Member({
    settings: {
      memberId,
      tickMs: config.tickMs,
      electionTicks: config.electionTicks,
      preVote: config.preVote,
      appliedIndex: store.consistentIndex,
      appliedTerm: store.consistentTerm,
    },
    ports,
    storage,
    store,
    applier: createEntryApplier({
      requests: applier,
      store,
      cluster,
      report: logger,
      onEntry: (index, bytes) => trimmer.count(index, bytes),
    }),
    onProgress: (appliedIndex) => {
      pump.wake();
      trimmer.progress(appliedIndex, member.appliedTerm);
      compactions.wake();
    },
    raiseSpaceAlarm: () => space.raiseAlarm(() => undefined),
    onRole: (leader, role, term) => {
      const id = formatHexId(memberId);
      raftLogger.info(`${id} became ${roleName(role)} at term ${term}`);
      if (leader !== 0n)
        raftLogger.info(`raft.node: ${id} elected leader ${formatHexId(leader)} at term ${term}`);
    },
  });
  if (disk.bootstrap !== undefined) member.node.bootstrap(disk.bootstrap.peers);
  const facade = new MemberFacade({
    clusterId,
    memberId,
    serverVersion: versions.etcd,
    member,
    store,
    storage: createStoragePort({ engine, store, report: logger, clusterVersion: () => cluster.version }),
    quotaBytes: quotaFlagBytes,
    alarms,
    cluster,
    scheduler: systemScheduler,
  });
  const space = new SpaceGuard(facade);
  const stopCompactor = startAutoCompactor(config, member, facade, ports);
  return {
    member,
    facade,
    cluster,
    start: () => {
      logger.info("started as single-node; fast-forwarding election ticks", {
        "local-member-id": formatHexId(memberId),
      });
      member.start(true);
      compactions.wake();
    },
    close: async () => {
      stopCompactor();
      compactions.stop();
      member.stop();
      pump.stop();
      await trimmer.finish(member.appliedIndex, member.appliedTerm);
      await log.close();
      await engine.close();
      await disk.walLock?.release();
      await disk.dataDir.close();
    },
  };
}

function startAutoCompactor(
  config: MemberConfig,
  member: Member,
  facade: MemberFacade,
  ports: MemberPorts,
): () => void {
  const parts = {
    clock: ports.clock,
    scheduler: ports.scheduler,
    report: ports.report,
    revision: () => facade.store.revision,
    isLeader: () => facade.leaderId === facade.memberId,
    compact: async (revision: number): Promise<boolean> => {
      try {
        const { refusal } = await proposeRequest(member, { compaction: { revision: BigInt(revision) } });
        return refusal === undefined || refusal === "compacted";
      } catch (error) {
        if (error instanceof ProposalError) return false;
        throw error;
      }
    },
  };
  switch (config.autoCompaction.kind) {
    case "off":
      return () => undefined;
    case "periodic":
      return startPeriodicCompactor(parts, config.autoCompaction.periodMs);
    case "revision":
      return startRevisionCompactor(parts, config.autoCompaction.retention);
  }
}

/** A member older than its cluster could not read what newer ones write. @throws BootstrapError */
function checkVersion(clusterVersion: string | undefined, serverVersion: string): void {
  if (clusterVersion === undefined) return;
  const [clusterMajor = 0, clusterMinor = 0] = clusterVersion.split(".").map(Number);
  const [major = 0, minor = 0] = serverVersion.split(".").map(Number);
  if (clusterMajor > major || (clusterMajor === major && clusterMinor > minor)) {
    throw new BootstrapError(
      `invalid downgrade; server version ${serverVersion} is lower than determined cluster version ${clusterVersion}`,
    );
  }
}

/** The log is kept in memory for followers only as far back as they may need it. */
function dropOldTail(storage: MemoryLogStorage, index: number): void {
  if (index >= storage.firstIndex()) storage.compact(index);
}

function roleName(role: string): string {
  return role
    .replace(/^State/, "")
    .replace("PreCandidate", "pre-candidate")
    .toLowerCase();
}
