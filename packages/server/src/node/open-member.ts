/**
 * Builds a member on top of what is on disk: machine, log, driver, peers. Nothing runs until `start`; `close` stops everything and
 * leaves the files complete.
 */
import { formatHexId } from "@quorate/proto";
import { WatchHub, type MembershipChange } from "@quorate/machine";
import { emptyConfState, EntryType, StateRole, type Entry, type SnapshotMetadata } from "@quorate/raft";
import { SpaceGuard } from "../api/space-guard.js";
import { CompactionRunner } from "../member/compaction-runner.js";
import { createEntryApplier } from "../member/entry-applier.js";
import { refuseServerVersion } from "../cluster/version-rules.js";
import { LeaseKeeper } from "../lease/lease-keeper.js";
import { advanceTicksAtStart, handOverLeadership } from "../member/leadership.js";
import { compactTail, LogTrimmer } from "../member/log-trimmer.js";
import { MemberFacade } from "../member/member-facade.js";
import { Member } from "../member/member.js";
import { OutgoingSnapshots } from "../member/outgoing-snapshots.js";
import { PeerInbox } from "../member/peer-inbox.js";
import type { PeerTransport } from "../member/peer-ports.js";
import type { MemberPorts } from "../member/ports.js";
import { watchLevels } from "../member/queue-levels.js";
import type { QueueLevel } from "../member/queue-limits.js";
import { StorePump } from "../member/store-pump.js";
import { startAutoCompactor } from "./auto-compaction.js";
import { restoreLogStorage, type Birth } from "./bootstrap.js";
import { createSpool, formatOldSnapshot, importMachine } from "./databases.js";
import { LiveMachine } from "./live-machine.js";
import { MemberMeters } from "../metrics/member-meters.js";
import { MeteredApplier } from "../metrics/metered-applier.js";
import { MeteredCompactions } from "../metrics/metered-compactions.js";
import { meterStorage, meterWorld } from "./metrics/metered-disk.js";
import { forceNewCluster, writeForcedHistory } from "./force-new-cluster.js";
import { closeDisk, openDisk, type Disk } from "./open-disk.js";
import { createRaftEvents } from "./raft-events.js";
import { PeerRoster } from "./peer-roster.js";
import { RaftLog } from "./raft-log.js";
import { SnapshotInstaller } from "./snapshot-installer.js";
import { createStoragePort } from "./storage-port.js";
import type { StartOptions } from "./start-server.js";
import { createNodeWorld, type SpoolPort, type World } from "./world.js";

/** How long the stop of a leader waits for another to lead. */
const HANDOVER_MAX_MS = 1000;
/** For one attempt to ask the leader about a lease: it may not be the leader any more. */
const LEASE_ROUND_MAX_MS = 1000;
/** A member that was removed serves its last answers before it goes. */
const REMOVED_PAUSE_MS = 1000;

/** @typeParam T the transport, for whoever connects it to the outside. */
export interface OpenMember<T extends PeerTransport = PeerTransport> {
  readonly member: Member;
  readonly facade: MemberFacade;
  readonly machine: LiveMachine;
  /** It was not a member before this start: there is nothing yet that could be wrong. */
  readonly isNew: boolean;
  readonly transport: T;
  /** Where databases of a leader are put. */
  readonly snapPath: string;
  readonly inbox: PeerInbox;
  readonly ports: MemberPorts;
  readonly leases: LeaseKeeper;
  readonly watches: WatchHub;
  readonly spool: SpoolPort;
  readonly world: World;
  readonly meters: MemberMeters;
  /** How full each queue is at this moment. */
  queueLevels(): readonly QueueLevel[];
  /** Calls `listener` whenever the leader, or this member's part in it, has changed. */
  onLeadership(listener: (leader: bigint, isLeader: boolean) => void): void;
  /** Calls `listener` whenever the member list has changed. */
  onMembership(listener: () => void): void;
  start(): void;
  /** Gives leadership away, if it is here, so that the others need not miss it. */
  handOver(): Promise<void>;
  close(): Promise<void>;
}

/** Who the transport speaks for, and whom it tells. */
export interface TransportIdentity {
  readonly memberId: bigint;
  readonly clusterId: bigint;
  readonly inbox: PeerInbox;
}

export interface Network<T extends PeerTransport = PeerTransport> {
  /** Who a member without a log is; may ask other members. */
  birth(): Promise<Birth>;
  createTransport(identity: TransportIdentity): T;
}

