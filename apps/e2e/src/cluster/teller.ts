/** One cluster that a story is told about: etcdctl's commands against it, and all they printed. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { PlacedMember } from "../faults/placed-member.js";
import { sleep } from "../harness/member.js";
import { findProgram } from "../harness/programs.js";
import type { Program, ServerKind } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";
import type { CommandResult } from "../harness/run-command.js";
import { Mask } from "./mask.js";
import type { Transcript } from "./mask.js";
import type { TestCluster } from "./test-cluster.js";

const RETRY_MS = 200;
const RETRIES_MS_MAX = 30_000;

export interface Asking {
  /** Whom etcdctl is pointed at; by default every member that runs. */
  readonly at?: readonly PlacedMember[];
  /** Repeats the command until it prints no such error: for what a cluster takes some time to allow. */
  readonly until?: RegExp;
  /** Leaves it out of the comparison, because when or whom it concerns is up to the cluster. */
  readonly unrecorded?: boolean;
}

export class Teller {
  readonly kind: ServerKind;
  readonly cluster: TestCluster;
  /** For snapshots and restored data; removed by `dispose`. */
  readonly folder: string;
  readonly transcripts: Transcript[] = [];
  readonly #mask = new Mask();

  constructor(kind: ServerKind, cluster: TestCluster) {
    this.kind = kind;
    this.cluster = cluster;
    this.folder = mkdtempSync(join(tmpdir(), "e2e-story-"));
    this.#mask.name(this.folder, "FOLDER");
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Learns the member's addresses, and its id once it is known. */
  async introduce(member: PlacedMember): Promise<void> {
    const role = member.name;
    this.#mask.name(member.peerUrl, `http://${role}-peer`);
    this.#mask.name(member.endpoint, `${role}-client`);
    const status = await member.status();
    if (!status.ok || status.message.header === undefined) return;
    this.#mask.nameId(status.message.header.memberId, `ID-${role}`);
    this.#mask.nameId(status.message.header.clusterId, "ID-cluster");
  }

  /** For an id that was printed before the member runs. */
  nameId(id: bigint, meaning: string): void {
    this.#mask.nameId(id, meaning);
  }

  /** An id of a member in hexadecimal, as etcdctl takes it. */
  async id(name: string): Promise<string> {
    return (await this.cluster.idOf(this.cluster.member(name))).toString(16);
  }

  /** Runs etcdctl and records what it prints under the words of the command as the story gives them. */
  async ctl(step: string, args: readonly string[], asking: Asking = {}): Promise<CommandResult> {
    const asked = asking.at ?? this.cluster.members.filter(({ isAwake }) => isAwake);
    const endpoints = `--endpoints=${asked.map(({ endpoint }) => endpoint).join(",")}`;
    return this.#run(step, findTool("etcdctl"), [endpoints, ...args], asking);
  }

  /** Runs the tool that works on files: etcdutl where there is one, else the etcdctl that still has its commands. */
  async files(step: string, args: readonly string[]): Promise<CommandResult> {
    return this.#run(step, findTool("files"), args, {});
  }

  /** For what was run unrecorded, because the mask had to learn from it first. */
  record(step: string, result: CommandResult): void {
    this.transcripts.push(this.#mask.apply(step, result));
  }

  async #run(
    step: string,
    tool: Program,
    args: readonly string[],
    { until, unrecorded = false }: Asking,
  ): Promise<CommandResult> {
    const deadline = performance.now() + RETRIES_MS_MAX;
    for (;;) {
      const result = await runCommand(tool.command, [...tool.leadingArguments, ...args], {
        env: { ...process.env, ETCDCTL_API: "3" },
      });
      const repeats = until?.test(result.stderr) === true && performance.now() < deadline;
      if (repeats) {
        await sleep(RETRY_MS);
        continue;
      }
      if (!unrecorded) this.record(step, result);
      return result;
    }
  }
}

/** From etcd 3.6 on, what works on files is a tool of its own that lies beside etcdctl. */
export function findTool(name: "etcdctl" | "files"): Program {
  const etcdctl = findProgram("etcdctl");
  if (etcdctl === undefined) throw new Error("etcdctl is not on this machine");
  const beside = join(dirname(etcdctl.command), "etcdutl");
  return name === "files" && existsSync(beside) ? { command: beside, leadingArguments: [] } : etcdctl;
}
