/** Runs etcdctl against one endpoint and makes what it prints comparable. */
import { create, fromBinary, toJson } from "@quorate/proto";
import type { DescMessage } from "@quorate/proto";
import type { Offer } from "../harness/offers.js";
import { findProgram } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";

export interface Step {
  readonly args: readonly string[];
  readonly stdin?: string;
  /** Standard output is this message in binary (`-w protobuf`). */
  readonly protobuf?: DescMessage;
  /** Release of the reference from which on the step is comparable. */
  readonly since?: string;
  /** Methods of the server that the step is about; it is left out, with a word, where they are missing. */
  readonly needs?: readonly Offer[];
  /** Names a text for later steps, which write it as `$NAME`: the first group of `pattern` in the output. */
  readonly capture?: { readonly name: string; readonly pattern: RegExp };
}

/** What a step printed, masked, and how it ended. */
export interface Transcript {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Etcdctl {
  readonly #endpoint: string;
  readonly #captured = new Map<string, string>();

  /** @param endpoint `host:port`. */
  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  async run(step: Step): Promise<Transcript> {
    const program = findProgram("etcdctl");
    if (program === undefined) throw new Error("etcdctl is not on this machine");
    const args = step.args.map((arg) => this.#substitute(arg));
    const result = await runCommand(program.command, [`--endpoints=${this.#endpoint}`, ...args], {
      stdin: this.#substitute(step.stdin ?? ""),
      env: { ...process.env, ETCDCTL_API: "3" },
    });
    this.#remember(step, result.stdout);
    const stdout = step.protobuf === undefined ? result.stdout : describeBinary(step.protobuf, result.stdout);
    return {
      exitCode: result.exitCode,
      stdout: this.#mask(stdout),
      stderr: this.#mask(withoutLogLines(result.stderr)),
    };
  }

  #substitute(text: string): string {
    return text.replace(/\$([A-Z]+)/g, (whole, name: string) => this.#captured.get(name) ?? whole);
  }

  #remember({ capture }: Step, stdout: string): void {
    if (capture === undefined) return;
    const found = capture.pattern.exec(stdout)?.[1];
    if (found === undefined) throw new Error(`no ${capture.name} in ${JSON.stringify(stdout)}`);
    this.#captured.set(capture.name, found);
  }

  /** Names, ids, times, sizes and versions differ between two clusters; nothing else is touched. */
  #mask(text: string): string {
    return text
      .replaceAll(this.#endpoint, "ENDPOINT")
      .replace(/127\.0\.0\.1:\d+/g, "PEER")
      .replace(/("(?:cluster_?id|member_?id|raft_?term|leader|ID)"\s?:\s?)"?-?\d+"?/gi, "$1N")
      .replace(/("(?:raft\w*|dbSize\w*)"\s?:\s?)"?\d+"?/gi, "$1N")
      .replace(/("(?:version|storageVersion)"\s?:\s?)"[^"]*"/gi, '$1"V"')
      .replace(/\b[0-9a-f]{13,16}\b/g, "ID")
      .replace(/\b\d+\.\d+(?:m|n|\u00c2\u00b5)?s\b/g, "TIME")
      .replace(/remaining\(\d+s\)/g, "remaining(TIME)");
  }
}

function describeBinary(schema: DescMessage, stdout: string): string {
  // etcdctl ends the binary message with a line feed only where it prints lines, so the message is all there is.
  const message = stdout === "" ? create(schema) : fromBinary(schema, Buffer.from(stdout, "latin1"));
  return JSON.stringify(toJson(schema, message, { useProtoFieldName: true }));
}

function withoutLogLines(stderr: string): string {
  return stderr
    .split("\n")
    .filter((line) => !line.startsWith("{"))
    .join("\n");
}

/** Cells of a table are padded to the width of what was masked, and lines drawn as wide: only the words count. */
export function collapseTable(stdout: string): string {
  const text = Buffer.from(stdout, "latin1").toString("utf8");
  return text.replace(/[-─]+/g, "-").replace(/ +/g, " ");
}
