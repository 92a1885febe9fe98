/**
 * Databases from the leader: imported when they arrive, put in the place of the present one when raft says so.
 *
 *     file from the peer port --import--> engine folder, index in memory --raft wants it--> the member's database
 *
 * One at a time: from the import until raft has it installed, or has not wanted it, the next one waits. Otherwise a second database
 * would take the place of one that raft has already built upon.
 * A crash after the log has the snapshot and before the database is in place is mended at the next start, from the received file.
 */
import type { SnapshotMetadata } from "@quorate/raft";
import type { Reception } from "../member/peer-ports.js";
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
  #isClaimed = false;
  /** Ends the wait for raft. */
  #settle: () => void = () => undefined;
  #taking: Promise<unknown> = Promise.resolve();
  #retiring: Promise<void> = Promise.resolve();
  #installing: Promise<void> = Promise.resolve();
  #closing = false;

  constructor(parts: SnapshotInstallerParts) {
    this.#parts = parts;
  }

  /**
   * Gets the database in `file`, which holds the state that `metadata` name, ready, tells raft by `step`, and resolves when it is
   * installed or raft did not want it.
   */
  take(metadata: SnapshotMetadata, file: string, step: () => Reception): Promise<Reception> {
    const taken = this.#taking.then(() => this.#take(metadata, file, step));
    this.#taking = taken.catch(() => undefined);
    return taken;
  }

  async #take(metadata: SnapshotMetadata, file: string, step: () => Reception): Promise<Reception> {
    if (this.#closing) return "failed";
    // The one before it may have brought the member further.
    if (metadata.index <= this.#parts.machine.store.consistentIndex) return step();
    await this.#prepare(metadata, file);
    const settled = new Promise<void>((resolve) => (this.#settle = resolve));
    this.#isClaimed = false;
    const reception = step();
    // The driver's turn comes first: then raft has claimed it, or never will.
    await this.#parts.scheduler.yieldTurn();
    await this.#parts.scheduler.yieldTurn();
    if (this.#isClaimed && !this.#closing) await settled;
    if (this.#prepared !== undefined) {
      await this.#discard();
      await this.#parts.dataDir.purgeReceived(metadata.index);
    }
    return reception;
  }

  /** Raft has taken the snapshot, which will be installed. */
  claim(index: number): void {
    if (this.#prepared?.index === index) this.#isClaimed = true;
  }

  async #prepare(metadata: SnapshotMetadata, file: string): Promise<void> {
    const { index } = metadata;
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

  /** Calls `record`, then puts what lies ready in the place of the present machine. */
  async install(metadata: SnapshotMetadata, record: () => Promise<void>): Promise<void> {
    const installed = this.#install(metadata, record);
    this.#installing = installed.catch(() => undefined);
    try {
      await installed;
    } finally {
      this.#settle();
    }
  }

  async #install(metadata: SnapshotMetadata, record: () => Promise<void>): Promise<void> {
    const { dataDir, machine, logger } = this.#parts;
    const { index } = metadata;
    const prepared = this.#prepared;
    if (prepared?.index !== index) throw new Error(`no database lies ready for snapshot ${index}`);
    logger.info("applying snapshot", {
      "current-snapshot-index": machine.store.consistentIndex,
      "incoming-leader-snapshot-index": index,
      "incoming-leader-snapshot-term": metadata.term,
    });
    await record();
    await dataDir.activateDatabase(prepared.enginePath);
    this.#prepared = undefined;
    const old = machine.replace(prepared.state);
    this.#parts.onReplaced(metadata);
    logger.info("applied snapshot", { "current-applied-index": index });
    this.#retiring = this.#retiring.then(() => this.#retire(old, index));
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
  async #discard(): Promise<void> {
    const prepared = this.#prepared;
    this.#prepared = undefined;
    await prepared?.state.engine.close();
  }

  /** Resolves when nothing is open but the present machine. The driver must have stopped. */
  async close(): Promise<void> {
    this.#closing = true;
    // One that has begun ends well or badly, since the log still works.
    await this.#installing;
    this.#settle();
    await this.#taking;
    await this.#retiring;
  }
}
