/**
 * One server process on loopback, of either kind, started with the flags both kinds understand.
 *
 * The process is only ever signalled by its own id. Data and ports outlive a stop, a kill and a restart; `dispose`
 * removes the data, and the log too unless `keepLog` was called.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { etcdserverpb } from "@quorate/proto";
import { findFreePort } from "./free-port.js";
import { findProgram } from "./programs.js";
import type { ServerKind } from "./programs.js";
import { WireClient } from "./wire-client.js";

/** Time a process has to become ready, and to end after SIGTERM. */
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 20_000;
const POLL_MS = 20;
const PROBE_MS_MAX = 2_000;
const LOG_TAIL_CHARS = 4_000;

export interface MemberOptions {
  readonly kind: ServerKind;
  readonly name?: string;
  /** Flags added after the common ones. */
  readonly flags?: readonly string[];
  /** Where clients are served besides. */
  readonly moreClientUrls?: readonly string[];
  /** Arguments of Node itself, where the server is a script of it. */
  readonly nodeArguments?: readonly string[];
  /** Where the data goes; by default a folder of the member's own. Not removed by `dispose` when given. */
  readonly dataFolder?: string;
}

export class Member {
  readonly kind: ServerKind;
  readonly name: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly dataFolder: string;
  readonly logFile: string;
  readonly #folder: string;
  readonly #flags: readonly string[];
  readonly #moreClientUrls: readonly string[];
  readonly #nodeArguments: readonly string[];
  #child: ChildProcess | undefined;
  #keepsLog = false;

  private constructor(options: MemberOptions, clientPort: number, peerPort: number) {
    this.kind = options.kind;
    this.name = options.name ?? "m1";
    this.clientPort = clientPort;
    this.peerPort = peerPort;
    this.#folder = mkdtempSync(join(tmpdir(), `e2e-${options.kind}-`));
    this.dataFolder = options.dataFolder ?? join(this.#folder, "data");
    this.logFile = join(this.#folder, "log.txt");
    this.#flags = options.flags ?? [];
    this.#moreClientUrls = options.moreClientUrls ?? [];
    this.#nodeArguments = options.nodeArguments ?? [];
  }

  /** Creates a member with ports and a folder of its own and starts it; resolves when it answers clients. */
  static async start(options: MemberOptions): Promise<Member> {
    const member = new Member(options, await findFreePort(), await findFreePort());
    try {
      await member.restart();
      return member;
    } catch (error) {
      await member.dispose();
      throw error;
    }
  }

  /** `host:port` for clients. */
  get endpoint(): string {
    return `127.0.0.1:${this.clientPort}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Whether the server is a script of Node. */
  get isNode(): boolean {
    return findProgram(this.kind)?.command === process.execPath;
  }

  /** Starts the process on the data it has; resolves when it answers clients. */
  async restart(): Promise<void> {
    this.spawn();
    await this.waitUntilReady();
  }

  /** Starts the process without waiting for it. */
  spawn(): void {
    if (this.isRunning) throw new Error(`${this.kind} ${this.name} is running already`);
    const program = findProgram(this.kind);
    if (program === undefined) throw new Error(`${this.kind} is not on this machine`);
    const log = openSync(this.logFile, "a");
    try {
      const nodeArguments = this.isNode ? this.#nodeArguments : [];
      const args = [...nodeArguments, ...program.leadingArguments, ...this.#arguments()];
      this.#child = spawn(program.command, args, {
        stdio: ["ignore", log, log],
        env: withoutServerVariables(process.env),
      });
      this.#child.on("error", () => undefined);
    } finally {
      closeSync(log);
    }
  }

  /** Resolves when a linearizable read works; rejects with the log's tail when the process ends before. */
  async waitUntilReady(): Promise<void> {
    const deadline = performance.now() + READY_MS_MAX;
    while (performance.now() < deadline) {
      if (!this.isRunning) throw new Error(`${this.kind} ended before it was ready\n${this.logTail()}`);
      if (await this.answers()) return;
      await sleep(POLL_MS);
    }
    throw new Error(`${this.kind} was not ready within ${READY_MS_MAX} ms\n${this.logTail()}`);
  }

  /** Whether a linearizable read works now. */
  async answers(): Promise<boolean> {
    const client = new WireClient(this.endpoint);
    try {
      const outcome = await client.call(
        etcdserverpb.KV.method.range,
        { key: Uint8Array.of(0) },
        PROBE_MS_MAX,
      );
      return outcome.ok;
    } finally {
      client.close();
    }
  }

  /** For signals that do not end the process. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal);
  }

  /** SIGKILL: what a power cut is to the process. Resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** SIGTERM, then SIGKILL if the process takes too long. */
  async stop(): Promise<void> {
    await this.#end("SIGTERM");
  }

  /** Resolves when the process has ended by itself; rejects after `timeoutMs`. */
  async waitUntilEnded(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (this.isRunning) {
      if (performance.now() > deadline) throw new Error(`${this.kind} still runs after ${timeoutMs} ms`);
      await sleep(POLL_MS);
    }
  }

  keepLog(): void {
    this.#keepsLog = true;
  }

  logTail(): string {
    return `log ${this.logFile}:\n${readFileSync(this.logFile, "utf8").slice(-LOG_TAIL_CHARS)}`;
  }

  async dispose(): Promise<void> {
    await this.stop();
    if (this.#keepsLog) {
      console.warn(`${this.kind} ${this.name} of the failed test: ${this.logTail()}`);
      rmSync(join(this.#folder, "data"), { recursive: true, force: true });
    } else {
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  #arguments(): string[] {
    const clientUrl = `http://${this.endpoint}`;
    const peerUrl = `http://127.0.0.1:${this.peerPort}`;
    return [
      `--name=${this.name}`,
      `--data-dir=${this.dataFolder}`,
      `--listen-client-urls=${[clientUrl, ...this.#moreClientUrls].join(",")}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=${this.name}=${peerUrl}`,
      "--logger=zap",
      ...this.#flags,
    ];
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isRunning) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    await ended;
    clearTimeout(timer);
  }
}

/** Servers read flags from variables that begin with their name, and the ones of these suites are not meant for them. */
function withoutServerVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(ETCD|QUORATE)_/.test(name)));
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
