/** Looks at all database servers all the time, and writes numbered rows to whichever is primary. */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { PASSWORD } from "./database-node.js";
import type { DatabasePrograms } from "./database-programs.js";

const SCRIPT = fileURLToPath(new URL("../../scripts/patroni_witness.py", import.meta.url));

interface Line {
  readonly seen?: Readonly<Record<string, "primary" | "replica" | "down">>;
  readonly two?: readonly string[];
  readonly acknowledged?: number;
}

export class Witness {
  /** Looks at all servers so far. */
  looks = 0;
  /** Each time two servers were primaries at one moment. */
  readonly doublePrimaries: (readonly string[])[] = [];
  readonly acknowledged: number[] = [];
  /** The ports of primaries, one after another as they changed. */
  readonly primaries: number[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(programs: DatabasePrograms, ports: readonly number[]) {
    const child = spawn(programs.python, [SCRIPT, PASSWORD, ...ports.map(String)], {
      env: { PATH: "/usr/bin:/bin" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child = child;
    this.#ended = new Promise((resolve) => void child.once("close", resolve));
    createInterface({ input: child.stdout }).on("line", (text) => this.#take(JSON.parse(text) as Line));
  }

  async stop(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }

  #take({ seen, two, acknowledged }: Line): void {
    if (two !== undefined) this.doublePrimaries.push(two);
    if (acknowledged !== undefined) this.acknowledged.push(acknowledged);
    if (seen === undefined) return;
    this.looks++;
    for (const [port, role] of Object.entries(seen)) {
      if (role === "primary" && this.primaries.at(-1) !== Number(port)) this.primaries.push(Number(port));
    }
  }
}
