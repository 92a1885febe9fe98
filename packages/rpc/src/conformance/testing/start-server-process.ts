import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { GrpcServerOptions } from "../../options.js";
import type { ServerReport } from "./server-process.js";

/** Bundles `server-process.ts` once for all the processes of a test file. */
export class ServerBundle {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<ServerBundle> {
    const bundle = new ServerBundle(await mkdtemp(path.join(tmpdir(), "rpc-conformance-")));
    await build({
      entryPoints: [fileURLToPath(new URL("server-process.ts", import.meta.url))],
      outfile: bundle.#file,
      bundle: true,
      platform: "node",
      format: "esm",
      conditions: ["@quorate/source"],
      logLevel: "error",
    });
    return bundle;
  }

  get #file(): string {
    return path.join(this.#folder, "server.mjs");
  }

  async start(options: GrpcServerOptions = {}): Promise<ServerProcess> {
    const child = fork(this.#file, [JSON.stringify(options)], { execArgv: ["--expose-gc"], silent: true });
    return await ServerProcess.started(child);
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }
}

export class ServerProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #death: Promise<never>;

  private constructor(child: ChildProcess, port: number, death: Promise<never>) {
    this.#child = child;
    this.port = port;
    this.#death = death;
  }

  static async started(child: ChildProcess): Promise<ServerProcess> {
    let errors = "";
    child.stderr?.on("data", (text: Buffer) => (errors = (errors + text.toString()).slice(-4000)));
    const death = once(child, "exit").then(([code, signal]): never => {
      throw new Error(`the server process ended (${code ?? signal}): ${errors}`);
    });
    // Nobody need be listening when it is stopped on purpose.
    death.catch(() => undefined);
    const [first] = await Promise.race([once(child, "message"), death]);
    return new ServerProcess(child, (first as ServerReport).port, death);
  }

  /** Asks for a report; throws when the process has died. */
  async report(): Promise<ServerReport> {
    const answer = once(this.#child, "message");
    if (this.#child.connected) this.#child.send("report");
    const [report] = await Promise.race([answer, this.#death]);
    return report as ServerReport;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, "exit");
    this.#child.kill();
    await exit;
  }
}
