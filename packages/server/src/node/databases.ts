/** Databases as files: what a leader sends, what a member gets, and what an etcd server has left behind. */
import { CONF_STATE_KEY, formatConfState, type ClusterRecord } from "@quorate/machine";
import type { SnapshotMetadata } from "@quorate/raft";
import { formatV2Snapshot, takeOverDatabase, type OpenedWal, type RowOverride } from "@quorate/storage";
import type { LiveMachine, MachineState } from "./live-machine.js";
import { openMachine } from "./open-machine.js";
import type { StartOptions } from "./start-server.js";
import type { DataDirPort, SpoolPort, World } from "./world.js";

/** Fills the fresh engine folder with the rows of the file, and builds a machine on it. */
export async function importMachine(
  options: StartOptions,
  world: World,
  source: { readonly file: string; readonly enginePath: string; readonly metadata: SnapshotMetadata },
): Promise<MachineState> {
  const { file, enginePath, metadata } = source;
  const { openEngine } = world;
  await world.importDatabase({ file, enginePath, openEngine, overrides: stateRows(metadata) });
  return openMachine(options, world, enginePath);
}

/** What a database of etcd before 3.5 does not say about its moment. */
function stateRows({ term, confState }: SnapshotMetadata): RowOverride[] {
  const termBytes = Buffer.alloc(8);
  termBytes.writeBigUInt64BE(BigInt(term));
  return [
    { table: "meta", key: Buffer.from(CONF_STATE_KEY), value: Buffer.from(formatConfState(confState)) },
    { table: "meta", key: Buffer.from("term"), value: termBytes },
  ];
}

/** Makes the database of an etcd server, whose log `log` is, the member's. Nothing of etcd's is changed before that has succeeded. */
export async function takeOver(
  { logger }: Pick<StartOptions, "logger">,
  { openEngine }: World,
  { dataDir, log }: { readonly dataDir: DataDirPort; readonly log: OpenedWal },
): Promise<void> {
  logger.info("importing the database of an etcd member", { path: dataDir.foreignDatabase });
  const taken = await takeOverDatabase({ dataDir, log, openEngine });
  logger.info("imported the database of an etcd member", { rows: taken.rowCount, index: taken.index });
  logger.warn(taken.warning);
}

/** @param name of the files, unlike that of any other spool. */
export function createSpool(
  name: string,
  { createSpool: create }: World,
  { dataDir, machine }: { readonly dataDir: DataDirPort; readonly machine: LiveMachine },
): SpoolPort {
  return create({
    name,
    dataDir,
    rows: () => machine.store.allRows(),
    appliedIndex: () => machine.store.consistentIndex,
  });
}

/** The member list in the form that members before 3.7 read from the message in front of a database. */
export function formatOldSnapshot(cluster: ClusterRecord): Uint8Array {
  return formatV2Snapshot({
    members: cluster.membership.list(),
    removedIds: cluster.membership.removedIds(),
    version: cluster.version,
  });
}
