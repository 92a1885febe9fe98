/**
 * One machine of a simulated cluster and the process on it: the member that a process of Node runs, opened by the same code, in another
 * world. It can be killed at any moment, lose its power, be stopped, and started again on what it left.
 */
import {
  createClusterSide,
  createSha256,
  identityFromConfig,
  openMember,
  registerServices,
  resolveConfig,
  RemoteFailure,
  type Birth,
  type Logger,
  type MemberConfig,
  type OpenMember,
  type QueueLevel,
  type QueueLimits,
  type RegisteredServices,
} from "@quorate/server/world";
import type { Message } from "@quorate/raft";
import type { Prng } from "@quorate/std";
import type { WalLimits } from "@quorate/storage";
import { Life } from "../world/life.js";
import { SimDisk } from "../world/sim-disk.js";
import type { EndOfLife } from "../world/sim-files.js";
import type { SimNetwork } from "../world/sim-network.js";
import type { VirtualTime } from "../world/virtual-time.js";
import type { Directory, Place, Running } from "./directory.js";
import { createRemotes } from "./remotes.js";
import { createSimCredentials } from "./sim-credentials.js";
import { SimServices } from "./sim-calls.js";
import { SimTransport } from "./sim-transport.js";

/** Why a newcomer does not start: those whom it asked have not heard of it. */
export const UNKNOWN_MEMBER_TEXT = "no member knows this one";

export const SERVER_VERSION = "3.7.0";
const KIB = 1024;

/** Small enough that a run goes through many segments. */
const WAL_LIMITS: WalLimits = {
  segmentCutBytes: 48 * KIB,
  segmentBytes: 64 * KIB,
  firstFillBytes: 4 * KIB,
  fillChunkBytes: 16 * KIB,
  fillAheadBytes: 32 * KIB,
  prepareAtBytes: 16 * KIB,
  groupBytesMax: 256 * KIB,
  queueBytesMax: 4096 * KIB,
  pooledBytesMax: 64 * KIB,
};

export interface SimMemberOptions {
  readonly name: string;
  /** Peer URLs by name, of all members that the flags name. */
  readonly initialCluster: ReadonlyMap<string, string>;
  /** `existing` for one that was added. */
  readonly isNew: boolean;
  /** Further flags, without dashes. */
  readonly flags: ReadonlyMap<string, string>;
  readonly clockRate: number;
  readonly queueLimits: QueueLimits;
}

export interface SimMemberParts {
  readonly time: VirtualTime;
  readonly network: SimNetwork;
  readonly directory: Directory;
  readonly prng: Prng;
  /** The process ended because of something that it could not go on with. */
  readonly onEnded: (member: SimMember, error: Error) => void;
  readonly log: (member: SimMember, line: string) => void;
  /** A message of raft leaves. */
  readonly onSent: (member: SimMember, message: Message) => void;
  /** See `SimTransportParts`. */
  readonly keep: (to: string, message: Message, arrive: () => void) => boolean;
}

/** What a process has once it runs. */
interface Process {
  readonly life: Life;
  readonly open: OpenMember;
  readonly services: SimServices;
  readonly registered: RegisteredServices;
  stopMonitor(): void;
}

export class SimMember implements Place {
  readonly name: string;
  readonly peerUrl: string;
  readonly clientUrl: string;
  readonly disk: SimDisk;
  /** Set once the cluster has removed this member: it does not come back. */
  isRemoved = false;
  startCount = 0;
  readonly #options: SimMemberOptions;
  readonly #parts: SimMemberParts;
  #life: Life | undefined;
  #process: Process | undefined;
  #running: Running | undefined;
  /** What the last process left is sorted out before the next one looks at it. */
  #unmounting: Promise<void> = Promise.resolve();

  constructor(options: SimMemberOptions, parts: SimMemberParts) {
    this.#options = options;
    this.#parts = parts;
    this.name = options.name;
    this.peerUrl = peerUrlOf(options.name);
    this.clientUrl = `http://${options.name}:2379`;
    this.disk = new SimDisk(parts.prng);
  }

  get running(): Running | undefined {
    return this.#running;
  }

  /** The process answers clients. */
  get services(): SimServices | undefined {
    return this.#process?.services;
  }

  get open(): OpenMember | undefined {
    return this.#process?.open;
  }

  /** How full its queues are, and what it holds for clients that do not read. */
  queueLevels(): readonly QueueLevel[] {
    const process = this.#process;
    return process === undefined ? [] : [...process.open.queueLevels(), ...process.services.levels()];
  }

  get life(): Life | undefined {
    return this.#life;
  }

