/** Three members on one machine, each a process with a folder of its own. */
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Target } from "./measure.js";
import { sumFigures, type ProcessFigures } from "./process-figures.js";
import { planMembers, ServerProcess, type MemberPlan, type Subject } from "./server-process.js";
import { readStatus } from "./status.js";

export const memberCount = 3;
const agreeTimeoutMs = 60_000;
const pollEveryMs = 50;

export class Cluster implements Target {
  readonly subject: Subject;
  readonly #folder: string;
  readonly #plans: readonly MemberPlan[];
  readonly #servers: (ServerProcess | undefined)[];

  private constructor(subject: Subject, folder: string, plans: readonly MemberPlan[]) {
    this.subject = subject;
    this.#folder = folder;
    this.#plans = plans;
    this.#servers = plans.map(() => undefined);
  }

  /** Resolves when every member answers. */
  static async start(subject: Subject, folder: string): Promise<Cluster> {
    const cluster = new Cluster(subject, folder, await planMembers(memberCount));
    const started = await Promise.allSettled(cluster.#plans.map((_, member) => cluster.startMember(member)));
    const failed = started.find((result) => result.status === "rejected");
    if (failed === undefined) return cluster;
    await cluster.stop();
    throw failed.reason;
  }

  /** Of the members that run, for clients. */
  get ports(): readonly number[] {
    return this.#running().map(({ port }) => port);
  }

  figures(): ProcessFigures {
    return sumFigures(this.#running().map((server) => server.figures()));
  }

  member(index: number): ServerProcess {
    const server = this.#servers[index];
    if (server === undefined) throw new Error(`${this.subject.name}: member ${index} does not run`);
    return server;
  }

  /** Waits for one. @returns its index. */
  async leader(): Promise<number> {
    const deadline = performance.now() + agreeTimeoutMs;
    while (performance.now() < deadline) {
      for (const [index, server] of this.#servers.entries()) {
        if (server === undefined) continue;
        const { memberId, leaderId } = await readStatus(server.port);
        if (memberId === leaderId && leaderId !== 0n) return index;
      }
      await sleep(pollEveryMs);
    }
    throw new Error(`${this.subject.name}: no leader within ${agreeTimeoutMs} ms`);
  }

  /** The one member as a target. */
  only(index: number): Target {
    const { port } = this.member(index);
    return { ports: [port], figures: () => this.figures() };
  }

  /** On the data it has. */
  async startMember(index: number): Promise<void> {
    const plan = this.#plans[index]!;
    this.#servers[index] = await ServerProcess.start(this.subject, join(this.#folder, plan.name), plan);
  }

  async stopMember(index: number): Promise<void> {
    const server = this.member(index);
    this.#servers[index] = undefined;
    await server.stop();
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running().map((server) => server.stop()));
  }

  #running(): readonly ServerProcess[] {
    return this.#servers.filter((server) => server !== undefined);
  }
}
