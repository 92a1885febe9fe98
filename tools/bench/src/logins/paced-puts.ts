/** The process of paced puts, as its parent sees it. */
import { fork, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Latencies } from "../percentiles.js";
import type { PutsAnswer } from "./paced-puts-program.js";

export class PacedPuts {
  readonly #child: ChildProcess;

  constructor(port: number, token: string, perSecond: number) {
    const program = fileURLToPath(new URL("./paced-puts-program.js", import.meta.url));
    this.#child = fork(program, [String(port), token, String(perSecond)]);
  }

  /** Latencies of the puts that end while `work` goes on. @throws Error when one was refused. */
  async during(work: () => Promise<unknown>): Promise<Latencies> {
    await this.#take();
    await work();
    return this.#take();
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.disconnect();
    await ended;
  }

  #take(): Promise<Latencies> {
    return new Promise((resolve, reject) => {
      const onExit = (code: number | null): void =>
        reject(new Error(`the putting client ended with ${code}`));
      this.#child.once("exit", onExit);
      this.#child.once("message", (answer: PutsAnswer) => {
        this.#child.off("exit", onExit);
        if ("latencies" in answer) resolve(answer.latencies);
        else reject(new Error(answer.failure));
      });
      this.#child.send("take");
    });
  }
}
