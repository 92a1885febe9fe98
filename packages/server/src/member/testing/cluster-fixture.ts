/**
 * A cluster in memory, for tests of the driver: real raft, applier and store in each member, logs that are durable at once, and a
 * network and a clock that the test moves. Deterministic: the same steps give the same run.
 */
import {
  AlarmSet,
  Applier,
  ClusterRecord,
  formatMember,
  MemoryEngine,
  NO_LEASES,
  Store,
  tableKey,
} from "@quorate/machine";
import { create, etcdserverpb, toBinary } from "@quorate/proto";
import { createMessage, MemoryLogStorage, MessageType, type Message } from "@quorate/raft";
import type { MemberFailure } from "../../api/member-port.js";
import { createEntryApplier } from "../entry-applier.js";
import { compactTail } from "../log-trimmer.js";
import { Member } from "../member.js";
import { HandLog, HandTime } from "./member-fixture.js";

const TICK_MS = 100;
/** Turns after which a cluster that still has something to do is taken to be in a loop. */
const SETTLE_TURNS_MAX = 10_000;

export interface ClusterMember {
  readonly id: bigint;
  readonly member: Member;
  readonly log: HandLog;
  readonly storage: MemoryLogStorage;
  readonly cluster: ClusterRecord;
  readonly store: Store;
  /** Databases that this member has installed, by index. */
  readonly installed: number[];
}

interface Machine {
  store: Store;
  engine: MemoryEngine;
  applier: Applier;
}

export class TestCluster {
  readonly time = new HandTime();
  readonly members = new Map<bigint, ClusterMember>();
  /** Members cut off from all others. */
  readonly isolated = new Set<bigint>();
  readonly fatal: Error[] = [];
  #network: Message[] = [];
  /** Work that was begun and is not yet done; a test settles until there is none. */
  #pending = 0;
  readonly #machines = new Map<bigint, Machine>();

  static async create(ids: readonly bigint[]): Promise<TestCluster> {
    const cluster = new TestCluster();
    for (const id of ids) await cluster.#add(id, ids);
    for (const { member } of cluster.members.values()) member.start(false);
    await cluster.settle();
    return cluster;
  }

  /** A member that knows nothing yet. */
  async join(id: bigint): Promise<ClusterMember> {
    const joined = await this.#add(id, []);
    joined.member.start(false);
    return joined;
  }

  get(id: bigint): ClusterMember {
    const found = this.members.get(id);
    if (found === undefined) throw new Error(`no member ${id}`);
    return found;
  }

  /** The one that leads by its own account and by that of a majority. */
  get leader(): ClusterMember {
    const leaders = [...this.members.values()].filter(
      ({ id, member }) => member.isLeader && !this.isolated.has(id),
    );
    const [leader, other] = leaders;
    if (leader === undefined || other !== undefined) throw new Error(`${leaders.length} leaders`);
    return leader;
  }

  async #add(id: bigint, peers: readonly bigint[]): Promise<ClusterMember> {
    const log = new HandLog();
    const storage = new MemoryLogStorage();
    const cluster = new ClusterRecord(1);
    const machine = await this.#createMachine(new MemoryEngine(), cluster);
    this.#machines.set(id, machine);
    const installed: number[] = [];
    const member = new Member({
      settings: {
        memberId: id,
        tickMs: TICK_MS,
        electionTicks: 10,
        preVote: true,
        appliedIndex: 0,
        appliedTerm: 0,
        loggedCommit: 0,
      },
      ports: {
        clock: this.time.clock,
        scheduler: this.time.scheduler,
        log,
        transport: { send: (message) => void this.#network.push(message) },
        report: { info: () => undefined, warn: () => undefined },
        // Different members draw differently, or nobody would ever win.
        random: (bound) => Number(id) % bound,
        onFatal: (error) => void this.fatal.push(error),
      },
      storage,
      get store() {
        return machine.store;
      },
      applier: createEntryApplier({
        get requests() {
          return machine.applier;
        },
        get store() {
          return machine.store;
        },
        cluster,
        report: { info: () => undefined, warn: () => undefined },
        onEntry: () => undefined,
        onMembership: () => undefined,
      }),
      snapshots: {
        send: (message) => this.#track(this.#sendDatabase(id, message)),
        claim: () => undefined,
        install: async (metadata, record) => {
          await record();
          installed.push(metadata.index);
          const waiting = this.#databases.get(metadata.index);
          if (waiting === undefined) throw new Error(`no database for ${metadata.index}`);
          const fresh = new ClusterRecord(1);
          Object.assign(machine, await this.#createMachine(waiting, fresh));
          cluster.adopt(fresh);
        },
      },
      onProgress: () => undefined,
      raiseSpaceAlarm: () => undefined,
      onRole: () => undefined,
      onLeading: () => undefined,
    });
    if (peers.length > 0) {
      member.node.bootstrap(
        peers.map((peer) => ({ id: peer, context: Buffer.from(formatMember(memberOf(peer))) })),
      );
    }
    const entry: ClusterMember = {
      id,
      member,
      log,
      storage,
      cluster,
      get store() {
        return machine.store;
      },
      installed,
    };
    this.members.set(id, entry);
    return entry;
  }

  async #createMachine(engine: MemoryEngine, cluster: ClusterRecord): Promise<Machine> {
    const store = await Store.open(engine, { yieldTurn: () => Promise.resolve() });
    for (const table of ["members", "members_removed", "cluster", "meta"] as const) {
      for await (const { keys, values } of store.rows(table))
        keys.forEach((key, i) => cluster.restoreRow(table, key, values[i] ?? new Uint8Array(0)));
    }
    const applier = new Applier({
      store,
      consistentIndex: store.consistentIndex,
      leases: NO_LEASES,
      alarms: new AlarmSet(),
      cluster,
      space: { sizeBytes: 0, quotaBytes: Infinity },
      turns: this.time.scheduler,
    });
    return { store, engine, applier };
  }

