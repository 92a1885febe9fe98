/** One PostgreSQL server under its Patroni, both killed as a machine dies, by their process ids. */
import { spawn, type ChildProcess } from "node:child_process";
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stringify } from "yaml";
import type { DatabasePrograms } from "./database-programs.js";

const GONE_MS_MAX = 20_000;
const POLL_MS = 20;
export const PASSWORD = "tribal drum";

export interface NodeOptions {
  readonly name: string;
  /** Must be passable for everybody. */
  readonly folder: string;
  readonly restPort: number;
  readonly databasePort: number;
  readonly programs: DatabasePrograms;
  /** Patroni's section on where it keeps its state. */
  readonly etcd3: Readonly<Record<string, unknown>>;
}

/** How Patroni shows a node to others. */
export interface NodeView {
  readonly name: string;
  readonly role: string;
  readonly state: string;
  readonly timeline?: number;
}

export class DatabaseNode {
  readonly name: string;
  readonly databasePort: number;
  readonly #options: NodeOptions;
  readonly #home: string;
  #child: ChildProcess | undefined;

  /** Makes the node's folder and configuration. */
  constructor(options: NodeOptions) {
    this.name = options.name;
    this.databasePort = options.databasePort;
    this.#options = options;
    this.#home = join(options.folder, options.name);
    mkdirSync(this.#home, { mode: 0o700 });
    const { user } = options.programs;
    if (user !== undefined) chownSync(this.#home, user.uid, user.gid);
    writeFileSync(this.configFile, stringify(this.#configuration()));
  }

  get configFile(): string {
    return join(this.#options.folder, `${this.name}.yml`);
  }

  start(): void {
    const { programs, folder } = this.#options;
    const log = openSync(join(folder, `${this.name}.log`), "a");
    this.#child = spawn(programs.patroni, [this.configFile], {
      ...programs.user,
      cwd: this.#home,
      env: { PATH: `${programs.binaries}:/usr/bin:/bin`, HOME: this.#home, LC_ALL: "C.UTF-8" },
      stdio: ["ignore", log, log],
    });
    closeSync(log);
  }

  /** All nodes as this one's Patroni knows them; empty when it does not answer. */
  async look(): Promise<readonly NodeView[]> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#options.restPort}/cluster`);
      return ((await response.json()) as { readonly members?: readonly NodeView[] }).members ?? [];
    } catch {
      return [];
    }
  }

  /** SIGKILL to Patroni and to all of PostgreSQL's processes; resolves when nothing of them is left. */
  async kill(): Promise<void> {
    const postmaster = this.#postmaster();
    const victims = [this.#child?.pid, postmaster, ...childrenOf(postmaster)].filter(
      (pid) => pid !== undefined,
    );
    for (const pid of victims) sendKill(pid);
    await waitUntilGone(victims);
  }

  /** SIGTERM to Patroni, which stops PostgreSQL; what is left after that is killed. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const ended = new Promise((resolve) => void child.once("exit", resolve));
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), GONE_MS_MAX);
      await ended;
      clearTimeout(timer);
    }
    await this.kill();
  }

  #postmaster(): number | undefined {
    const path = join(this.#home, "data/postmaster.pid");
    if (!existsSync(path)) return undefined;
    const pid = Number(readFileSync(path, "utf8").split("\n")[0]);
    // The file outlives the process that wrote it, and its number may be somebody else's by now.
    return readCommandLine(pid).includes(join(this.#home, "data")) ? pid : undefined;
  }

  #configuration(): Record<string, unknown> {
    const { name, restPort, databasePort, programs, etcd3 } = this.#options;
    const rest = `127.0.0.1:${restPort}`;
    const database = `127.0.0.1:${databasePort}`;
    return {
      scope: "orders",
      name,
      restapi: { listen: rest, connect_address: rest },
      etcd3,
      bootstrap: {
        dcs: {
          // The shortest time that Patroni takes: it is what a failover has to wait for.
          ttl: 20,
          loop_wait: 1,
          retry_timeout: 5,
          // What was acknowledged is on the one that is promoted, so losing it would be a failure to choose rightly.
          synchronous_mode: true,
          postgresql: { use_pg_rewind: true },
        },
        initdb: [{ encoding: "UTF8" }, { locale: "C.UTF-8" }, "data-checksums"],
      },
      postgresql: {
        listen: database,
        connect_address: database,
        data_dir: join(this.#home, "data"),
        bin_dir: programs.binaries,
        pgpass: join(this.#home, "pgpass"),
        authentication: {
          superuser: { username: "postgres", password: PASSWORD },
          replication: { username: "replicator", password: PASSWORD },
          rewind: { username: "rewinder", password: PASSWORD },
        },
        basebackup: [{ checkpoint: "fast" }],
        pg_hba: ["host all all 127.0.0.1/32 md5", "host replication replicator 127.0.0.1/32 md5"],
        parameters: { unix_socket_directories: this.#home, shared_buffers: "16MB", max_connections: 30 },
      },
    };
  }
}

function readCommandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}

function childrenOf(parent: number | undefined): number[] {
  if (parent === undefined) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => readParent(pid) === parent);
}

function readParent(pid: number): number | undefined {
  try {
    // The name in parentheses may hold anything, so the fields are counted from its end.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

function sendKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It went by itself: a server without its first process ends.
  }
}

async function waitUntilGone(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + GONE_MS_MAX;
  const isThere = (pid: number): boolean => readCommandLine(pid) !== "";
  while (pids.some(isThere)) {
    if (performance.now() > deadline) throw new Error(`still there: ${pids.filter(isThere).join(", ")}`);
    await sleep(POLL_MS);
  }
}
