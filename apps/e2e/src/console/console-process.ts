/** The console's own process on a free port, before the endpoints that it is given. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { consoleBundle } from "./chromium.js";

const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 10_000;

export class ConsoleProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** @param flags those of the console; `--listen` is set already */
  static start(flags: readonly string[]): Promise<ConsoleProcess> {
    const child = spawn(process.execPath, [consoleBundle, "--listen=127.0.0.1:0", ...flags], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    return new Promise((resolve, reject) => {
      const said: string[] = [];
      const fail = (): void => {
        child.kill("SIGKILL");
        reject(new Error(`the console did not start\n${said.join("\n")}`));
      };
      const timer = setTimeout(fail, READY_MS_MAX);
      child.on("exit", fail);
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on("line", (line) => {
          said.push(line);
          const url = /^The console is at (\S+)$/.exec(line)?.[1];
          if (url === undefined) return;
          clearTimeout(timer);
          child.off("exit", fail);
          resolve(new ConsoleProcess(child, url));
        });
      }
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
    child.kill("SIGTERM");
    await ended;
    clearTimeout(timer);
  }
}
