/**
 * A server under test: a member with durable writes on the file system of the working folder, etcd's flags for both kinds.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { callUnary } from "./grpc-call.js";
import { paths, rangeRequest } from "./messages.js";
import { readFigures, type ProcessFigures } from "./process-figures.js";

/** How to start one of the two. */
export interface Subject {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** As it reports it itself. */
  readonly version: string;
}

/** Room for every run; etcd's own recommended maximum. */
const quotaBytes = 8 * 1024 ** 3;

const startTimeoutMs = 120_000;
const stopTimeoutMs = 60_000;
const probeEveryMs = 5;

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/** Who a member is among which others. */
export interface MemberPlan {
  readonly name: string;
  readonly port: number;
  readonly peerPort: number;
  /** `name=url` of all members, comma-separated. */
  readonly initialCluster: string;
}

export class ServerProcess {
  readonly subject: Subject;
  readonly port: number;
  /** From the start of the process to the first answer to a linearizable Range. */
  readonly readyMs: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(subject: Subject, port: number, child: ChildProcess, readyMs: number) {
    this.subject = subject;
    this.port = port;
    this.readyMs = readyMs;
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once("exit", () => resolve()));
  }

  /**
   * Starts a member with its data in `folder` (kept when it exists) and waits until it answers. Without a plan it is alone, on
   * free ports.
   * @throws Error with the end of the server's log when it ends early or does not answer in time.
   */
  static async start(subject: Subject, folder: string, plan?: MemberPlan): Promise<ServerProcess> {
    mkdirSync(folder, { recursive: true });
    const own = plan ?? (await planMembers(1))[0]!;
    const { port } = own;
    const logPath = join(folder, "log.txt");
    const log = openSync(logPath, "a");
    const startedMs = performance.now();
    const child = spawn(subject.command, [...subject.args, ...flags(join(folder, "data"), own)], {
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    running.add(child);
    let failure: string | undefined;
    child.once("error", (error) => (failure = error.message));
    child.once("exit", (code, signal) => {
      failure ??= `ended with ${code ?? signal}`;
      running.delete(child);
    });
    for (;;) {
      if (await answers(port)) return new ServerProcess(subject, port, child, performance.now() - startedMs);
      if (performance.now() - startedMs > startTimeoutMs) failure ??= `no answer within ${startTimeoutMs} ms`;
      if (failure !== undefined) {
        child.kill("SIGKILL");
        throw new Error(
          `${subject.name} did not start: ${failure}\n${readFileSync(logPath, "utf8").slice(-2000)}`,
        );
      }
      await sleep(probeEveryMs);
    }
  }

  /** Where requests go: here to one port, of a cluster to several. */
  get ports(): readonly number[] {
    return [this.port];
  }

  /** @throws Error when the server has ended. */
  figures(): ProcessFigures {
    if (this.#child.exitCode !== null || this.#child.pid === undefined)
      throw new Error(`${this.subject.name} has ended`);
    return readFigures(this.#child.pid);
  }

  /** Asks the server to stop, and insists after a while. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    const insist = setTimeout(() => this.#child.kill("SIGKILL"), stopTimeoutMs);
    await this.#ended;
    clearTimeout(insist);
  }
}

/** Removes what a run left behind. */
export function discard(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** Plans members of one cluster, on ports that were free a moment ago. */
export async function planMembers(count: number): Promise<readonly MemberPlan[]> {
  const ports = await freePorts(2 * count);
  const members = Array.from({ length: count }, (_, index) => ({
    name: `bench${index}`,
    port: ports[index]!,
    peerPort: ports[count + index]!,
  }));
  const initialCluster = members.map(({ name, peerPort }) => `${name}=${peerUrl(peerPort)}`).join(",");
  return members.map((member) => ({ ...member, initialCluster }));
}

function peerUrl(peerPort: number): string {
  return `http://127.0.0.1:${peerPort}`;
}

function flags(dataFolder: string, { name, port, peerPort, initialCluster }: MemberPlan): readonly string[] {
  const client = `http://127.0.0.1:${port}`;
  const peer = peerUrl(peerPort);
  return [
    `--name=${name}`,
    `--data-dir=${dataFolder}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=${initialCluster}`,
    `--quota-backend-bytes=${quotaBytes}`,
    "--log-level=error",
  ];
}

async function answers(port: number): Promise<boolean> {
  try {
    await callUnary(port, paths.range, rangeRequest("ready"), 1000);
    return true;
  } catch {
    // Not listening yet, or no leader yet: both end by themselves, and the caller knows when to give up.
    return false;
  }
}

/** All open at the same time before they are given back, so that they differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const open = (server: Server): Promise<number> =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
    });
  const ports = await Promise.all(servers.map(open));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
