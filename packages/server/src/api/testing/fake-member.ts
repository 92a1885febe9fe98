/**
 * A member of a cluster of one that needs no consensus: what is proposed is applied in order, on a later turn, over the real
 * store and a memory engine.
 */
import {
  AlarmSet,
  Applier,
  AuthStore,
  EntryView,
  Lessor,
  MemoryEngine,
  RequestIds,
  Store,
  WireReader,
  decodeEntry,
  type Alarm,
  type ApplyOutcome,
  type ClusterState,
} from "@quorate/machine";
import { assert } from "@quorate/std";
import type {
  MemberFailure,
  MemberPort,
  MemberRow,
  ProposalWaiter,
  ReadWaiter,
  StoragePort,
} from "../member-port.js";

const NOTHING: ClusterState = {
  setMemberAttributes: () => undefined,
  setClusterVersion: () => undefined,
  setDowngrade: () => undefined,
};

export class FakeMember implements MemberPort {
  readonly clusterId = 0xcdf8_181e_3bd9_fd9fn;
  readonly memberId = 0x8e9e_05c5_2164_694dn;
  readonly serverVersion = "3.7.0";
  readonly raftTerm = 3;
  leaderId = this.memberId;
  isLearner = false;
  committedIndex = 0;
  appliedIndex = 0;
  /** --quota-backend-bytes. */
  statusQuotaBytes = -1;
  sizeBytes = 4096;
  readonly store: Store;
  readonly storage: StoragePort;
  readonly downgrade = { enabled: false, targetVersion: "" };
  readonly leases = new Lessor({ ttlSecondsMin: 2, nowMs: () => this.nowMs });
  /** Monotonic milliseconds, moved by tests. */
  nowMs = 0;
  /** Fails the next proposals or reads. */
  failure: MemberFailure | undefined;
  /** Number of read rounds that were asked for. */
  readCount = 0;
  /** Entries that were proposed, applied or not. */
  readonly entries: Uint8Array[] = [];
  readonly auth = new AuthStore();
  readonly #alarms = new AlarmSet();
  readonly #applier: Applier;
  readonly #ids = new RequestIds(0x3456);
  readonly #waiters = new Map<number, ProposalWaiter>();
  #queue: Promise<void> = Promise.resolve();

  private constructor(store: Store) {
    this.store = store;
    this.#applier = new Applier({
      store,
      consistentIndex: 0,
      leases: this.leases,
      alarms: this.#alarms,
      cluster: NOTHING,
      auth: this.auth,
      space: this,
      turns: this,
    });
    this.storage = createStorage(store, () => this.sizeBytes);
  }

  /** @param cacheBytesMax bytes of records kept in memory, beyond those not written yet. */
  static async create(cacheBytesMax = 1 << 20): Promise<FakeMember> {
    const yieldTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    return new FakeMember(await Store.open(new MemoryEngine(), { yieldTurn, cacheBytesMax }));
  }

  get quotaBytes(): number {
    return this.statusQuotaBytes < 0 ? Infinity : this.statusQuotaBytes;
  }

  get alarms(): { list(): readonly Alarm[] } {
    return this.#alarms;
  }

  /** Proposals that somebody waits for. */
  get waitingCount(): number {
    return this.#waiters.size;
  }

  members(): readonly MemberRow[] {
    const urls = { peerUrls: ["http://localhost:2380"], clientUrls: ["http://localhost:2379"] };
    return [{ id: this.memberId, name: "default", ...urls, isLearner: false }];
  }

  nextRequestSuffix(): number {
    return this.#ids.next();
  }

  propose(entry: Uint8Array, requestSuffix: number, waiter: ProposalWaiter): void {
    this.entries.push(entry);
    const view = new EntryView();
    decodeEntry(new WireReader(), entry, view);
    assert(view.idSuffix === requestSuffix && view.idPrefix === 0x694d, "the entry carries another id");
    this.#waiters.set(requestSuffix, waiter);
    this.#queue = this.#queue.then(() => this.#commit(entry, requestSuffix));
  }

  async #commit(entry: Uint8Array, requestSuffix: number): Promise<void> {
    await this.yieldTurn();
    if (this.failure !== undefined) {
      this.#take(requestSuffix)?.onFailed(this.failure);
      return;
    }
    this.committedIndex += 1;
    const wantsReply = this.#waiters.has(requestSuffix);
    const outcome: ApplyOutcome = await this.#applier.apply(
      this.committedIndex,
      this.raftTerm,
      entry,
      wantsReply,
    );
    this.appliedIndex = this.committedIndex;
    const waiter = this.#take(requestSuffix);
    if (waiter !== undefined) waiter.onApplied(outcome);
    else if (outcome.body !== undefined && "deferred" in outcome.body) outcome.body.release();
    await this.store.pump();
  }

  #take(requestSuffix: number): ProposalWaiter | undefined {
    const waiter = this.#waiters.get(requestSuffix);
    this.#waiters.delete(requestSuffix);
    return waiter;
  }

  abandon(requestSuffix: number): void {
    this.#waiters.delete(requestSuffix);
  }

  awaitReadIndex(waiter: ReadWaiter): void {
    this.readCount += 1;
    this.#queue.then(() => {
      if (this.failure === undefined) waiter.onReady();
      else waiter.onFailed(this.failure);
    }, assertNever);
  }

  yieldTurn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

function createStorage(store: Store, sizeBytes: () => number): StoragePort {
  return {
    get sizeBytes() {
      return sizeBytes();
    },
    get sizeInUseBytes() {
      return sizeBytes() / 2;
    },
    schemaVersion: "3.7.0",
    defragment: () => Promise.resolve(),
    compactionsDone: async () => {
      while (store.compactStep(1000)) await store.pump();
      await store.whenCompacted(store.compactRevision);
    },
    hashKv: async (revision) => {
      const answer = await store.hashKv(revision);
      if (answer.kind !== "hash") return answer.kind;
      return { hash: answer.hash, compactRevision: answer.compactRevision, hashRevision: answer.revision };
    },
    get compactionHashes() {
      return store.compactionHashes.map(({ hash, compactRevision, revision }) => ({
        hash,
        compactRevision,
        hashRevision: revision,
      }));
    },
    hash: () => store.hashAll(),
  };
}

function assertNever(error: unknown): never {
  throw error;
}
