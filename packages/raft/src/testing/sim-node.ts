/**
 * A node of the fuzzed cluster: the core, a disk that can lose what was not synced, and a state machine.
 *
 *     RawNode --writes--> live storage (what raft reads back)
 *                    \--> unsynced writes --sync--> disk (what a crash leaves)
 *
 * A crash keeps the disk and a random prefix of the unsynced writes. The state machine is a running hash of everything
 * applied, so that two nodes agree on their history exactly when they agree on one number.
 */
import { assert, type Prng } from "@quorate/std";
import { decodeConfChange } from "../confchange/codec.js";
import { changeSimple, enterJoint, leaveJoint } from "../confchange/changer.js";
import { planConfStep, toConfChangeV2 } from "../confchange/conf-change.js";
import { restoreConf } from "../confchange/restore.js";
import type { Peer } from "../core/start.js";
import { MemoryLogStorage } from "../memory-log-storage.js";
import { RawNode } from "../raw-node.js";
import { type ConfChangeV2, type ConfState, emptyConfState } from "../types/conf-change.js";
import type { Config } from "../types/config.js";
import type { Entry } from "../types/entry.js";
import { type Message, MessageType, isLocalTarget } from "../types/message.js";
import type { ReadState, SoftState } from "../types/ready.js";
import { type HardState, type Snapshot, emptyHardState, isEmptyHardState } from "../types/snapshot.js";

export type SimOptions = Omit<Config, "id" | "storage" | "random" | "applied">;

/** Whom a node tells about what it does: the cluster, which checks. */
export interface SimObserver {
  onApplied(node: SimNode, entry: Entry): void;
  onRestored(node: SimNode): void;
  onReadState(node: SimNode, state: ReadState): void;
  send(message: Message): void;
}

interface Write {
  readonly hardState: HardState | null;
  readonly snapshot: Snapshot | null;
  readonly entries: readonly Entry[];
}

export interface SimState {
  readonly index: number;
  readonly hash: number;
  readonly confState: ConfState;
}

const emptyState: SimState = { index: 0, hash: 0, confState: emptyConfState };

export class SimNode {
  readonly id: bigint;
  /** Null while crashed. */
  raw: RawNode | null = null;
  state: SimState = emptyState;
  /** The log as far as the core has handed it out, durable or not: what the checkers look at. */
  view: MemoryLogStorage = new MemoryLogStorage();
  readonly appendWork: Message[] = [];
  readonly applyWork: Message[] = [];
  readonly #options: SimOptions;
  readonly #peers: readonly Peer[];
  readonly #observer: SimObserver;
  readonly #prng: Prng;
  #live = new MemoryLogStorage();
  #disk = new MemoryLogStorage();
  #unsynced: Write[] = [];

  /** @param peers the first members if this is one of them, else empty. */
  constructor(
    id: bigint,
    setup: { options: SimOptions; peers: readonly Peer[]; observer: SimObserver; prng: Prng },
  ) {
    this.id = id;
    this.#options = setup.options;
    this.#peers = setup.peers;
    this.#observer = setup.observer;
    this.#prng = setup.prng;
  }

  get storage(): MemoryLogStorage {
    return this.#live;
  }

