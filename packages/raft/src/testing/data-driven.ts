/**
 * Data-driven scripts: command, input, expected output, in one readable file.
 *
 *     # a comment
 *     command key key=value key=(a, b, c)
 *     optional input lines
 *     ----
 *     expected output, up to the first blank line
 *
 * The format is that of upstream's scripts, which we play as well as our own.
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** `vals` is empty for a bare key. */
export interface ScriptArg {
  readonly key: string;
  readonly vals: readonly string[];
}

export interface ScriptCase {
  /** `line` of the command, for failure messages. */
  readonly line: number;
  readonly command: string;
  readonly args: readonly ScriptArg[];
  readonly input: string;
  readonly expected: string;
  /** Everything before the expected output, as it stands in the file. */
  readonly head: string;
}

/** Splits a script into its cases. */
export function parseScript(text: string): ScriptCase[] {
  const lines = text.split("\n");
  const cases: ScriptCase[] = [];
  let at = 0;
  let headStart = 0;
  while (at < lines.length) {
    const line = (lines[at] as string).trim();
    if (line === "" || line.startsWith("#")) {
      at++;
      continue;
    }
    const commandLine = at + 1;
    let commandText = "";
    for (;;) {
      const part = lines[at++] as string;
      if (!part.endsWith("\\")) {
        commandText += part;
        break;
      }
      commandText += `${part.slice(0, -1)} `;
    }
    const input: string[] = [];
    while (at < lines.length && lines[at] !== "----") input.push(lines[at++] as string);
    if (at >= lines.length) throw new Error(`line ${commandLine}: no ---- after the command`);
    at++;
    const head = lines.slice(headStart, at).join("\n");
    const expected: string[] = [];
    while (at < lines.length && lines[at] !== "") expected.push(`${lines[at++] as string}\n`);
    headStart = at;
    cases.push({
      ...parseCommand(commandText),
      line: commandLine,
      input: input.join("\n"),
      expected: expected.join(""),
      head,
    });
  }
  return cases;
}

function parseCommand(text: string): { command: string; args: ScriptArg[] } {
  const [command = "", ...rest] = text.trim().match(/[^\s=]+(=\([^)]*\)|=\S*)?/g) ?? [];
  const args = rest.map((token): ScriptArg => {
    const equals = token.indexOf("=");
    if (equals < 0) return { key: token, vals: [] };
    const value = token.slice(equals + 1);
    const list = /^\((.*)\)$/.exec(value);
    if (list === null) return { key: token.slice(0, equals), vals: [value] };
    const inner = (list[1] as string).trim();
    return {
      key: token.slice(0, equals),
      vals: inner === "" ? [] : inner.split(",").map((part) => part.trim()),
    };
  });
  return { command, args };
}

export interface ScriptFailure {
  readonly line: number;
  readonly command: string;
  readonly expected: string;
  readonly actual: string;
}

/** Plays a script. With UPDATE_GOLDENS=1 it writes what came out instead of comparing: review the diff. */
export function playScript(path: string, handle: (test: ScriptCase) => string): ScriptFailure | null {
  const text = readFileSync(path, "utf8");
  const cases = parseScript(text);
  const update = process.env["UPDATE_GOLDENS"] === "1";
  let written = "";
  for (const test of cases) {
    const output = handle(test);
    const actual = output === "" || output.endsWith("\n") ? output : `${output}\n`;
    if (!update && actual !== test.expected) {
      return { line: test.line, command: test.command, expected: test.expected, actual };
    }
    written += `${test.head}\n${actual}`;
  }
  if (update && written !== text) writeFileSync(path, written);
  return null;
}

/** The scripts in a folder, sorted by name. */
export function listScripts(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".txt"))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * Where upstream's scripts are: in the folder QUORATE_TESTDATA names (which holds `etcd-raft`), else in `shared/testdata`
 * next to the repository. Null when they are not on this machine.
 */
export function findUpstreamScripts(): { folder: string } | { missing: string } {
  const named = process.env["QUORATE_TESTDATA"];
  const roots: string[] = [];
  if (named !== undefined && named !== "") roots.push(named);
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "nx.json")) && dirname(folder) !== folder) folder = dirname(folder);
  for (let up = dirname(folder); ; up = dirname(up)) {
    roots.push(join(up, "shared", "testdata"));
    if (dirname(up) === up) break;
  }
  for (const root of roots) {
    const candidate = resolve(root, "etcd-raft");
    if (existsSync(candidate)) return { folder: candidate };
  }
  return {
    missing: `upstream scripts (etcd-raft) found in none of: ${roots.join(", ")}; set QUORATE_TESTDATA`,
  };
}