/** @throws BootstrapError, or what the storage says; nothing is left open then. */
export async function openMember<T extends PeerTransport>(
  options: StartOptions,
  network: Network<T>,
): Promise<OpenMember<T>> {
  const meters = options.meters ?? new MemberMeters();
  const world = meterWorld(options.world ?? createNodeWorld(options.engineThreadFile), meters);
  const opened = await openDisk(options, world, () => network.birth());
  try {
    const disk = options.config.forceNewCluster ? await force(options, opened) : opened;
    return build(options, disk, { network, world, meters });
  } catch (error) {
    await opened.wal.close();
    await opened.machine.engine.close();
    await closeDisk(opened);
    throw error;
  }
}

/** All others are removed by entries that come with the next start of raft. */
async function force({ logger }: StartOptions, disk: Disk): Promise<Disk> {
  if (disk.birth !== undefined) return disk;
  const { wal, machine, history } = disk;
  const memberId = wal.metadata.nodeId;
  const memberIds = machine.cluster.membership.list().map(({ id }) => id);
  const forced = forceNewCluster(history, {
    appliedIndex: machine.store.consistentIndex,
    memberId,
    memberIds,
  });
  await writeForcedHistory(wal, forced);
  logger.info("forcing a new cluster of this member alone", {
    "local-member-id": formatHexId(memberId),
    "commit-index": forced.history.hardState.commit,
  });
  return { ...disk, history: forced.history };
}

interface Outside<T extends PeerTransport> {
  readonly network: Network<T>;
  readonly world: World;
  readonly meters: MemberMeters;
}

