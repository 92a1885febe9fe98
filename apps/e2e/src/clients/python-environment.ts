/**
 * A virtual environment with Python's etcd3 and etcd3gw, made once and kept between runs in the workspace's cache folder.
 *
 * etcd3 carries code generated for protobuf 3, so protobuf is held below 4 and run in its pure-Python form, which every
 * version of the interpreter has.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findProgram } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";

const REQUIREMENTS = fileURLToPath(new URL("../../scripts/python-requirements.txt", import.meta.url));
const FOLDER = fileURLToPath(new URL("../../../../node_modules/.cache/quorate-e2e-python", import.meta.url));
/** Holds the requirements that the environment was made from; written last, so that half an environment has none. */
const STAMP = join(FOLDER, "requirements.txt");
const INSTALL_MS_MAX = 170_000;

export interface PythonEnvironment {
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
}

/** @returns the environment, or a text that says why there is none. */
export async function preparePython(): Promise<PythonEnvironment | string> {
  const python = findProgram("python3");
  if (python === undefined) return "python3 is missing";
  const command = join(FOLDER, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const env = { ...process.env, PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION: "python" };
  const requirements = readFileSync(REQUIREMENTS, "utf8");
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === requirements) return { command, env };
  rmSync(FOLDER, { recursive: true, force: true });
  const commands: readonly (readonly [command: string, args: readonly string[]])[] = [
    [python.command, ["-m", "venv", FOLDER]],
    [command, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]],
  ];
  for (const [step, args] of commands) {
    const result = await runCommand(step, args, { timeoutMs: INSTALL_MS_MAX });
    if (result.exitCode !== 0) return `Python's clients could not be installed: ${result.stderr.slice(-500)}`;
  }
  if (!(await canImport(command, env))) return "Python's clients were installed but do not import";
  writeFileSync(STAMP, requirements);
  return { command, env };
}

async function canImport(command: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  return (await runCommand(command, ["-c", "import etcd3, etcd3gw"], { env })).exitCode === 0;
}
