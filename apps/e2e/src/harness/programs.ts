/**
 * The programs a suite runs: ours and other people's, each found on this machine or reported missing with the way to
 * get it. A suite that misses a program says so and skips; it never passes silently.
 */
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export type ServerKind = "quorate" | "etcd";
export type ProgramName = ServerKind | "etcdctl" | "python3";

export interface Program {
  readonly command: string;
  /** Come before any other argument: the script of an interpreter. */
  readonly leadingArguments: readonly string[];
}

const quorateBundle = fileURLToPath(new URL("../../../quorate/dist/quorate.js", import.meta.url));

const HOW_TO_GET: Readonly<Record<ProgramName, string>> = {
  quorate: `build it (expected at ${quorateBundle}) or name another in QUORATE_BIN`,
  etcd: "install etcd-server or name a binary in ETCD_BIN",
  etcdctl: "install etcd-client or name a binary in ETCDCTL_BIN",
  python3: "install python3 or name a binary in PYTHON_BIN",
};

/** The kind of server that suites put to the test: `E2E_SUBJECT`, by default ours. */
export const subjectKind: ServerKind = process.env["E2E_SUBJECT"] === "etcd" ? "etcd" : "quorate";

export function findProgram(name: ProgramName): Program | undefined {
  if (name === "quorate") return findQuorate();
  const named = process.env[name === "python3" ? "PYTHON_BIN" : `${name.toUpperCase()}_BIN`];
  const command = named === undefined || named === "" ? findOnPath(name) : named;
  return command === undefined ? undefined : { command, leadingArguments: [] };
}

/**
 * Says on the console which of `names` are missing and how to get them.
 * @returns true when the suite has to skip.
 */
export function missesPrograms(suite: string, names: readonly ProgramName[]): boolean {
  const missing = names.filter((name) => findProgram(name) === undefined);
  for (const name of missing) console.warn(`skipped: ${suite}: ${name} is missing; ${HOW_TO_GET[name]}`);
  return missing.length > 0;
}

function findQuorate(): Program | undefined {
  const file = process.env["QUORATE_BIN"] ?? quorateBundle;
  if (!existsSync(file)) return undefined;
  const isScript = /\.[cm]?js$/.test(file);
  return isScript
    ? { command: process.execPath, leadingArguments: [file] }
    : { command: file, leadingArguments: [] };
}

function findOnPath(name: string): string | undefined {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