  /** Starts from what the disk holds, a fresh member from nothing. */
  start(): void {
    assert(this.raw === null, "started twice");
    this.#disk = copyStorage(this.#disk);
    this.#live = copyStorage(this.#disk);
    this.view = copyStorage(this.#disk);
    this.state = stateOf(this.#live.snapshot());
    this.raw = new RawNode({
      ...this.#options,
      id: this.id,
      storage: this.#live,
      random: (bound) => this.#prng.below(bound),
      applied: this.state.index,
    });
    const isNew = this.#live.lastIndex() === 0 && isEmptyHardState(this.#live.initialState().hardState);
    if (isNew && this.#peers.length > 0) this.raw.bootstrap(this.#peers);
    if (this.state.index > 0) this.#observer.onRestored(this);
  }

  /** Loses memory, queued work, and some of the unsynced writes. */
  crash(): void {
    this.raw = null;
    this.appendWork.length = 0;
    this.applyWork.length = 0;
    const survivors = this.#prng.below(this.#unsynced.length + 1);
    for (const write of this.#unsynced.slice(0, survivors)) applyWrite(this.#disk, write);
    this.#unsynced = [];
  }

  /** Does what one Ready asks for; may crash at the two moments that matter. */
  handleReady(crashChance: number): void {
    const { raw } = this;
    if (raw === null || !raw.hasReady()) return;
    const ready = raw.ready();
    applyWrite(this.view, { hardState: null, snapshot: ready.snapshot, entries: ready.entries });
    for (const state of ready.readStates) this.#observer.onReadState(this, state);
    if (this.#options.asyncStorageWrites !== true) {
      this.#write({ hardState: ready.hardState, snapshot: ready.snapshot, entries: ready.entries });
      if (ready.mustSync || ready.snapshot !== null) {
        if (this.#prng.chance(crashChance)) return this.crash(); // before the sync
        this.#sync();
      }
      if (ready.snapshot !== null) this.#restore(ready.snapshot);
      this.#apply(ready.committedEntries);
      if (this.#prng.chance(crashChance)) return this.crash(); // after the sync, nothing sent
    }
    for (const message of ready.messages) {
      if (!isLocalTarget(message.to)) this.#observer.send(this.#freshen(message));
      else if (message.type === MessageType.MsgStorageAppend) this.appendWork.push(message);
      else this.applyWork.push(message);
    }
    if (this.#options.asyncStorageWrites !== true) raw.advance();
  }

  /**
   * As a member does, a snapshot is sent as of now: the one raft asked for may be too old to name its receiver.
   */
  #freshen(message: Message): Message {
    if (message.type !== MessageType.MsgSnap) return message;
    this.compact(this.#prng.below(4));
    return { ...message, snapshot: this.#live.snapshot() };
  }

  /** Asynchronous mode: one write, durable before its responses leave. */
  runAppendThread(crashChance: number): void {
    const work = this.appendWork.shift();
    if (work === undefined || this.raw === null) return;
    const hardState = { term: work.term, vote: work.vote, commit: work.commit };
    this.#write({
      hardState: isEmptyHardState(hardState) ? null : hardState,
      snapshot: work.snapshot,
      entries: work.entries,
    });
    if (this.#prng.chance(crashChance)) return this.crash();
    // Without responses nobody relies on this write, so it may stay unsynced.
    if (work.responses.length > 0 || work.snapshot !== null) this.#sync();
    if (work.snapshot !== null) this.#restore(work.snapshot);
    if (this.#prng.chance(crashChance)) return this.crash();
    this.#respond(work);
  }

  runApplyThread(): void {
    const work = this.applyWork.shift();
    if (work === undefined || this.raw === null) return;
    this.#apply(work.entries);
    this.#respond(work);
  }

  #respond(work: Message): void {
    for (const response of work.responses) {
      if (response.to === this.id) this.raw?.step(response);
      else this.#observer.send(response);
    }
  }

  /** Records a snapshot of the applied state and compacts the log up to `keep` entries before it. */
  compact(keep: number): void {
    const { index, confState } = this.state;
    if (this.raw === null || index === 0 || index <= this.#live.snapshot().metadata.index) return;
    if (index > this.#live.lastIndex()) return;
    this.#sync();
    for (const storage of [this.#live, this.#disk]) {
      storage.createSnapshot(index, confState, encodeHash(this.state.hash));
      if (index - keep >= storage.firstIndex()) storage.compact(index - keep);
    }
  }

  softState(): SoftState | null {
    return this.raw?.basicStatus().softState ?? null;
  }

  #write(write: Write): void {
    applyWrite(this.#live, write);
    this.#unsynced.push(write);
  }

  #sync(): void {
    for (const write of this.#unsynced) applyWrite(this.#disk, write);
    this.#unsynced = [];
  }

  #restore(snapshot: Snapshot): void {
    // Committed entries handed out earlier may still wait in the apply queue; the snapshot covers them.
    this.state = stateOf(snapshot);
    this.#observer.onRestored(this);
  }

  #apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.index <= this.state.index) continue;
      assert(entry.index === this.state.index + 1, () => `applied ${this.state.index}, then ${entry.index}`);
      const hash = hashEntry(this.state.hash, entry);
      const change = decodeConfChange(entry);
      const confState = change === null ? this.state.confState : this.#applyChange(toConfChangeV2(change));
      this.state = { index: entry.index, hash, confState };
      this.#observer.onApplied(this, entry);
    }
  }

  /** As a member does: a change that turns out to be impossible is reported with its ids cleared. */
  #applyChange(change: ConfChangeV2): ConfState {
    const raw = this.raw as RawNode;
    const possible = isPossible(raw.status().confState, change);
    const cleared = { ...change, changes: change.changes.map((single) => ({ ...single, nodeId: 0n })) };
    return raw.applyConfChange(possible ? change : cleared);
  }
}

function isPossible(state: ConfState, change: ConfChangeV2): boolean {
  const empty = {
    config: emptyConfState,
    progress: new Map(),
    inflightCountMax: 1,
    inflightBytesMax: Infinity,
    lastIndex: 1,
  };
  const restored = restoreConf(empty, state);
  assert(typeof restored !== "string", "the configuration in force cannot be restored");
  const base = { ...empty, ...restored };
  const step = planConfStep(change);
  const result =
    step.kind === "simple"
      ? changeSimple(base, change.changes)
      : step.kind === "enter-joint"
        ? enterJoint(base, step.autoLeave, change.changes)
        : leaveJoint(base);
  return typeof result !== "string";
}

function applyWrite(storage: MemoryLogStorage, write: Write): void {
  if (write.snapshot !== null) storage.applySnapshot(write.snapshot);
  storage.append(write.entries);
  if (write.hardState !== null) storage.setHardState(write.hardState);
}

/** What a restart reads: the newest snapshot, the entries behind it, the hard state. */
function copyStorage(from: MemoryLogStorage): MemoryLogStorage {
  const copy = new MemoryLogStorage();
  const snapshot = from.snapshot();
  if (snapshot.metadata.index > 0) copy.applySnapshot(snapshot);
  if (from.lastIndex() > snapshot.metadata.index) {
    const entries = from.entries(snapshot.metadata.index + 1, from.lastIndex() + 1, Infinity);
    assert(typeof entries !== "string", "entries behind the snapshot are gone");
    copy.append(entries);
  }
  const { hardState } = from.initialState();
  // The commit index may be older than the snapshot: it is not synced on its own.
  const commit = Math.max(hardState.commit, snapshot.metadata.index);
  copy.setHardState(isEmptyHardState(hardState) && commit === 0 ? emptyHardState : { ...hardState, commit });
  return copy;
}

function hashEntry(hash: number, entry: Entry): number {
  let next = (Math.imul(hash, 0x01000193) ^ entry.term) | 0;
  next = (Math.imul(next, 0x01000193) ^ entry.index) | 0;
  for (const byte of entry.data) next = (Math.imul(next, 0x01000193) ^ byte) | 0;
  return next;
}

function encodeHash(hash: number): Uint8Array {
  return Uint8Array.of(hash, hash >> 8, hash >> 16, hash >> 24);
}

function stateOf(snapshot: Snapshot): SimState {
  const { index, confState } = snapshot.metadata;
  if (index === 0) return emptyState;
  const [a = 0, b = 0, c = 0, d = 0] = snapshot.data;
  return { index, hash: a | (b << 8) | (c << 16) | (d << 24), confState };
}
