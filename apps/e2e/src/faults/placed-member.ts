/**
 * One server process at a place, of either kind. It may be killed, frozen and started again as often as a test wants; a
 * process that ends without being asked to is remembered, because under faults of others no member may die.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { etcdserverpb } from "@quorate/proto";
import { sleep } from "../harness/member.js";
import { findProgram } from "../harness/programs.js";
import type { ServerKind } from "../harness/programs.js";
import { WireClient } from "../harness/wire-client.js";
import type { Outcome } from "../harness/wire-client.js";
import type { Place } from "./place.js";

const STOP_MS_MAX = 20_000;
const POLL_MS = 20;
const STATUS_MS_MAX = 1_000;
const LOG_TAIL_CHARS = 3_000;

export interface PlacedMemberOptions {
  readonly kind: ServerKind;
  readonly name: string;
  readonly place: Place;
  /** Where other members reach it; its own address when not given. */
  readonly advertisedPeerUrl?: string;
  /** By default a folder of its own. */
  readonly dataFolder?: string;
  readonly flags?: readonly string[];
}

/** How a process finds its cluster when its data folder is empty. */
export interface Bootstrap {
  /** `name=url` of all members, comma-separated. */
  readonly initialCluster: string;
  readonly state: "new" | "existing";
}

export class PlacedMember {
  readonly kind: ServerKind;
  readonly name: string;
  readonly place: Place;
  readonly peerUrl: string;
  readonly dataFolder: string;
  readonly logFile: string;
  readonly client: WireClient;
  readonly #folder: string;
  readonly #flags: readonly string[];
  #bootstrap: Bootstrap | undefined;
  #child: ChildProcess | undefined;
  #isPaused = false;
  #mayEnd = false;
  #unexpectedEnd: string | undefined;

  constructor(options: PlacedMemberOptions) {
    this.kind = options.kind;
    this.name = options.name;
    this.place = options.place;
    this.#folder = mkdtempSync(join(tmpdir(), `e2e-faults-${options.kind}-${options.name}-`));
    this.dataFolder = options.dataFolder ?? join(this.#folder, "data");
    this.logFile = join(this.#folder, "log.txt");
    this.peerUrl = options.advertisedPeerUrl ?? this.#listenPeerUrl;
    this.#flags = options.flags ?? [];
    this.client = new WireClient(this.endpoint);
  }

  /** `host:port` for clients. */
  get endpoint(): string {
    return `${this.place.address}:${this.place.clientPort}`;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`${this.name} was never started`);
    return pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Whether it can answer: it runs and is not frozen. */
  get isAwake(): boolean {
    return this.isRunning && !this.#isPaused;
  }

  /** What the process ended with; undefined while it runs, and when a signal ended it. */
  get exitCode(): number | undefined {
    return this.#child?.exitCode ?? undefined;
  }

  /** How the process ended without being asked to, if it did. */
  get unexpectedEnd(): string | undefined {
    return this.#unexpectedEnd;
  }

  /** Starts the process without waiting for it. Without `bootstrap` it is the one of the last start. */
  start(bootstrap: Bootstrap | undefined = this.#bootstrap): void {
    if (this.isRunning) throw new Error(`${this.name} is running already`);
    if (bootstrap === undefined) throw new Error(`${this.name} has to be told its cluster`);
    const program = findProgram(this.kind);
    if (program === undefined) throw new Error(`${this.kind} is not on this machine`);
    this.#bootstrap = bootstrap;
    this.#mayEnd = false;
    this.#isPaused = false;
    const [command, ...args] = [
      ...this.place.commandPrefix,
      program.command,
      ...program.leadingArguments,
      ...this.#arguments(bootstrap),
    ];
    const log = openSync(this.logFile, "a");
    try {
      const child = spawn(command ?? "", args, {
        stdio: ["ignore", log, log],
        env: withoutServerVariables(),
      });
      child.on("error", () => undefined);
      child.on("exit", (code, signal) => {
        if (!this.#mayEnd) this.#unexpectedEnd = `${this.name} ended with ${signal ?? `code ${code}`}`;
      });
      this.#child = child;
    } finally {
      closeSync(log);
    }
  }

  /** SIGKILL. Resolves when the process is gone. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** SIGTERM, and SIGKILL if that takes too long. */
  async stop(): Promise<void> {
    this.resume();
    await this.#end("SIGTERM");
  }

  /** Freezes the process as it stands. */
  pause(): void {
    this.#child?.kill("SIGSTOP");
    this.#isPaused = true;
  }

  resume(): void {
    if (this.#isPaused) this.#child?.kill("SIGCONT");
    this.#isPaused = false;
  }

  /** For a test that leads to the process's end by itself. */
  allowToEnd(): void {
    this.#mayEnd = true;
  }

  /** @throws when the process still runs after `timeoutMs`. */
  async waitUntilEnded(timeoutMs: number): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (this.isRunning) {
      if (performance.now() > deadline) throw new Error(`${this.name} still runs after ${timeoutMs} ms`);
      await sleep(POLL_MS);
    }
  }

  status(): Promise<Outcome<etcdserverpb.StatusResponse>> {
    return this.client.call(etcdserverpb.Maintenance.method.status, {}, STATUS_MS_MAX);
  }

  /** Memory of the process, in bytes. */
  residentBytes(): number {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** Forgets all data, as a new machine has none. */
  wipe(): void {
    rmSync(this.dataFolder, { recursive: true, force: true });
    this.#bootstrap = undefined;
  }

  logTail(): string {
    return `log ${this.logFile}:\n${readFileSync(this.logFile, "utf8").slice(-LOG_TAIL_CHARS)}`;
  }

  /** Ends the process and removes its data; its log too unless it is to be kept. */
  async dispose({ keepsLog }: { readonly keepsLog: boolean }): Promise<void> {
    this.client.close();
    await this.kill();
    rmSync(keepsLog ? this.dataFolder : this.#folder, { recursive: true, force: true });
  }

  get #listenPeerUrl(): string {
    return `http://${this.place.address}:${this.place.peerPort}`;
  }

  #arguments({ initialCluster, state }: Bootstrap): string[] {
    const clientUrl = `http://${this.endpoint}`;
    return [
      `--name=${this.name}`,
      `--data-dir=${this.dataFolder}`,
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${this.#listenPeerUrl}`,
      `--initial-advertise-peer-urls=${this.peerUrl}`,
      `--initial-cluster=${initialCluster}`,
      `--initial-cluster-state=${state}`,
      "--logger=zap",
      // Older releases have to be told.
      "--pre-vote=true",
      ...this.#flags,
    ];
  }

  async #end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const child = this.#child;
    this.#mayEnd = true;
    if (child === undefined || !this.isRunning) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    await ended;
    clearTimeout(timer);
    this.#isPaused = false;
  }
}

/** Servers read flags from variables that begin with their name, and the ones of these suites are not meant for them. */
function withoutServerVariables(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(ETCD|QUORATE)_/.test(name)));
}
