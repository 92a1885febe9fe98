/** A server in this process from flags, as a command line gives them, with its log kept. */
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { resolveConfig } from "../config/config.js";
import { parseFlags } from "../config/parse-flags.js";
import type { Logger } from "../log/logger.js";
import { startServer, type RunningServer } from "../start-server.js";

export interface FlaggedServer {
  readonly running: RunningServer;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly dataDir: string;
  /** One text per line of the log: level, message and fields. */
  readonly log: readonly string[];
  stop(): Promise<void>;
}

export interface FlaggedOptions {
  readonly clientScheme?: "http" | "https";
  readonly peerScheme?: "http" | "https";
  readonly clientPort?: number;
  readonly peerPort?: number;
  /** Given after the common ones, so that they win. */
  readonly flags?: readonly string[];
  /** Where the folder of the member is made; default: the system's. */
  readonly parent?: string;
  /** Takes lines while the server starts, and keeps them when it does not. */
  readonly log?: string[];
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export async function startWithFlags(options: FlaggedOptions = {}): Promise<FlaggedServer> {
  const [freeClient = 0, freePeer = 0] = await freePorts(2);
  const { clientPort = freeClient, peerPort = freePeer } = options;
  const { clientScheme = "http", peerScheme = "http", flags = [], log = [], parent = tmpdir() } = options;
  const folder = await mkdtemp(join(parent, "flags-"));
  const dataDir = join(folder, "data");
  const client = `${clientScheme}://127.0.0.1:${String(clientPort)}`;
  const peer = `${peerScheme}://127.0.0.1:${String(peerPort)}`;
  const parsed = parseFlags(
    [
      `--data-dir=${dataDir}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      "--heartbeat-interval=50",
      "--election-timeout=500",
      ...flags,
    ],
    {},
  );
  if (parsed.kind !== "run") throw new Error(`flags: ${JSON.stringify(parsed)}`);
  try {
    const running = await startServer({
      config: resolveConfig(parsed.given),
      logger: keepingLogger(log),
      versions: { etcd: "3.7.0", quorate: "0.1.0" },
      onFatal: (error) => {
        log.push(`fatal ${String(error.stack)}`);
      },
      onRemoved: () => undefined,
    });
    const stop = async (): Promise<void> => {
      await running.stop();
      await rm(folder, { recursive: true });
    };
    return { running, clientPort, peerPort, dataDir, log, stop };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function keepingLogger(log: string[]): Logger {
  const keep =
    (level: string) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
      const texts = Object.entries(fields).map(([name, value]) => `${name}=${String(value)}`);
      log.push([level, message, ...texts].join(" "));
    };
  const logger: Logger = {
    debug: keep("debug"),
    info: keep("info"),
    warn: keep("warn"),
    error: keep("error"),
    fatal: keep("fatal"),
    named: () => logger,
    close: () => undefined,
  };
  return logger;
}