  /** Begins a process. Resolves when it serves, or when it has failed to start, or never when it is killed before. */
  async start(): Promise<void> {
    if (this.#life !== undefined) throw new Error(`${this.name} runs already`);
    const { time, prng } = this.#parts;
    this.startCount += 1;
    const life: Life = new Life(time, {
      clockRate: this.#options.clockRate,
      wallOffsetMs: prng.below(2000) - 1000,
      onCrash: (error) => this.#fail(life, error),
    });
    this.#life = life;
    await this.#unmounting;
    if (this.startCount === 1) await this.disk.format();
    if (life.isOver) return;
    try {
      await this.#begin(life);
    } catch (error) {
      if (!life.isOver) this.#fail(life, error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #begin(life: Life): Promise<void> {
    const { network, directory, prng, log, onSent, keep } = this.#parts;
    const config = this.#config();
    const logger = createLogger((line) => log(this, line));
    const world = {
      clock: life.clock,
      scheduler: life.scheduler,
      random: (bound: number) => Math.floor(prng.float() * bound),
      walLimits: WAL_LIMITS,
      queueLimits: this.#options.queueLimits,
      ...this.disk.mount(life),
      remotes: createRemotes({ place: this, directory, network, life }),
    };
    const options = {
      config,
      logger,
      versions: { etcd: SERVER_VERSION, quorate: "0.0.0" },
      world,
      onFatal: (error: Error) => this.#fail(life, error),
      onRemoved: () => {
        this.isRemoved = true;
        this.#fail(life, new Error("removed from the cluster"));
      },
    };
    const onMessage = (message: Message): void => {
      if (!life.isOver) onSent(this, message);
    };
    let transport: SimTransport | undefined;
    const open = await openMember(options, {
      birth: () => Promise.resolve(this.#birth(config)),
      createTransport: (identity) =>
        (transport = new SimTransport({
          identity,
          place: this,
          directory,
          network,
          life,
          onSent: onMessage,
          keep,
        })),
    });
    if (life.isOver) return;
    const running = {
      life,
      memberId: open.facade.memberId,
      events: open.inbox,
      serverVersion: SERVER_VERSION,
    };
    const receive = (index: number, database: Uint8Array): string => this.disk.receive(index, database);
    const meet = (id: bigint, url: string): void => transport?.addRemote(id, [url]);
    const onError = (error: unknown): void => this.#fail(life, error as Error);
    const credentials = createSimCredentials({
      clock: life.clock,
      scheduler: life.scheduler,
      random: world.random,
      ttlMs: config.authTokenTtlMs,
      appliedIndex: () => open.facade.appliedIndex,
    });
    open.machine.auth.attachTokens(credentials.tokens);
    const cluster = createClusterSide(open, config, onError, credentials);
    this.#running = { ...running, receive, meet, local: cluster.local };
    const services = new SimServices();
    const registered = registerServices(services, open.facade, {
      txnOpsMax: config.txnOpsMax,
      requestBytesMax: config.requestBytesMax,
      watches: open.watches,
      watchProgressMs: config.watchProgressMs,
      random: world.random,
      cluster: cluster.operations,
      leases: open.leases,
      credentials,
      snapshots: cluster.snapshots,
      createDigest: createSha256,
      scheduler: life.scheduler,
      electionTimeoutMs: config.electionTicks * config.tickMs,
      onError,
    });
    open.onLeadership(() => cluster.monitor.wake());
    open.onMembership(() => cluster.monitor.wake());
    cluster.monitor.start();
    open.start();
    await cluster.publish();
    if (life.isOver) return;
    this.#process = { life, open, services, registered, stopMonitor: () => cluster.monitor.stop() };
  }

  /** The process ends at once, or the machine loses its power. */
  async kill(end: EndOfLife): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    this.#end(life, end);
    await this.#unmounting;
  }

  /** As by SIGTERM: hands over, finishes, closes. Resolves when it is gone; never when it is killed meanwhile. */
  async stop(): Promise<void> {
    const process = this.#process;
    if (process === undefined) return this.kill("killed");
    const { life, open, registered } = process;
    registered.stop();
    try {
      await open.handOver();
      process.stopMonitor();
      await open.close();
    } catch (error) {
      return this.#fail(life, error instanceof Error ? error : new Error(String(error)));
    }
    if (life.isOver) return;
    this.#end(life, "killed");
    await this.#unmounting;
  }

  /** What the process could not go on with has ended it. */
  #fail(life: Life, error: Error): void {
    if (life.isOver) return;
    this.#end(life, "killed");
    this.#parts.onEnded(this, error);
  }

  #end(life: Life, end: EndOfLife): void {
    life.end();
    this.#unmounting = this.#unmounting.then(() => this.disk.unmount(end));
    this.#life = undefined;
    this.#process = undefined;
    this.#running = undefined;
  }

  #config(): MemberConfig {
    const cluster = [...this.#options.initialCluster].map(([name, url]) => `${name}=${url}`).join(",");
    return resolveConfig(
      new Map([
        ["name", this.name],
        ["data-dir", "/"],
        ["listen-peer-urls", this.peerUrl.replace(this.name, "127.0.0.1")],
        ["listen-client-urls", this.clientUrl.replace(this.name, "127.0.0.1")],
        ["initial-advertise-peer-urls", this.peerUrl],
        ["advertise-client-urls", this.clientUrl],
        ["initial-cluster", cluster],
        ["initial-cluster-state", this.#options.isNew ? "new" : "existing"],
        ...this.#options.flags,
      ]),
    );
  }

  #birth(config: MemberConfig): Birth {
    if (this.#options.isNew) return identityFromConfig(config);
    for (const { running } of this.#parts.directory.places.values()) {
      const own = running?.local?.members().find(({ peerUrls }) => peerUrls[0] === this.peerUrl);
      if (running?.local === undefined || own === undefined) continue;
      const remotes = running.local.members().filter(({ id }) => id !== own.id);
      return { memberId: own.id, clusterId: running.local.clusterId, peers: [], remotes };
    }
    throw new RemoteFailureError(UNKNOWN_MEMBER_TEXT);
  }
}

class RemoteFailureError extends Error {
  readonly failure: RemoteFailure = new RemoteFailure(this.message);
}

export function peerUrlOf(name: string): string {
  return `http://${name}:2380`;
}

function createLogger(write: (line: string) => void): Logger {
  const line =
    (level: string) =>
    (message: string, fields: object = {}): void =>
      write(`${level} ${message} ${JSON.stringify(fields, plain)}`);
  const logger: Logger = {
    debug: () => undefined,
    info: line("info"),
    warn: line("warn"),
    error: line("error"),
    fatal: line("fatal"),
    named: () => logger,
    close: () => undefined,
  };
  return logger;
}

function plain(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString(16);
  return value instanceof Error ? value.message : value;
}
