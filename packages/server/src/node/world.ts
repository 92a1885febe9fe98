/**
 * Everything a member touches besides other members' messages: time, chance, the disk, and questions to other members. A process has
 * Node's; the simulator puts another world in its place, so that what runs there is the member itself.
 */
import { randomInt } from "node:crypto";
import type { Engine, TableChunk } from "@quorate/machine";
import {
  defaultWalLimits,
  importDatabase,
  NodeFiles,
  openDataDir,
  RocksEngine,
  SnapshotSpool,
  WorkerEngine,
  type DatabaseImport,
  type DataDir,
  type FileSystem,
  type SpooledDatabase,
  type WalLimits,
} from "@quorate/storage";
import type { ClockPort, SchedulerPort } from "../member/ports.js";
import { QUEUE_LIMITS, type QueueLimits } from "../member/queue-limits.js";
import type { PeerTls } from "../peers/http-request.js";
import { fetchHashKv, fetchVersion, postLease, postPromote } from "../peers/remote.js";
import { systemClock, systemScheduler } from "./system-ports.js";

/** What a member asks others outside the streams of raft. */
export interface RemotePort {
  readonly fetchVersion: typeof fetchVersion;
  readonly fetchHashKv: typeof fetchHashKv;
  readonly postLease: typeof postLease;
  readonly postPromote: typeof postPromote;
}

/** The same questions, asked over TLS where a URL says so. @param tls for the next connection */
export function askWithTls(remotes: RemotePort, tls: () => PeerTls | undefined): RemotePort {
  return {
    fetchVersion: (url, options) => remotes.fetchVersion(url, { ...options, tls: tls() }),
    fetchHashKv: (url, question, options) => remotes.fetchHashKv(url, question, { ...options, tls: tls() }),
    postLease: (urls, request, options) => remotes.postLease(urls, request, { ...options, tls: tls() }),
    postPromote: (urls, id, options) => remotes.postPromote(urls, id, { ...options, tls: tls() }),
  };
}

export interface SpoolSource {
  /** Of the files, unlike that of any other spool. */
  readonly name: string;
  readonly dataDir: DataDirPort;
  readonly rows: () => AsyncIterable<TableChunk>;
  readonly appliedIndex: () => number;
}

/** The present state, for whoever wants to send it. */
export interface SpoolPort {
  open(): Promise<
    Pick<
      SpooledDatabase,
      "index" | "term" | "confState" | "storageVersion" | "sizeBytes" | "chunks" | "release"
    >
  >;
}

export type DataDirPort = Pick<
  DataDir,
  | "enginePath"
  | "walPath"
  | "snapPath"
  | "path"
  | "warnings"
  | "foreignDatabase"
  | "prepareDatabase"
  | "activateDatabase"
  | "removeInactiveDatabases"
  | "receivedDatabase"
  | "purgeReceived"
  | "retireForeignDatabase"
  | "close"
>;

export interface World {
  readonly clock: ClockPort;
  readonly scheduler: SchedulerPort;
  /** Uniform integer in [0, bound), bound at most 2^48. */
  readonly random: (bound: number) => number;
  /** The disk under the log, and how much of it the log takes at a time. */
  readonly files: FileSystem;
  readonly walLimits: WalLimits;
  /** What waits in the member's memory at most. */
  readonly queueLimits: QueueLimits;
  readonly openDataDir: (path: string) => Promise<DataDirPort>;
  readonly openEngine: (path: string) => Promise<Engine>;
  readonly createSpool: (source: SpoolSource) => SpoolPort;
  /** Fills a fresh engine from a database that was received. */
  readonly importDatabase: (source: DatabaseImport) => Promise<unknown>;
  readonly remotes: RemotePort;
}

/** @param engineThreadFile the built thread of the database; without, the database runs in this thread. */
export function createNodeWorld(engineThreadFile: string | undefined): World {
  return {
    clock: systemClock,
    scheduler: systemScheduler,
    random: (bound) => randomInt(bound),
    files: new NodeFiles(),
    walLimits: defaultWalLimits,
    queueLimits: QUEUE_LIMITS,
    openDataDir,
    openEngine: (path) =>
      engineThreadFile === undefined ? RocksEngine.open(path) : WorkerEngine.open(path, engineThreadFile),
    createSpool: ({ name, dataDir, rows, appliedIndex }) =>
      new SnapshotSpool({ name, snapPath: dataDir.snapPath, rows, appliedIndex }),
    importDatabase,
    remotes: { fetchVersion, fetchHashKv, postLease, postPromote },
  };
}
