/** A member that is configured by a file alone, with every key of the one that etcd is shipped with. Numbers are those of operations-situations.md. */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { etcdserverpb } from "@quorate/proto";
import { describe, expect, it, onTestFinished } from "vitest";
import { findFreePort } from "../harness/free-port.js";
import { findProgram, missesPrograms, type ServerKind } from "../harness/programs.js";
import { WireClient } from "../harness/wire-client.js";

const { put, range } = etcdserverpb.KV.method;
const KEY: Uint8Array = Buffer.from("by a file");
/** A process that ends is not waited for. */
const READY = /ready to serve client requests|ended with/;
/** Older releases do not say it to a log of JSON. */
const READY_OF_ETCD = new RegExp(`${READY.source}|serving client traffic`);

/**
 * The keys and values of the shipped file, also those that no release reads any more. The addresses are the only values that differ: a
 * test can not rely on the ports that all the world uses.
 */
const createFile = (clientPort: number, peerPort: number): string => `
name: 'default'
data-dir:
wal-dir:
snapshot-count: 10000
heartbeat-interval: 100
election-timeout: 1000
quota-backend-bytes: 0
listen-peer-urls: http://localhost:${peerPort}
listen-client-urls: http://localhost:${clientPort}
max-snapshots: 5
max-wals: 5
cors:
initial-advertise-peer-urls: http://localhost:${peerPort}
advertise-client-urls: http://localhost:${clientPort}
discovery:
discovery-fallback: 'proxy'
discovery-proxy:
discovery-srv:
initial-cluster: default=http://localhost:${peerPort}
initial-cluster-token: 'etcd-cluster'
initial-cluster-state: 'new'
strict-reconfig-check: false
enable-pprof: true
proxy: 'off'
proxy-failure-wait: 5000
proxy-refresh-interval: 30000
proxy-dial-timeout: 1000
proxy-write-timeout: 5000
proxy-read-timeout: 0
client-transport-security:
  cert-file:
  key-file:
  client-cert-auth: false
  trusted-ca-file:
  auto-tls: false
peer-transport-security:
  cert-file:
  key-file:
  client-cert-auth: false
  trusted-ca-file:
  auto-tls: false
  allowed-cn:
  allowed-hostname:
self-signed-cert-validity: 1
log-level: debug
logger: zap
log-outputs: [stderr]
force-new-cluster: false
auto-compaction-mode: periodic
auto-compaction-retention: "1"
cipher-suites: [
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
]
tls-min-version: 'TLS1.2'
tls-max-version: 'TLS1.3'
`;

describe.each<ServerKind>(["etcd", "quorate"])("a file of settings for %s", (kind) => {
  it.skipIf(missesPrograms(`a file of settings for ${kind}`, [kind]))(
    "rule 24: the one that etcd is shipped with, at other ports, starts a member that says when it is ready and serves",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), `e2e-config-file-${kind}-`));
      const [clientPort, peerPort] = [await findFreePort(), await findFreePort()];
      const file = join(folder, "conf.yml");
      writeFileSync(file, createFile(clientPort, peerPort));
      const child = start(kind, folder, [`--config-file=${file}`]);
      onTestFinished(async () => {
        await end(child);
        rmSync(folder, { recursive: true, force: true });
      });
      const log = (): string => readFileSync(join(folder, "log.txt"), "utf8");
      await expect
        .poll(() => log() + (child.exitCode === null ? "" : `ended with ${child.exitCode}`))
        .toMatch(kind === "etcd" ? READY_OF_ETCD : READY);
      expect(child.exitCode, log()).toBeNull();

      const client = new WireClient(`localhost:${clientPort}`);
      onTestFinished(() => client.close());
      await client.demand(put, { key: KEY });
      expect((await client.demand(range, { key: KEY })).count).toBe(1n);
      const { members } = await client.demand(etcdserverpb.Cluster.method.memberList, {});
      expect(members).toMatchObject([
        {
          name: "default",
          peerURLs: [`http://localhost:${peerPort}`],
          clientURLs: [`http://localhost:${clientPort}`],
        },
      ]);
      // A folder that is not named is that of the member's name, where it was started.
      expect(existsSync(join(folder, "default.etcd", "member"))).toBe(true);
      expect((await fetch(`http://localhost:${clientPort}/debug/pprof/cmdline`)).status).toBe(200);
    },
  );
});

/** All that the process is told is in the file: variables would count for as little as flags. */
function start(kind: ServerKind, folder: string, args: readonly string[]): ChildProcess {
  const program = findProgram(kind);
  if (program === undefined) throw new Error(`${kind} is not on this machine`);
  const log = openSync(join(folder, "log.txt"), "a");
  try {
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(ETCD|QUORATE)_/.test(name)),
    );
    return spawn(program.command, [...program.leadingArguments, ...args], {
      cwd: folder,
      env,
      stdio: ["ignore", log, log],
    });
  } finally {
    closeSync(log);
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill("SIGKILL");
  await ended;
}