function build<T extends PeerTransport>(
  options: StartOptions,
  disk: Disk,
  { network, world, meters }: Outside<T>,
): OpenMember<T> {
  const { clock, scheduler, random } = world;
  const { config, logger, versions, traces } = options;
  const { wal, history, dataDir } = disk;
  const { nodeId: memberId, clusterId } = wal.metadata;
  const machine = new LiveMachine(disk.machine, config, scheduler);
  const { cluster } = machine;
  const fail = (error: unknown): void =>
    options.onFatal(error instanceof Error ? error : new Error(String(error)));

  cluster.onVersion = (version) => {
    const refusal = refuseServerVersion(versions.etcd, version);
    if (refusal !== undefined) fail(new Error(refusal));
  };
  const storage = restoreLogStorage(history, machine.store, cluster);
  const tailStart = machine.store.consistentIndex - config.snapshotCatchUpEntries;
  if (tailStart >= storage.firstIndex())
    compactTail(storage, tailStart, machine.store.consistentIndex, cluster.confState ?? emptyConfState);
  let confIndex = lastConfChange(history.entries, machine.store.consistentIndex);

  const log = new RaftLog(wal, config.walsMax, (error) =>
    logger.warn("failed to purge wal files", { error }),
  );
  const ports: MemberPorts = {
    clock,
    scheduler,
    log,
    transport: { send: (message) => transport.send(message) },
    report: logger,
    random,
    onFatal: fail,
  };
  const pump = new StorePump(machine, scheduler, fail);
  const compactions = new CompactionRunner({
    store: new MeteredCompactions({ store: () => machine.store, meters, clock }),
    scheduler,
    report: logger,
    batchCount: config.compactionBatchLimit,
    pauseMs: config.compactionSleepMs,
    onFreed: () => pump.wake(),
    onFailed: fail,
  });
  const trimmer = new LogTrimmer(
    {
      get store() {
        return machine.store;
      },
      storage,
      log,
      clock,
      report: logger,
      snapshotCountEntries: config.snapshotCountEntries,
      catchUpEntries: config.snapshotCatchUpEntries,
      hasFollowers: () => cluster.membership.list().length > 1,
      confState: () => cluster.confState ?? emptyConfState,
      confIndex: () => confIndex,
      writeCommitIndex: () => member.writeCommitIndex(),
      onFailed: fail,
    },
    history.snapshot.index,
  );
  const installer = new SnapshotInstaller({
    dataDir,
    machine,
    scheduler,
    logger,
    load: (source) => importMachine(options, world, source),
    onReplaced: ({ index }: SnapshotMetadata) => {
      confIndex = index;
      leases.onLeadership(false);
      watches.storeReplaced(machine.store);
      trimmer.restored(index);
      roster.replace(cluster.membership.list());
      compactions.wake();
    },
  });
  // Apart, so that backups that nobody reads can't keep a follower from its database.
  const spool = createSpool("backup", world, { dataDir, machine });
  const followerSpool = createSpool("follower", world, { dataDir, machine });
  const outgoing = new OutgoingSnapshots({
    scheduler,
    report: logger,
    spool: () => followerSpool.open(),
    v2Data: () => formatOldSnapshot(cluster),
    transport: { sendSnapshot: (snapshot) => transport.sendSnapshot(snapshot) },
    holdLog: (index) => trimmer.hold(index),
    appliedIndex: () => member.appliedIndex,
    confIndex: () => confIndex,
    matchIndexes: () => member.matchIndexes(),
    onFailed: (id) => member.reportSnapshot(id, false),
  });
  const followMembership = (change: MembershipChange, index: number): void => {
    confIndex = index;
    const id = change.kind === "add" ? change.member.id : change.id;
    if (id === memberId && change.kind === "remove")
      removed("the local member has been removed from the cluster");
    roster.replace(cluster.membership.list());
    for (const listener of membershipListeners) listener();
  };
  let isRemoved = false;
  const removed = (reason: string): void => {
    if (isRemoved) return;
    isRemoved = true;
    logger.warn(reason);
    scheduler.after(REMOVED_PAUSE_MS, () => options.onRemoved());
  };
  const membershipListeners: (() => void)[] = [];
  const listeners: ((leader: bigint, isLeader: boolean) => void)[] = [];
  let knownLeader = 0n;
  const raftLogger = logger.named("raft");
  const requests = new MeteredApplier({
    applier: () => machine.applier,
    meters,
    nowMs: () => clock.monotonicMs(),
    slowMs: config.warningApplyMs,
    grantedTtl: (id) => machine.lessor.timeToLive(id)?.grantedTtl,
    ...(options.slowRequests === undefined ? {} : { onSlow: options.slowRequests.applied }),
  });
  const member: Member = new Member({
    settings: {
      memberId,
      tickMs: config.tickMs,
      electionTicks: config.electionTicks,
      preVote: config.preVote,
      appliedIndex: machine.store.consistentIndex,
      appliedTerm: machine.store.consistentTerm,
      loggedCommit: history.hardState.commit,
    },
    ports,
    storage,
    get store() {
      return machine.store;
    },
    applier: createEntryApplier({
      requests: traces === undefined ? requests : traces.applier(requests),
      get store() {
        return machine.store;
      },
      cluster,
      report: logger,
      onEntry: (index, bytes) => trimmer.count(index, bytes),
      onMembership: followMembership,
    }),
    snapshots: {
      send: (message) => outgoing.send(message),
      claim: (index) => installer.claim(index),
      install: async (metadata, record) => {
        meters.snapshotAppliesInProgress += 1;
        try {
          await installer.install(metadata, record);
        } finally {
          meters.snapshotAppliesInProgress -= 1;
        }
      },
    },
    limits: world.queueLimits,
    events: createRaftEvents({
      memberId,
      logger: raftLogger,
      clock,
      debug: config.logLevel === "debug",
    }),
    onProgress: (appliedIndex) => {
      pump.wake();
      trimmer.progress(appliedIndex);
      compactions.wake();
    },
    raiseSpaceAlarm: () => space.raiseAlarm(() => undefined),
    onLeading: () => {
      leases.onLeadership(true);
      for (const listener of listeners) listener(memberId, true);
    },
    onRole: (leader, role, term) => {
      if (leader !== 0n && leader !== knownLeader) meters.leaderChanges += 1;
      knownLeader = leader;
      if (role !== StateRole.StateLeader) leases.onLeadership(false);
      if (leader !== 0n) {
        const elected = `elected leader ${formatHexId(leader)} at term ${term}`;
        raftLogger.info(`raft.node: ${formatHexId(memberId)} ${elected}`);
      }
      for (const listener of listeners) listener(leader, role === StateRole.StateLeader);
    },
  });
  const inbox = new PeerInbox({
    memberId,
    member,
    membership: () => cluster.membership,
    report: logger,
    takeDatabase: (metadata, path, step) => installer.take(metadata, path, step),
    onRemoved: removed,
  });
  const transport: T = network.createTransport({ memberId, clusterId, inbox });
  if (disk.birth !== undefined && disk.birth.peers.length > 0) member.node.bootstrap(disk.birth.peers);
  for (const { id, peerUrls } of disk.birth?.remotes ?? []) transport.addRemote(id, peerUrls);
  const roster = new PeerRoster(memberId, transport);
  roster.replace(cluster.membership.list());

  const facade = new MemberFacade({
    clusterId,
    memberId,
    serverVersion: versions.etcd,
    member,
    machine,
    storage: meterStorage(
      createStoragePort({ machine, report: logger, clusterVersion: () => cluster.version }),
      meters,
      () => clock.monotonicMs(),
    ),
    quotaBytes: machine.quotaFlagBytes,
    scheduler,
    observer: traces,
  });
  const space = new SpaceGuard(facade);
  const leases = new LeaseKeeper({
    member: facade,
    lessor: machine.lessor,
    // One round at a time: whoever asks looks again who leads before the next.
    peers: {
      postLease: (urls, request, timeoutMs) =>
        world.remotes.postLease(urls, request, { timeoutMs: Math.min(timeoutMs, LEASE_ROUND_MAX_MS) }),
    },
    clock,
    scheduler,
    heartbeatMs: config.tickMs,
    electionTimeoutMs: config.electionTicks * config.tickMs,
    requestTimeoutMs: member.requestTimeoutMs,
    onError: fail,
  });
  const watches = new WatchHub({
    store: machine.store,
    scheduler,
    nowMs: () => clock.monotonicMs(),
    onError: fail,
    seed: random(2 ** 31),
    recentBytesMax: world.queueLimits.recentEventBytesMax,
  });
  machine.onCommit(watches.onCommit);
  const stopCompactor = startAutoCompactor(config, member, facade, ports);
  const otherVoters = (): bigint[] => (cluster.confState?.voters ?? []).filter((id) => id !== memberId);
  return {
    member,
    facade,
    machine,
    isNew: disk.birth !== undefined,
    transport,
    snapPath: dataDir.snapPath,
    inbox,
    ports,
    leases,
    watches,
    spool,
    world,
    meters,
    queueLevels: () => [
      ...member.queueLevels(),
      ...leases.queueLevels(),
      ...space.levels(),
      ...watchLevels(watches.statistics),
    ],
    onLeadership: (listener) => void listeners.push(listener),
    onMembership: (listener) => void membershipListeners.push(listener),
    start: () => {
      const isAlone = config.forceNewCluster || isOnlyVoter(memberId, disk, cluster.confState?.voters);
      if (isAlone) {
        logger.info("started as single-node; fast-forwarding election ticks", {
          "local-member-id": formatHexId(memberId),
        });
      }
      member.start(isAlone);
      leases.start();
      compactions.wake();
      if (!isAlone && config.initialElectionTickAdvance) {
        advanceTicksAtStart({
          member,
          electionTicks: config.electionTicks,
          activeCount: () =>
            cluster.membership.list().filter(({ id }) => transport.activeSinceMs(id) !== undefined).length,
          clock,
          scheduler,
          report: logger,
        }).catch(fail);
      }
    },
    handOver: () =>
      handOverLeadership({
        member,
        memberId,
        others: otherVoters().map((id) => ({ id, activeSinceMs: transport.activeSinceMs(id) })),
        clock,
        scheduler,
        report: logger,
        timeoutMs: HANDOVER_MAX_MS,
      }),
    close: () => {
      stopCompactor();
      compactions.stop();
      leases.stop();
      watches.close();
      member.stop();
      pump.stop();
      return runAll([
        () => transport.stop(),
        () => installer.close(),
        () => trimmer.finish(member.appliedIndex),
        () => log.close(),
        () => machine.engine.close(),
        () => closeDisk(disk),
      ]);
    },
  };
}

/** One after the other, also when one fails: what is open must not stay so. @throws the first failure */
async function runAll(steps: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) await step().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

/** Nobody else could lead: neither as the configuration is, nor as it will be when the bootstrap is applied. */
function isOnlyVoter(memberId: bigint, disk: Disk, voters: readonly bigint[] | undefined): boolean {
  const ids = disk.birth === undefined ? (voters ?? []) : disk.birth.peers.map(({ id }) => id);
  return ids.length === 1 && ids[0] === memberId;
}

/** Index of the last change of the configuration among what is applied; 0 when it lies before the log. */
function lastConfChange(entries: readonly Entry[], appliedIndex: number): number {
  const last = entries.findLast(({ type, index }) => type !== EntryType.EntryNormal && index <= appliedIndex);
  return last?.index ?? 0;
}
