/** The process that a client runs in, as its parent sees it. */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { StretchAnswer } from "./client-program.js";
import type { ClientName } from "./kv-client.js";
import type { StretchPlan, StretchResult } from "./stretch.js";

/** `SDK_BENCH_PROFILE` names a folder where each client's process leaves its profile. */
const profileFolder = process.env["SDK_BENCH_PROFILE"];

export class ClientProcess {
  readonly name: ClientName;
  readonly #child: ChildProcess;

  constructor(name: ClientName, port: number) {
    this.name = name;
    const profile =
      profileFolder === undefined
        ? []
        : ["--cpu-prof", `--cpu-prof-dir=${profileFolder}`, `--cpu-prof-name=${name}-${port}.cpuprofile`];
    const program = fileURLToPath(new URL("./client-program.js", import.meta.url));
    this.#child = fork(program, [name, String(port)], { execArgv: profile });
  }

  /** One at a time. @throws Error when a call failed or the process has ended. */
  run(plan: StretchPlan): Promise<StretchResult> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void => {
        reject(new Error(`the client ${this.name} ended with ${code}`));
      };
      this.#child.once("exit", onExit);
      this.#child.once("message", (answer: StretchAnswer) => {
        this.#child.off("exit", onExit);
        if ("result" in answer) resolve(answer.result);
        else reject(new Error(`the client ${this.name}: ${answer.failure}`));
      });
      this.#child.send(plan);
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.disconnect();
    await ended;
  }
}
