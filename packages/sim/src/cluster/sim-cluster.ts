/** A whole cluster in one process and one thread: machines, lines, clients' names, and one virtual time, all from one seed. */
import type { Message } from "@quorate/raft";
import { QUEUE_LIMITS, type QueueLimits } from "@quorate/server/world";
import { Prng } from "@quorate/std";
import { SimNetwork } from "../world/sim-network.js";
import { VirtualTime } from "../world/virtual-time.js";
import { Directory } from "./directory.js";
import { RaftRules } from "./raft-rules.js";
import { tokenMetadata } from "./sim-calls.js";
import { SimClient } from "./sim-client.js";
import { peerUrlOf, SimMember } from "./sim-member.js";

/** Lines of members' logs that are kept for the report of a failure. */
const LOG_LINES_MAX = 5000;

export interface SimClusterOptions {
  readonly seed: number;
  readonly memberCount: number;
  readonly flags: ReadonlyMap<string, string>;
  /** Of member `i`. */
  readonly clockRate: (i: number) => number;
  /** Of each member; those of a process of Node unless given. */
  readonly queueLimits?: QueueLimits;
}

/** The end of a process that nobody asked for. */
export interface UnexpectedEnd {
  readonly member: string;
  readonly atMs: number;
  readonly error: Error;
}

export class SimCluster {
  readonly time: VirtualTime = new VirtualTime();
  readonly prng: Prng;
  readonly network: SimNetwork;
  readonly members: SimMember[] = [];
  readonly ends: UnexpectedEnd[] = [];
  readonly logLines: string[] = [];
  readonly rules: RaftRules = new RaftRules();
  /** Sees messages of raft as they leave, and lines that members report to their operators. */
  onSent: (member: SimMember, message: Message) => void = () => undefined;
  onLine: (member: SimMember, line: string) => void = () => undefined;
  /** Keeps messages that are to be late. @returns true for one that it keeps, and lets go by `arrive` */
  keep: (to: string, message: Message, arrive: () => void) => boolean = () => false;
  readonly #directory = new Directory();
  readonly #options: SimClusterOptions;

  constructor(options: SimClusterOptions) {
    this.#options = options;
    this.prng = new Prng(options.seed);
    this.network = new SimNetwork(this.time, new Prng(options.seed ^ 0x5eed));
    const names = Array.from({ length: options.memberCount }, (_, i) => `m${i + 1}`);
    const initialCluster = new Map(names.map((name) => [name, peerUrlOf(name)]));
    for (const name of names) this.#create(name, initialCluster, true);
  }

  /** A machine for a member that was added as `name`. */
  add(name: string): SimMember {
    const names = [...this.members.filter(({ isRemoved }) => !isRemoved).map((member) => member.name), name];
    return this.#create(name, new Map(names.map((each) => [each, peerUrlOf(each)])), false);
  }

  #create(name: string, initialCluster: ReadonlyMap<string, string>, isNew: boolean): SimMember {
    const { flags, clockRate, seed, queueLimits = QUEUE_LIMITS } = this.#options;
    const number = this.members.length;
    const member = new SimMember(
      { name, initialCluster, isNew, flags, clockRate: clockRate(number), queueLimits },
      {
        time: this.time,
        network: this.network,
        directory: this.#directory,
        prng: new Prng(seed + 7919 * (number + 1)),
        onEnded: (ended, error) => this.#noteEnd(ended, error),
        log: (from, line) => {
          this.note(`${from.name}: ${line}`);
          this.onLine(from, line);
        },
        onSent: (from, message) => {
          this.rules.look(message);
          this.onSent(from, message);
        },
        keep: (to, message, arrive) => this.keep(to, message, arrive),
      },
    );
    this.members.push(member);
    this.#directory.places.set(name, member);
    return member;
  }

  #noteEnd(member: SimMember, error: Error): void {
    this.note(`${member.name} ended: ${error.message}`);
    if (!member.isRemoved) this.ends.push({ member: member.name, atMs: this.time.nowMs, error });
  }

  note(line: string): void {
    this.time.trace.addText(line);
    if (this.logLines.length >= LOG_LINES_MAX) this.logLines.splice(0, LOG_LINES_MAX / 2);
    this.logLines.push(`${this.time.nowMs.toFixed(3)} ${line}`);
  }

  /** Begins all processes; they serve some time later. */
  start(): void {
    for (const member of this.members) void member.start();
  }

  /** @param token of a login, sent with each call. */
  client(name: string, member: SimMember, token?: string): SimClient {
    const parts = { name, time: this.time, network: this.network };
    return new SimClient(token === undefined ? parts : { ...parts, metadata: tokenMetadata(token) }, member);
  }

  /** Members that run and have not been removed. */
  get alive(): readonly SimMember[] {
    return this.members.filter(({ running, isRemoved }) => running !== undefined && !isRemoved);
  }

  get leader(): SimMember | undefined {
    return this.members.find((member) => member.open?.member.isLeader === true);
  }

  get isServing(): boolean {
    return this.members.every((member) => member.isRemoved || member.services !== undefined);
  }
}
