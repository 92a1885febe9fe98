/**
 * Opens what a member has on disk, or creates it: the locks, the database, the log, and what they say about who the member is.
 * Whatever fails, nothing is left open.
 */
import { resolve } from "node:path";
import type { Engine } from "@quorate/machine";
import { formatHexId } from "@quorate/proto";
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
import { BootstrapError, type Birth, type LoggedHistory } from "./bootstrap.js";
import type { MemberConfig } from "./config/config.js";
import { loadMachine, type MachineState } from "./live-machine.js";
import type { StartOptions } from "./start-server.js";

export interface Disk {
  readonly dataDir: DataDir;
  /** Of a log outside the data directory. */
  readonly walLock: DirectoryLock | undefined;
  readonly machine: MachineState;
  readonly wal: Wal;
  readonly history: LoggedHistory;
  /** Set on the first start. */
  readonly birth: Birth | undefined;
}

export type EngineOpener = (path: string) => Promise<Engine>;

/** @param birth says who a member without a log is; may ask other members. @throws BootstrapError, or what the storage says */
export async function openDisk(options: StartOptions, birth: () => Promise<Birth>): Promise<Disk> {
  const { config } = options;
  const dataDir = await openDataDir(config.dataDir);
  try {
    const walLock = await lockWalDir(config.walDir);
    try {
      for (const warning of dataDir.warnings) options.logger.warn(warning);
      const opened = await openDatabaseAndLog(options, dataDir, birth);
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

/** In a thread of its own where the built thread is at hand. */
export function engineOpener({ engineThreadFile }: Pick<StartOptions, "engineThreadFile">): EngineOpener {
  return (path) =>
    engineThreadFile === undefined ? RocksEngine.open(path) : WorkerEngine.open(path, engineThreadFile);
}

export function walPathOf(config: MemberConfig, dataDir: DataDir): string {
  return config.walDir === "" ? dataDir.walPath : resolve(config.walDir);
}

async function openDatabaseAndLog(
  options: StartOptions,
  dataDir: DataDir,
  birth: () => Promise<Birth>,
): Promise<Pick<Disk, "machine" | "wal" | "history" | "birth">> {
  const { config } = options;
  const files = new NodeFiles();
  const walPath = walPathOf(config, dataDir);
  // Both take a while and wait for different things.
  const [loaded, logged] = await Promise.allSettled([
    openMachine(options, dataDir.enginePath),
    walExists(files, walPath).then((exists) => (exists ? openWal(files, walPath) : undefined)),
  ]);
  try {
    if (logged.status === "rejected") throw logged.reason;
    if (loaded.status === "rejected") throw loaded.reason;
    const machine = loaded.value;
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
    const wal = await createWal(files, walPath, { nodeId: born.memberId, clusterId: born.clusterId });
    return { machine, wal, history: EMPTY_HISTORY, birth: born };
  } catch (error) {
    if (logged.status === "fulfilled") await logged.value?.wal.close();
    if (loaded.status === "fulfilled") await loaded.value.engine.close();
    throw error;
  }
}

export async function openMachine(options: StartOptions, enginePath: string): Promise<MachineState> {
  const engine = await engineOpener(options)(enginePath);
  try {
    return await loadMachine(engine, options.config);
  } catch (error) {
    await engine.close();
    throw error;
  }
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
  if (clusterVersion === undefined) return;
  const [clusterMajor = 0, clusterMinor = 0] = clusterVersion.split(".").map(Number);
  const [major = 0, minor = 0] = serverVersion.split(".").map(Number);
  if (clusterMajor > major || (clusterMajor === major && clusterMinor > minor)) {
    throw new BootstrapError(
      `invalid downgrade; server version ${serverVersion} is lower than determined cluster version ${clusterVersion}`,
    );
  }
}