  readonly #databases = new Map<number, MemoryEngine>();

  async #sendDatabase(from: bigint, message: Message): Promise<void> {
    const machine = this.#machines.get(from);
    const sender = this.get(from);
    if (machine === undefined) return;
    const copy = new MemoryEngine();
    const index = machine.store.consistentIndex;
    const term = machine.store.consistentTerm;
    for await (const { table, keys, values } of machine.store.allRows())
      await copy.write(
        keys.map((key) => tableKey(table, key)),
        [...values],
      );
    this.#databases.set(index, copy);
    const confState = sender.cluster.confState;
    if (confState === undefined) throw new Error("a leader without a configuration");
    const delivered = !this.isolated.has(message.to) && !this.isolated.has(from);
    if (delivered)
      this.get(message.to).member.receive(
        createMessage({
          ...message,
          snapshot: { data: new Uint8Array(0), metadata: { index, term, confState } },
        }),
      );
    sender.member.reportSnapshot(message.to, delivered);
  }

  #track(work: Promise<void>): void {
    this.#pending += 1;
    work.then(
      () => (this.#pending -= 1),
      (error: unknown) => this.fatal.push(error as Error),
    );
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < SETTLE_TURNS_MAX; turn++) {
      this.time.settle();
      let busy = false;
      for (const { log } of this.members.values()) while (log.complete()) busy = true;
      const messages = this.#network;
      this.#network = [];
      for (const message of messages) this.#deliver(message);
      // Databases and installations go on in promises.
      await new Promise((resolve) => setImmediate(resolve));
      if (
        !busy &&
        messages.length === 0 &&
        this.#network.length === 0 &&
        this.#pending === 0 &&
        this.time.isIdle
      )
        return;
    }
    throw new Error("the cluster does not come to rest");
  }

  #deliver(message: Message): void {
    const target = this.members.get(message.to);
    const lost = target === undefined || this.isolated.has(message.to) || this.isolated.has(message.from);
    if (!lost) target.member.receive(message);
    else if (message.type === MessageType.MsgApp)
      this.members.get(message.from)?.member.reportUnreachable(message.to);
  }

  /** Time goes by, tick by tick. */
  async advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += TICK_MS) {
      this.time.advance(TICK_MS);
      await this.settle();
    }
  }

  /** Drops the log of a member up to what it has applied. */
  compact(id: bigint): void {
    const { storage, member, cluster } = this.get(id);
    if (cluster.confState !== undefined)
      compactTail(storage, member.appliedIndex, member.appliedIndex, cluster.confState);
  }
}

export interface Put {
  revision: number | undefined;
  failure: MemberFailure | undefined;
}

export function put({ member }: ClusterMember, key: string, value: string): Put {
  const suffix = member.ids.nextSuffix();
  const request = create(etcdserverpb.InternalRaftRequestSchema, {
    header: { ID: member.ids.idOf(suffix) },
    put: { key: Buffer.from(key), value: Buffer.from(value) },
  });
  const result: Put = { revision: undefined, failure: undefined };
  member.propose(toBinary(etcdserverpb.InternalRaftRequestSchema, request), suffix, {
    onApplied: ({ revision }) => (result.revision = revision),
    onFailed: (failure) => (result.failure = failure),
  });
  return result;
}

export function memberOf(id: bigint): Parameters<typeof formatMember>[0] {
  return { id, name: `m${id}`, peerUrls: [`http://m${id}:1`], isLearner: false, clientUrls: [] };
}
