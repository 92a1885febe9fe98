/** The engine and the store as maintenance calls see them. */
import type { Engine, Store } from "@quorate/machine";
import type { ReportPort } from "../member/ports.js";
import type { HashKvAnswer, StoragePort } from "../api/member-port.js";

export interface StoragePortParts {
  readonly engine: Engine;
  readonly store: Store;
  readonly report: ReportPort;
  /** The schema follows the cluster version; undefined before that is decided. */
  readonly clusterVersion: () => string | undefined;
}

export function createStoragePort({ engine, store, report, clusterVersion }: StoragePortParts): StoragePort {
  return {
    get sizeBytes() {
      return Math.max(1, engine.sizeBytes);
    },
    // RocksDB gives space back by itself; what is not yet compacted away is not told apart.
    get sizeInUseBytes() {
      return Math.max(1, engine.sizeBytes);
    },
    get schemaVersion() {
      return clusterVersion() ?? "";
    },
    defragment: async () => {
      report.info("starting defragment");
      await store.flushDurable();
      await engine.compact();
      report.info("finished defragment", { "current-db-size-bytes": engine.sizeBytes });
    },
    compactionsDone: () => store.whenCompacted(store.compactRevision),
    hash: () => store.hashAll(),
    hashKv: async (revision) => {
      const result = await store.hashKv(revision);
      if (result.kind !== "hash") return result.kind;
      const answer: HashKvAnswer = {
        hash: result.hash,
        hashRevision: result.revision,
        compactRevision: result.compactRevision,
      };
      return answer;
    },
  };
}
