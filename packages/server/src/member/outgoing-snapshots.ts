/**
 * Databases for followers that lag too far behind the log.
 *
 * Raft names a follower; what it is sent is the state as of the moment when the file is written, which is newer. The log above
 * that state is kept while the file travels and for a while after, so that the follower can go on from it.
 * Source: etcd `server/etcdserver/server.go` (sendMergedSnap) and `raft.go`.
 */
import { formatHexId } from "@quorate/proto";
import { createMessage, type ConfState, type Message } from "@quorate/raft";
import type { OutgoingSnapshot } from "./peer-ports.js";
import type { ReportPort, SchedulerPort } from "./ports.js";

/** How long the log stays after a follower has the state that it was sent, or the transfer failed: it asks for what follows. */
export const KEEP_LOG_AFTER_MS = 30_000;
/** A follower that does not get there in this time needs another database anyway. */
export const KEEP_LOG_MAX_MS: number = 10 * 60 * 1000;

/** A database file at rest, and the state it holds. */
export interface SpooledDatabase {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
  readonly sizeBytes: number;
  chunks(): AsyncIterable<Uint8Array>;
  /** Call exactly once. */
  release(): void;
}

export interface OutgoingSnapshotsParts {
  readonly scheduler: SchedulerPort;
  readonly report: ReportPort;
  /** Writes the state as of now to a file. */
  readonly spool: () => Promise<SpooledDatabase>;
  /** The member list of now in the old form that receivers before 3.7 read, and the index of the entry that made it. */
  readonly v2Data: () => Uint8Array;
  readonly confIndex: () => number;
  readonly transport: { sendSnapshot(snapshot: OutgoingSnapshot): void };
  /** Keeps the log above an index until the returned function is called. */
  readonly holdLog: (index: number) => () => void;
  /** The log index below which nothing may be trimmed while the file is being written. */
  readonly appliedIndex: () => number;
  /** Highest log index known to be on each member; undefined when this member does not lead. */
  readonly matchIndexes: () => ReadonlyMap<bigint, number> | undefined;
  readonly onFailed: (id: bigint) => void;
}

export class OutgoingSnapshots {
  readonly #parts: OutgoingSnapshotsParts;

  constructor(parts: OutgoingSnapshotsParts) {
    this.#parts = parts;
  }

  send(message: Message): void {
    this.#send(message).catch((error: unknown) => {
      this.#parts.report.warn("failed to send a database to a follower", {
        to: formatHexId(message.to),
        error,
      });
      this.#parts.onFailed(message.to);
    });
  }

  async #send(message: Message): Promise<void> {
    const { spool, transport, holdLog, report } = this.#parts;
    const letGo = holdLog(this.#parts.appliedIndex());
    try {
      const file = await spool();
      const { index, term, confState } = file;
      if (this.#parts.confIndex() > index) {
        file.release();
        // An old receiver would have members from after its database, and refuse the entries that make them.
        throw new Error("the membership has changed since the database was written");
      }
      report.info("sending database snapshot", {
        "snapshot-index": index,
        "remote-peer-id": formatHexId(message.to),
        bytes: file.sizeBytes,
      });
      transport.sendSnapshot({
        message: createMessage({
          ...message,
          snapshot: { data: this.#parts.v2Data(), metadata: { index, term, confState } },
        }),
        chunks: file.chunks(),
        release: () => {
          file.release();
          this.#letGoLater({ to: message.to, index, letGo }, KEEP_LOG_MAX_MS);
        },
      });
    } catch (error) {
      letGo();
      throw error;
    }
  }

  /** An import may take longer than the transfer, and end well although the sender had given it up. */
  #letGoLater(held: Held, leftMs: number): void {
    this.#parts.scheduler.after(KEEP_LOG_AFTER_MS, () => {
      const match = this.#parts.matchIndexes()?.get(held.to);
      const isOver = match === undefined || match >= held.index || leftMs <= 0;
      if (isOver) held.letGo();
      else this.#letGoLater(held, leftMs - KEEP_LOG_AFTER_MS);
    });
  }
}

interface Held {
  readonly to: bigint;
  readonly index: number;
  readonly letGo: () => void;
}
