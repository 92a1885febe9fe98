/** Three members of ours that speak TLS to everybody, want certificates of each other, and passwords of clients. */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AuthorityFiles } from "../harness/certificate-files.js";
import { findFreePort } from "../harness/free-port.js";
import { findProgram } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";

const NAMES = ["m1", "m2", "m3"] as const;
const READY_MS_MAX = 60_000;
const POLL_MS = 100;
const ROOT = "root:correct horse";

export interface SecuredUser {
  readonly name: string;
  readonly password: string;
  /** The user may read and write the keys that begin with it, and nothing else. */
  readonly prefix: string;
}

interface SecuredMember {
  readonly name: string;
  readonly clientPort: number;
  readonly peerPort: number;
  child?: ChildProcess;
}

export class SecuredCluster {
  readonly #folder: string;
  readonly #authority: AuthorityFiles;
  readonly #members: readonly SecuredMember[];

  private constructor(folder: string, authority: AuthorityFiles, members: readonly SecuredMember[]) {
    this.#folder = folder;
    this.#authority = authority;
    this.#members = members;
  }

  /** Resolves when passwords are asked of everybody. @param folder takes data and logs; the caller removes it */
  static async start(folder: string, authority: AuthorityFiles, user: SecuredUser): Promise<SecuredCluster> {
    authority.issue("member", "member", { hosts: ["localhost", "127.0.0.1"] });
    const members = await Promise.all(
      NAMES.map(async (name) => ({ name, clientPort: await findFreePort(), peerPort: await findFreePort() })),
    );
    const cluster = new SecuredCluster(folder, authority, members);
    for (const member of members) cluster.#spawn(member);
    await cluster.#until("the first answer", () => cluster.etcdctl("get", "anything"));
    await cluster.#secure(user);
    return cluster;
  }

  /** `host:port` of all members, running or not. */
  get endpoints(): readonly string[] {
    return this.#members.map(({ clientPort }) => `127.0.0.1:${clientPort}`);
  }

  /** Kills the leader's process. @returns its name, for `restart` */
  async killLeader(): Promise<string> {
    const leader = await this.#until("a leader", () => this.#findLeader());
    const ended = new Promise((resolve) => void leader.child?.once("exit", resolve));
    leader.child?.kill("SIGKILL");
    await ended;
    return leader.name;
  }

  /** Resolves when the member answers reads of its own. */
  async restart(name: string): Promise<void> {
    const member = this.#members.find((each) => each.name === name);
    if (member === undefined) throw new Error(`there is no member ${name}`);
    this.#spawn(member);
    await this.#until(`an answer of ${name}`, () =>
      this.#run([`127.0.0.1:${member.clientPort}`], ["--user", ROOT, "get", "anything"]),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#members.map(({ child }) => terminate(child)));
  }

  /** @returns what etcdctl printed. @throws with what it complained about */
  etcdctl(...args: readonly string[]): Promise<string> {
    return this.#run(this.endpoints, args);
  }

  async #secure({ name, password, prefix }: SecuredUser): Promise<void> {
    await this.etcdctl("user", "add", ROOT);
    await this.etcdctl("user", "grant-role", "root", "root");
    await this.etcdctl("role", "add", name);
    await this.etcdctl("role", "grant-permission", "--prefix", name, "readwrite", prefix);
    await this.etcdctl("user", "add", `${name}:${password}`);
    await this.etcdctl("user", "grant-role", name, name);
    await this.etcdctl("auth", "enable");
  }

  async #findLeader(): Promise<SecuredMember> {
    for (const member of this.#members) {
      const text = await this.#run(
        [`127.0.0.1:${member.clientPort}`],
        ["--user", ROOT, "endpoint", "status", "--write-out=json"],
      ).catch(() => "[]");
      // Identifiers of members need more digits than numbers of JSON.parse have, so they are compared as they are written.
      const own = /"member_id":(\d+)/.exec(text)?.[1];
      if (own !== undefined && own === /"leader":(\d+)/.exec(text)?.[1]) return member;
    }
    throw new Error("no member leads");
  }

  async #run(endpoints: readonly string[], args: readonly string[]): Promise<string> {
    const program = findProgram("etcdctl");
    if (program === undefined) throw new Error("etcdctl is missing");
    const urls = endpoints.map((endpoint) => `https://${endpoint}`).join(",");
    const { exitCode, stdout, stderr } = await runCommand(
      program.command,
      [`--endpoints=${urls}`, `--cacert=${this.#authority.ca}`, ...args],
      { env: { PATH: process.env["PATH"], ETCDCTL_API: "3" }, timeoutMs: 20_000 },
    );
    if (exitCode !== 0) throw new Error(`etcdctl ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  #spawn(member: SecuredMember): void {
    const program = findProgram("quorate");
    if (program === undefined) throw new Error("the server is not built");
    const client = `https://127.0.0.1:${member.clientPort}`;
    const peer = `https://127.0.0.1:${member.peerPort}`;
    const certificate = join(this.#folder, "pki/member");
    const log = openSync(join(this.#folder, `${member.name}.log`), "a");
    member.child = spawn(
      program.command,
      [
        ...program.leadingArguments,
        ...[`--name=${member.name}`, `--data-dir=${join(this.#folder, member.name)}`],
        ...[`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
        ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`],
        `--initial-cluster=${this.#members.map(({ name, peerPort }) => `${name}=https://127.0.0.1:${peerPort}`).join(",")}`,
        ...[`--cert-file=${certificate}.crt`, `--key-file=${certificate}.key`],
        ...[`--peer-cert-file=${certificate}.crt`, `--peer-key-file=${certificate}.key`],
        ...[`--peer-trusted-ca-file=${this.#authority.ca}`, "--peer-client-cert-auth=true"],
      ],
      { env: { PATH: process.env["PATH"] }, stdio: ["ignore", log, log] },
    );
    closeSync(log);
  }

  async #until<T>(what: string, attempt: () => Promise<T>): Promise<T> {
    const deadline = performance.now() + READY_MS_MAX;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (performance.now() > deadline) throw new Error(`${what} took too long`, { cause: error });
        await sleep(POLL_MS);
      }
    }
  }
}

async function terminate(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => void child.once("exit", resolve));
  child.kill("SIGTERM");
  await ended;
}
