/**
 * Databases from the leader: imported when they arrive, put in the place of the present one when raft says so.
 *
 *     file from the peer port --prepare--> engine folder, index in memory --install--> the member's database
 *
 * At most one lies ready. A prepared database that raft never asks for goes when the next one comes, or at the next start.
 * A crash after the log has the snapshot and before the database is in place is mended at the next start, from the received file.
 */
import type { SnapshotMetadata } from "@quorate/raft";
import type { SchedulerPort } from "../member/ports.js";
import type { LiveMachine, MachineState } from "./live-machine.js";
import type { Logger } from "./log/logger.js";
import { retireStore } from "./retire-store.js";

/** Where databases lie. */
export interface DatabaseFolders {
  /** A fresh, empty folder. */
  prepareDatabase(): Promise<string>;
  /** From now on, and after a crash, this is the member's database. */
  activateDatabase(path: string): Promise<void>;
  removeInactiveDatabases(): Promise<void>;
  /** Removes received files at or below the index. */
  purgeReceived(appliedIndex: number): Promise<void>;
}

export interface SnapshotInstallerParts {
  readonly dataDir: DatabaseFolders;
  readonly machine: LiveMachine;
  readonly scheduler: SchedulerPort;
  readonly logger: Logger;
  /** Fills a fresh engine folder from the file, opens it and builds its index. */
  readonly load: (source: {
    readonly file: string;
    readonly enginePath: string;
    readonly metadata: SnapshotMetadata;
  }) => Promise<MachineState>;
  /** The machine is another one now. */
  readonly onReplaced: (metadata: SnapshotMetadata) => void;
}

interface Prepared {
  readonly index: number;
  readonly enginePath: string;
  readonly state: MachineState;
}

export class SnapshotInstaller {
  readonly #parts: SnapshotInstallerParts;
  #prepared: Prepared | undefined;
  /** One after the other: two imports at a time would only take each other's disk. */
  #preparing: Promise<unknown> = Promise.resolve();
  #retiring: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(parts: SnapshotInstallerParts) {
    this.#parts = parts;
  }

  /** Gets the database in `file`, which holds the state that `metadata` name, ready. */
  prepare(metadata: SnapshotMetadata, file: string): Promise<void> {
    const prepared = this.#preparing.then(() => this.#prepare(metadata, file));
    this.#preparing = prepared.catch(() => undefined);
    return prepared;
  }

  async #prepare(metadata: SnapshotMetadata, file: string): Promise<void> {
    const { index } = metadata;
    if (this.#prepared?.index === index) return;
    await this.discard();
    const { dataDir, logger, load } = this.#parts;
    logger.info("importing received database", { "snapshot-index": index, path: file });
    const enginePath = await dataDir.prepareDatabase();
    const state = await load({ file, enginePath, metadata });
    if (state.store.consistentIndex !== index) {
      await state.engine.close();
      throw new Error(`the database holds the state at ${state.store.consistentIndex}, not at ${index}`);
    }
    this.#prepared = { index, enginePath, state };
  }

  /** Calls `record`, then puts what was prepared in the place of the present machine. */
  async install(metadata: SnapshotMetadata, record: () => Promise<void>): Promise<void> {
    const { dataDir, machine, logger } = this.#parts;
    const { index } = metadata;
    const prepared = this.#prepared;
    if (prepared?.index !== index) throw new Error(`no database lies ready for snapshot ${index}`);
    this.#prepared = undefined;
    logger.info("applying snapshot", {
      "current-snapshot-index": machine.store.consistentIndex,
      "incoming-leader-snapshot-index": index,
      "incoming-leader-snapshot-term": metadata.term,
    });
    await record();
    await dataDir.activateDatabase(prepared.enginePath);
    const old = machine.replace(prepared.state);
    this.#parts.onReplaced(metadata);
    logger.info("applied snapshot", { "current-applied-index": index });
    this.#retiring = this.#retire(old, index);
  }

  async #retire(old: Pick<MachineState, "engine" | "store">, index: number): Promise<void> {
    const { dataDir, logger, scheduler } = this.#parts;
    try {
      await retireStore({ ...old, scheduler, hurry: () => this.#closing });
      await dataDir.removeInactiveDatabases();
      await dataDir.purgeReceived(index);
    } catch (error) {
      logger.warn("failed to remove the replaced database", { error });
    }
  }

  /** Gives up what lies ready. */
  async discard(): Promise<void> {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    await prepared?.state.engine.close();
  }

  /** Resolves when nothing is open but the present machine. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.#preparing;
    await this.discard();
    await this.#retiring;
  }
}
