/** etcd's own server in a process, for tests that hold the SDK to both. */
import { spawn, type ChildProcess } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createServer } from "node:net";
import { makeTestFolder } from "./test-folder.js";

/** The server to compare with: the variable ETCD_BIN, else Debian's. */
export const ETCD_BIN: string = process.env["ETCD_BIN"] ?? "/usr/bin/etcd";

export function hasProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface EtcdServer extends AsyncDisposable {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Starts a single member and resolves once it is healthy. */
export async function startEtcdServer(): Promise<EtcdServer> {
  const folder = await makeTestFolder("memory");
  const [client, peer] = [await freePort(), await freePort()].map((port) => `http://127.0.0.1:${port}`);
  const child = spawn(
    ETCD_BIN,
    [
      `--data-dir=${folder.path}/data`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
    ],
    { stdio: "ignore" },
  );
  const stop = async (): Promise<void> => {
    await kill(child);
    await folder.remove();
  };
  try {
    await healthy(`${client}/health`, child);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint: (client ?? "").replace("http://", ""), stop, [Symbol.asyncDispose]: stop };
}

/** Below those that the system gives to outgoing connections: one of them could take the port of a server that is down for a moment. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;
const PORT_ATTEMPTS_MAX = 100;

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < PORT_ATTEMPTS_MAX; attempt += 1) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
  throw new Error(`no free port among ${PORT_ATTEMPTS_MAX}`);
}

const START_ATTEMPTS_MAX = 200;
const START_PAUSE_MS = 50;

async function healthy(url: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < START_ATTEMPTS_MAX; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`${ETCD_BIN} ended with ${child.exitCode}`);
    const answer = await fetch(url).then(
      (response) => response.text(),
      () => "",
    );
    if (answer.includes("true")) return;
    await new Promise((resolve) => setTimeout(resolve, START_PAUSE_MS));
  }
  throw new Error(`${ETCD_BIN} did not become healthy`);
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}
