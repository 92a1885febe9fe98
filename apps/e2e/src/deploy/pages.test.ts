/** The pages for operators do what they say: every command of theirs is run, in order, on real processes. */
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { findProgram, missesPrograms, type ProgramName } from "../harness/programs.js";
import { createPageScript } from "./page-script.js";

const suite = "the pages for operators";
const PAGES = fileURLToPath(new URL("../../../../docs/operations/", import.meta.url));
const PAGE_MS_MAX = 300_000;
const NEEDED: readonly ProgramName[] = ["quorate", "etcd", "etcdctl"];

/** What pages call by name, found where the suites find it. Until 3.4, etcdctl had the commands of etcdutl. */
function makePath(folder: string): string {
  mkdirSync(folder);
  for (const name of [...NEEDED, "etcdutl"] as const) {
    const found = findProgram(name === "etcdutl" ? "etcdctl" : name);
    const named = name === "etcdutl" ? process.env["ETCDUTL_BIN"] : undefined;
    const words = named === undefined ? [found?.command ?? "", ...(found?.leadingArguments ?? [])] : [named];
    const file = join(folder, name);
    writeFileSync(file, `#!/bin/sh\nexec ${words.map((word) => `'${word}'`).join(" ")} "$@"\n`);
    chmodSync(file, 0o755);
  }
  return `${folder}:${process.env["PATH"] ?? ""}`;
}

interface Outcome {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs a script and ends whatever it has left behind: processes of its group, and no others. */
function runPage(script: string, folder: string): Promise<Outcome> {
  const child = spawn("bash", ["-c", script], {
    cwd: folder,
    env: { PATH: makePath(join(folder, "bin")), HOME: folder },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("bash is missing");
  const endGroup = (): void => {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // Nothing was left.
    }
  };
  const timer = setTimeout(endGroup, PAGE_MS_MAX);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  return new Promise((resolve) => {
    child.on("exit", (exitCode) => {
      clearTimeout(timer);
      endGroup();
      child.on("close", () => resolve({ exitCode, output }));
    });
  });
}

describe.skipIf(missesPrograms(suite, NEEDED))(suite, () => {
  test.each(readdirSync(PAGES).filter((name) => name.endsWith(".md")))("%s", async (name) => {
    const script = await createPageScript(readFileSync(join(PAGES, name), "utf8"));
    expect(script.demands).toBeGreaterThan(0);
    const folder = mkdtempSync(join(tmpdir(), "e2e-page-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
    const { exitCode, output } = await runPage(script.text, folder);
    expect(exitCode, output.slice(-6000)).toBe(0);
    expect(output).toMatch(/the page is done\n$/);
  });
});
