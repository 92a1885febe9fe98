/** The engine and the store as maintenance calls see them. */
import type { Engine, KvHash } from "@quorate/machine";
import type { LiveMachine } from "./live-machine.js";
import type { ReportPort } from "../member/ports.js";
import type { HashKvAnswer, StoragePort } from "../api/member-port.js";

/**
 * The least that a store is said to have, a page of etcd's: an engine that has written nothing yet has no bytes, and etcdctl divides by
 * the size.
 */
const SIZE_BYTES_MIN = 4096;

export interface StoragePortParts {
  readonly machine: LiveMachine;
  readonly report: ReportPort;
  /** The schema follows the cluster version; undefined before that is decided. */
  readonly clusterVersion: () => string | undefined;
}

export function createStoragePort({ machine, report, clusterVersion }: StoragePortParts): StoragePort {
  return {
    get sizeBytes() {
      return Math.max(SIZE_BYTES_MIN, machine.engine.sizeBytes);
    },
    get sizeInUseBytes() {
      return Math.max(1, estimateInUse(machine.engine, machine.store.statistics.revisionBytes));
    },
    get schemaVersion() {
      return clusterVersion() ?? "";
    },
    defragment: async () => {
      report.info("starting defragment");
      const { store, engine } = machine;
      await store.flushDurable();
      await engine.compact();
      report.info("finished defragment", { "current-db-size-bytes": machine.engine.sizeBytes });
    },
    compactionsDone: () => machine.store.whenCompacted(machine.store.compactRevision),
    hash: () => machine.store.hashAll(),
    hashKv: async (revision) => {
      const result = await machine.store.hashKv(revision);
      return result.kind === "hash" ? toAnswer(result) : result.kind;
    },
    get compactionHashes() {
      return machine.store.compactionHashes.map(toAnswer);
    },
  };
}

/**
 * The part of the size that rows of revisions take which are still there; the rest is what a defragmentation can give back. RocksDB's own
 * estimate of live data is of no use here: it counts a deleted row until the row is merged with its deletion.
 */
function estimateInUse(
  { sizeBytes, rowBytes }: Pick<Engine, "sizeBytes" | "rowBytes">,
  liveBytes: number,
): number {
  if (liveBytes >= rowBytes) return sizeBytes;
  return Math.round((sizeBytes * liveBytes) / rowBytes);
}

function toAnswer({ hash, revision, compactRevision }: KvHash): HashKvAnswer {
  return { hash, hashRevision: revision, compactRevision };
}
