/** Three members in processes of their own, which can be killed. */
import { spawn, type ChildProcess } from "node:child_process";
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { createClient } from "../node/create-client.js";
import { freePort } from "./etcd-server.js";
import { makeTestFolder, type TestFolder } from "./test-folder.js";

const PROGRAM = fileURLToPath(new URL(`../../dist/member-process.test.${process.pid}.cjs`, import.meta.url));
const LEADER_ATTEMPTS_MAX = 200;
const LEADER_PAUSE_MS = 50;
const STATUS_MAX_MS = 500;

interface Place {
  readonly name: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
}

export class MemberCluster implements AsyncDisposable {
  readonly endpoints: readonly string[];
  readonly #folder: TestFolder;
  readonly #children: ChildProcess[];

  private constructor(folder: TestFolder, places: readonly Place[], children: ChildProcess[]) {
    this.#folder = folder;
    this.#children = children;
    this.endpoints = places.map(({ clientUrl }) => clientUrl.replace("http://", ""));
  }

  /** Resolves once all three serve. */
  static async start(): Promise<MemberCluster> {
    await build({
      entryPoints: [fileURLToPath(new URL("./member-process.ts", import.meta.url))],
      outfile: PROGRAM,
      bundle: true,
      platform: "node",
      format: "cjs",
      conditions: ["@quorate/source"],
      external: ["rocksdb-native", "@node-rs/*"],
      logLevel: "error",
    });
    const folder = await makeTestFolder("memory");
    const places: Place[] = [];
    for (const name of ["a", "b", "c"]) {
      const [client, peer] = [await freePort(), await freePort()];
      places.push({ name, clientUrl: `http://127.0.0.1:${client}`, peerUrl: `http://127.0.0.1:${peer}` });
    }
    const children = places.map((place) => startProcess(place, places, folder.path));
    const cluster = new MemberCluster(folder, places, children);
    try {
      await Promise.all(children.map(ready));
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Kills the leader. @returns its endpoint. */
  async killLeader(): Promise<string> {
    const place = await this.#leader();
    await kill(this.#children[place]);
    return this.endpoints[place] ?? "";
  }

  async stop(): Promise<void> {
    await Promise.all(this.#children.map(kill));
    await this.#folder.remove();
    await rm(PROGRAM, { force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #leader(): Promise<number> {
    for (let attempt = 0; attempt < LEADER_ATTEMPTS_MAX; attempt += 1) {
      for (const [place, endpoint] of this.endpoints.entries()) {
        const client = createClient({ endpoints: endpoint, timeoutMs: STATUS_MAX_MS });
        try {
          if ((await client.maintenance.status(endpoint)).isLeader) return place;
        } catch {
          // It is not there: another one leads, or will.
        } finally {
          client.close();
        }
      }
      await new Promise((resolve) => setTimeout(resolve, LEADER_PAUSE_MS));
    }
    throw new Error("nobody leads");
  }
}

function startProcess(
  { name, clientUrl, peerUrl }: Place,
  all: readonly Place[],
  folder: string,
): ChildProcess {
  const options = {
    name,
    dataDir: `${folder}/${name}`,
    listenClientUrls: [clientUrl],
    listenPeerUrls: [peerUrl],
    initialCluster: Object.fromEntries(all.map((place) => [place.name, [place.peerUrl]])),
  };
  return spawn(process.execPath, [PROGRAM, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.once("data", () => resolve());
    child.once("exit", (code) => reject(new Error(`a member ended with ${code}`)));
  });
}

async function kill(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}
