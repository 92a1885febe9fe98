/**
 * Opens what a member has on disk, or creates it: the locks, the database, the log, and what they say about who the member is.
 * Whatever fails, nothing is left open.
 */
import { resolve } from "node:path";
import { formatHexId } from "@quorate/proto";
import {
  createWal,
  DirectoryLock,
  NodeFiles,
  openWal,
  walExists,
  type OpenedWal,
  type Wal,
} from "@quorate/storage";
import { refuseServerVersion } from "../cluster/version-rules.js";
import { BootstrapError, type Birth, type LoggedHistory } from "./bootstrap.js";
import type { MemberConfig } from "./config/config.js";
import { importMachine, takeOver } from "./databases.js";
import type { MachineState } from "./live-machine.js";
import { openMachine } from "./open-machine.js";
import type { StartOptions } from "./start-server.js";
import type { DataDirPort, World } from "./world.js";

export interface Disk {
  readonly dataDir: DataDirPort;
  /** Of a log outside the data directory. */
  readonly walLock: DirectoryLock | undefined;
  readonly machine: MachineState;
  readonly wal: Wal;
  readonly history: LoggedHistory;
  /** Set on the first start. */
  readonly birth: Birth | undefined;
}

/** @param birth says who a member without a log is; may ask other members. @throws BootstrapError, or what the storage says */
export async function openDisk(
  options: StartOptions,
  world: World,
  birth: () => Promise<Birth>,
): Promise<Disk> {
  const { config } = options;
  const dataDir = await world.openDataDir(config.dataDir);
  try {
    const walLock = await lockWalDir(config.walDir);
    try {
      for (const warning of dataDir.warnings) options.logger.warn(warning);
      const opened = await openDatabaseAndLog({ options, world, dataDir }, birth);
      return { ...opened, dataDir, walLock };
    } catch (error) {
      await walLock?.release();
      throw error;
    }
  } catch (error) {
    await dataDir.close();
    throw error;
  }
}

export async function closeDisk(disk: Pick<Disk, "walLock" | "dataDir">): Promise<void> {
  await disk.walLock?.release();
  await disk.dataDir.close();
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

export function walPathOf(config: MemberConfig, dataDir: Pick<DataDirPort, "walPath">): string {
  return config.walDir === "" ? dataDir.walPath : resolve(config.walDir);
}

interface Place {
  readonly options: StartOptions;
  readonly world: World;
  readonly dataDir: DataDirPort;
}

async function openDatabaseAndLog(
  place: Place,
  birth: () => Promise<Birth>,
): Promise<Pick<Disk, "machine" | "wal" | "history" | "birth">> {
  const { options, world, dataDir } = place;
  const { config } = options;
  const { files, walLimits } = world;
  const walPath = walPathOf(config, dataDir);
  const openLog = (): Promise<OpenedWal | undefined> =>
    walExists(files, walPath).then((exists) =>
      exists ? openWal(files, walPath, undefined, walLimits) : undefined,
    );
  if (dataDir.foreignDatabase !== undefined) await takeOverFrom(place, openLog);
  // Both take a while and wait for different things.
  const [loaded, logged] = await Promise.allSettled([
    openMachine(options, world, dataDir.enginePath),
    openLog(),
  ]);
  let machine = loaded.status === "fulfilled" ? loaded.value : undefined;
  try {
    if (logged.status === "rejected") throw logged.reason;
    if (machine === undefined) throw (loaded as PromiseRejectedResult).reason;
    if (logged.value !== undefined) machine = await finishInstallation(place, { machine, log: logged.value });
    await dataDir.purgeReceived(machine.store.consistentIndex);
    checkVersion(machine.cluster.version, options.versions.etcd);
    const history = logged.value;
    const index = machine.store.consistentIndex;
    if (history !== undefined) {
      const again =
        isUnborn(history) && index === 0 && config.initialClusterState === "new"
          ? await bornAgain(birth, history.wal.metadata)
          : undefined;
      return { machine, wal: history.wal, history, birth: again };
    }
    if (index > 0) {
      throw new BootstrapError(
        `the store in ${dataDir.enginePath} has applied index ${index}, but there is no log in ${walPath}. ` +
          "Put the log back, or restore the data directory from a snapshot.",
      );
    }
    const born = await birth();
    const wal = await createWal(
      files,
      walPath,
      { nodeId: born.memberId, clusterId: born.clusterId },
      walLimits,
    );
    return { machine, wal, history: EMPTY_HISTORY, birth: born };
  } catch (error) {
    if (logged.status === "fulfilled") await logged.value?.wal.close();
    await machine?.engine.close();
    throw error;
  }
}

/** The log is read for what it says about the database; the start opens it again when there is one. */
async function takeOverFrom(
  { options, world, dataDir }: Place,
  openLog: () => Promise<OpenedWal | undefined>,
): Promise<void> {
  const log = await openLog();
  if (log === undefined) {
    throw new BootstrapError(
      `${dataDir.foreignDatabase ?? dataDir.path} is the database of an etcd member whose log is missing. ` +
        "Put the log back, or restore the data directory from a snapshot.",
    );
  }
  try {
    await takeOver(options, world, { dataDir, log });
  } finally {
    await log.wal.close();
  }
}

/** The process ended after the log had a snapshot from the leader, and before its database was in place. */
async function finishInstallation(
  { options, world, dataDir }: Place,
  opened: { readonly machine: MachineState; readonly log: OpenedWal },
): Promise<MachineState> {
  const { machine, log } = opened;
  const { index, term, confState } = log.snapshot;
  if (machine.store.consistentIndex >= index || confState === undefined) return machine;
  const file = await dataDir.receivedDatabase(index);
  // Without it the start ends: the log does not go on from what is there.
  if (file === undefined) return machine;
  options.logger.info("recovering from received database", { "snapshot-index": index, path: file });
  const enginePath = await dataDir.prepareDatabase();
  const received = await importMachine(options, world, {
    file,
    enginePath,
    metadata: { index, term, confState },
  });
  await dataDir.activateDatabase(enginePath);
  await machine.engine.close();
  await dataDir.removeInactiveDatabases();
  return received;
}

/** The log was created, and the process ended before the first entries were in it. */
function isUnborn({ hardState, snapshot, entries }: LoggedHistory): boolean {
  return hardState.term === 0 && hardState.commit === 0 && snapshot.index === 0 && entries.length === 0;
}

/** The birth goes on where it stopped, which only works for the member that had begun it. @throws BootstrapError */
async function bornAgain(birth: () => Promise<Birth>, metadata: Wal["metadata"]): Promise<Birth> {
  const born = await birth();
  if (born.memberId === metadata.nodeId && born.clusterId === metadata.clusterId) return born;
  throw new BootstrapError(
    `the log belongs to member ${formatHexId(metadata.nodeId)} of cluster ${formatHexId(metadata.clusterId)}, whose first ` +
      `start did not finish; the flags name member ${formatHexId(born.memberId)} of cluster ${formatHexId(born.clusterId)}. ` +
      "Start it with the flags of that time, or with an empty data directory.",
  );
}

const EMPTY_HISTORY: LoggedHistory = {
  hardState: { term: 0, vote: 0n, commit: 0 },
  snapshot: { index: 0, term: 0, confState: undefined },
  entries: [],
};

/** A member older than its cluster could not read what newer ones write. @throws BootstrapError */
function checkVersion(clusterVersion: string | undefined, serverVersion: string): void {
  const refusal = refuseServerVersion(serverVersion, clusterVersion);
  if (refusal !== undefined) throw new BootstrapError(refusal);
}
