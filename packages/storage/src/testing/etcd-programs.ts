/**
 * etcd's own programs, for tests that prove our files on them: the server in ETCD_BIN, the clients in ETCDCTL_BIN and ETCDUTL_BIN, else
 * what PATH has. Up to 3.5 `etcdctl` does what `etcdutl` does since.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";

/** Until a server answers, and between attempts. */
const START_ATTEMPTS_MAX = 200;
const ATTEMPT_PAUSE_MS = 50;

export interface EtcdPrograms {
  readonly etcd: string;
  readonly etcdctl: string;
  /** `snapshot status` and `snapshot restore`. */
  readonly utility: string;
  /** Of the server, as `3.4`. */
  readonly version: string;
}

/** @returns undefined when one is missing; then it has said which. */
export function findEtcdPrograms(): EtcdPrograms | undefined {
  const etcd = find("ETCD_BIN", "etcd", ["--version"]);
  const etcdctl = find("ETCDCTL_BIN", "etcdctl", ["version"]);
  if (etcd === undefined || etcdctl === undefined) {
    const missing =
      etcd === undefined ? "etcd (ETCD_BIN; etcd-server)" : "etcdctl (ETCDCTL_BIN; etcd-client)";
    console.warn(`our database files are not shown to etcd: ${missing} is missing`);
    return undefined;
  }
  const named = process.env["ETCDUTL_BIN"];
  const utility = named === undefined || named === "" ? etcdctl : named;
  const text = execFileSync(etcd, ["--version"]).toString();
  return { etcd, etcdctl, utility, version: /Version: (\d+\.\d+)/.exec(text)?.[1] ?? "" };
}

function find(variable: string, name: string, probe: readonly string[]): string | undefined {
  const candidate = process.env[variable] ?? name;
  try {
    execFileSync(candidate, probe, { stdio: "ignore" });
    return candidate;
  } catch {
    return undefined;
  }
}

/** @returns what it printed. */
export function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, {
    env: { ...process.env, ETCDCTL_API: "3" },
    stdio: ["ignore", "pipe", "ignore"],
  }).toString();
}

export class EtcdServer {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.#child = child;
    this.#exited = new Promise((resolve) => child.on("exit", resolve));
  }

  /** Resolves when it answers. */
  static async start(
    program: string,
    place: { readonly dataDir: string; readonly name: string; readonly peerUrl: string },
    flags: readonly string[] = [],
  ): Promise<EtcdServer> {
    const url = `http://127.0.0.1:${await freePort()}`;
    const args = ["--data-dir", place.dataDir, "--name", place.name, ...flags];
    args.push("--listen-client-urls", url, "--advertise-client-urls", url);
    args.push("--listen-peer-urls", place.peerUrl, "--initial-advertise-peer-urls", place.peerUrl);
    args.push("--initial-cluster", `${place.name}=${place.peerUrl}`);
    const server = new EtcdServer(url, spawn(program, args, { stdio: "ignore" }));
    for (let attempt = 0; ; attempt++) {
      try {
        await server.call("kv/range", { key: "AA==" });
        return server;
      } catch (error) {
        if (attempt < START_ATTEMPTS_MAX && server.#child.exitCode === null) {
          await new Promise((resolve) => setTimeout(resolve, ATTEMPT_PAUSE_MS));
          continue;
        }
        await server.stop("SIGKILL");
        throw new Error(`${program} does not answer on ${place.dataDir}`, { cause: error });
      }
    }
  }

  /** A call of its JSON gateway. @throws when it is not answered with success. */
  async call(path: string, body: object): Promise<Record<string, unknown>> {
    const reply = await fetch(`${this.url}/v3/${path}`, { method: "POST", body: JSON.stringify(body) });
    if (!reply.ok) throw new Error(`${path}: ${await reply.text()}`);
    return (await reply.json()) as Record<string, unknown>;
  }

  /** The gateway has the hash of the whole database only. */
  hashKv(etcdctl: string): number {
    const text = run(etcdctl, ["--endpoints", this.url, "endpoint", "hashkv", "-w", "json"]);
    const answers = JSON.parse(text) as { HashKV: { hash: number } }[];
    return answers[0]?.HashKV.hash ?? NaN;
  }

  async stop(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#child.kill(signal);
    await this.#exited;
  }
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
