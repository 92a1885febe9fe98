/** The command lines, variables and files that people start etcd with, taken as they are; only addresses and paths are this test's own. */
import { spawn, type ChildProcess } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { AuthorityFiles, type CertificateFiles } from "../harness/certificate-files.js";
import { findFreePort } from "../harness/free-port.js";
import { findProgram } from "../harness/programs.js";
import { runCommand } from "../harness/run-command.js";

const READY_MS_MAX = 60_000;
const folder = mkdtempSync(join(tmpdir(), "e2e-lines-"));
let authority: AuthorityFiles;
let server: CertificateFiles;
let client: CertificateFiles;

interface Ports {
  readonly client: number;
  readonly peer: number;
  readonly metrics: number;
}

interface Started {
  readonly child: ChildProcess;
  readonly log: () => string;
}

const running: Started[] = [];
let count = 0;

beforeAll(() => {
  authority = new AuthorityFiles(join(folder, "pki"));
  server = authority.issue("server", "control-plane", { hosts: ["localhost", "127.0.0.1"] });
  client = authority.issue("healthcheck", "kube-etcd-healthcheck-client");
});
afterEach(async () => {
  for (const { child } of running.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const ended = new Promise((resolve) => void child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function findPorts(): Promise<Ports> {
  return { client: await findFreePort(), peer: await findFreePort(), metrics: await findFreePort() };
}

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const program = findProgram("quorate");
  if (program === undefined) throw new Error("the server is not built");
  const path = join(folder, `log-${count++}.txt`);
  const log = openSync(path, "a");
  const child = spawn(program.command, [...program.leadingArguments, ...args], {
    env: { PATH: process.env["PATH"], ...env },
    cwd: folder,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const started = { child, log: () => readFileSync(path, "utf8") };
  running.push(started);
  return started;
}

/** Asks until the answer is 200, as a probe does. @returns the body */
async function probe(url: string, { child, log }: Started): Promise<string> {
  const deadline = performance.now() + READY_MS_MAX;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}\n${log()}`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.status === 200) return response.text();
    if (performance.now() > deadline) throw new Error(`${url} was not ready in time\n${log()}`);
    await sleep(50);
  }
}

async function etcdctl(endpoint: string, ...args: string[]): Promise<string> {
  const program = findProgram("etcdctl");
  if (program === undefined) throw new Error("etcdctl is missing; install etcd-client or set ETCDCTL_BIN");
  const { exitCode, stdout, stderr } = await runCommand(
    program.command,
    [...program.leadingArguments, `--endpoints=${endpoint}`, ...args],
    { env: { PATH: process.env["PATH"], ETCDCTL_API: "3" }, timeoutMs: 20_000 },
  );
  if (exitCode !== 0) throw new Error(`etcdctl ${args.join(" ")}: ${stderr}`);
  return stdout.trim();
}

/** The manifest of kubeadm, release by release: what it adds to the flags that all have. */
const KUBEADM: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  [
    "1.28 to 1.33",
    ["--experimental-initial-corrupt-check=true", "--experimental-watch-progress-notify-interval=5s"],
    ["/health?exclude=NOSPACE&serializable=true", "/health?serializable=false"],
  ],
  [
    "1.34 and later",
    ["--feature-gates=InitialCorruptCheck=true", "--watch-progress-notify-interval=5s"],
    ["/livez", "/readyz"],
  ],
];

describe("kubeadm", () => {
  test.each(KUBEADM)("%s", async (_release, flags, probes) => {
    const ports = await findPorts();
    const name = "control-plane";
    const args = [
      `--advertise-client-urls=https://127.0.0.1:${ports.client}`,
      `--cert-file=${server.cert}`,
      "--client-cert-auth=true",
      `--data-dir=${join(folder, `kubeadm-${ports.client}`)}`,
      ...flags.slice(0, 1),
      `--initial-advertise-peer-urls=https://127.0.0.1:${ports.peer}`,
      `--initial-cluster=${name}=https://127.0.0.1:${ports.peer}`,
      `--key-file=${server.key}`,
      `--listen-client-urls=https://127.0.0.1:${ports.client}`,
      `--listen-metrics-urls=http://127.0.0.1:${ports.metrics}`,
      `--listen-peer-urls=https://127.0.0.1:${ports.peer}`,
      `--name=${name}`,
      `--peer-cert-file=${server.cert}`,
      "--peer-client-cert-auth=true",
      `--peer-key-file=${server.key}`,
      `--peer-trusted-ca-file=${authority.ca}`,
      "--snapshot-count=10000",
      `--trusted-ca-file=${authority.ca}`,
      ...flags.slice(1),
    ];
    const secured = [`--cacert=${authority.ca}`, `--cert=${client.cert}`, `--key=${client.key}`];
    // The second start finds data, so that the check for corruption has something to look at.
    for (const value of ["first", "second"]) {
      const started = start(args);
      for (const path of probes) await probe(`http://127.0.0.1:${ports.metrics}${path}`, started);
      const endpoint = `https://127.0.0.1:${ports.client}`;
      expect(await etcdctl(endpoint, ...secured, "put", "registry/pods/a", value)).toBe("OK");
      if (value === "second") {
        expect(started.log()).toContain("initial corruption checking passed");
        await expect(etcdctl(endpoint, `--cacert=${authority.ca}`, "get", "a")).rejects.toThrow();
      }
      const ended = new Promise((resolve) => void started.child.once("exit", resolve));
      started.child.kill("SIGTERM");
      await ended;
    }
  });
});

/** What systemd would hear; the socket takes datagrams, which Node can't receive. */
const LISTENER = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(60)
print("bound", flush=True)
print(s.recv(4096).decode(), flush=True)
`;

describe("systemd", () => {
  test("Debian's unit: everything from variables, and a word to the supervisor once clients are served", async ({
    skip,
  }) => {
    const python = findProgram("python3");
    const hasNotify = (process.env["PATH"] ?? "")
      .split(":")
      .some((path) => existsSync(join(path, "systemd-notify")));
    if (python === undefined || !hasNotify) {
      console.warn(
        "skipped: Debian's unit: python3 or systemd-notify is missing (packages python3, systemd)",
      );
      skip();
      return;
    }
    const ports = await findPorts();
    const socketPath = join(folder, "notify.sock");
    const listener = spawn(python.command, ["-c", LISTENER, socketPath], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const heard: string[] = [];
    listener.stdout.setEncoding("utf8").on("data", (text: string) => heard.push(text));
    const ended = new Promise((resolve) => void listener.once("exit", resolve));
    while (!heard.join("").includes("bound")) await sleep(10);
    const started = start([], {
      NOTIFY_SOCKET: socketPath,
      DAEMON_ARGS: "",
      ETCD_NAME: "debian",
      ETCD_DATA_DIR: join(folder, "debian"),
      ETCD_LISTEN_CLIENT_URLS: `http://127.0.0.1:${ports.client}`,
      ETCD_ADVERTISE_CLIENT_URLS: `http://127.0.0.1:${ports.client}`,
      ETCD_LISTEN_PEER_URLS: `http://127.0.0.1:${ports.peer}`,
      ETCD_INITIAL_ADVERTISE_PEER_URLS: `http://127.0.0.1:${ports.peer}`,
      ETCD_INITIAL_CLUSTER: `debian=http://127.0.0.1:${ports.peer}`,
      ETCD_INITIAL_CLUSTER_STATE: "new",
      ETCD_INITIAL_CLUSTER_TOKEN: "etcd-cluster",
    });
    await ended;
    expect(heard.join("")).toContain("READY=1");
    expect(await etcdctl(`http://127.0.0.1:${ports.client}`, "put", "a", "1")).toBe("OK");
    expect(started.log()).not.toContain("failed to notify");
  });
});

describe("files", () => {
  test("k3s and RKE2: a configuration file with nested security", async () => {
    const ports = await findPorts();
    const path = join(folder, "config.yaml");
    const lines = [
      "name: node-1-abcdef",
      `data-dir: ${join(folder, "k3s")}`,
      `advertise-client-urls: https://127.0.0.1:${ports.client}`,
      `listen-client-urls: https://127.0.0.1:${ports.client}`,
      `listen-client-http-urls: https://127.0.0.1:${await findFreePort()}`,
      `listen-peer-urls: https://127.0.0.1:${ports.peer}`,
      `listen-metrics-urls: http://127.0.0.1:${ports.metrics}`,
      `initial-advertise-peer-urls: https://127.0.0.1:${ports.peer}`,
      `initial-cluster: node-1-abcdef=https://127.0.0.1:${ports.peer}`,
      "initial-cluster-state: new",
      "log-outputs:",
      "- stderr",
      "logger: zap",
      "heartbeat-interval: 500",
      "election-timeout: 5000",
      "snapshot-count: 10000",
      "experimental-initial-corrupt-check: true",
      "experimental-watch-progress-notify-interval: 5000000000",
      "client-transport-security:",
      `  cert-file: ${server.cert}`,
      `  key-file: ${server.key}`,
      "  client-cert-auth: true",
      `  trusted-ca-file: ${authority.ca}`,
      "peer-transport-security:",
      `  cert-file: ${server.cert}`,
      `  key-file: ${server.key}`,
      "  client-cert-auth: true",
      `  trusted-ca-file: ${authority.ca}`,
    ];
    writeFileSync(path, `${lines.join("\n")}\n`);
    const started = start([`--config-file=${path}`]);
    await probe(`http://127.0.0.1:${ports.metrics}/health?serializable=false`, started);
    const secured = [`--cacert=${authority.ca}`, `--cert=${client.cert}`, `--key=${client.key}`];
    expect(await etcdctl(`https://127.0.0.1:${ports.client}`, ...secured, "put", "a", "1")).toBe("OK");
  });
});

describe("containers", () => {
  test("Bitnami's variables, with certificates that the member makes itself", async () => {
    const ports = await findPorts();
    const dataDir = join(folder, "bitnami");
    mkdirSync(dataDir, { mode: 0o700 });
    const started = start([], {
      ETCD_NAME: "etcd-0",
      ETCD_DATA_DIR: dataDir,
      ETCD_AUTO_TLS: "true",
      ETCD_PEER_AUTO_TLS: "true",
      ETCD_LISTEN_CLIENT_URLS: `https://0.0.0.0:${ports.client}`,
      ETCD_ADVERTISE_CLIENT_URLS: `https://127.0.0.1:${ports.client}`,
      ETCD_LISTEN_PEER_URLS: `https://0.0.0.0:${ports.peer}`,
      ETCD_INITIAL_ADVERTISE_PEER_URLS: `https://127.0.0.1:${ports.peer}`,
      ETCD_INITIAL_CLUSTER: `etcd-0=https://127.0.0.1:${ports.peer}`,
      ETCD_INITIAL_CLUSTER_TOKEN: "etcd-cluster-k8s",
      ETCD_INITIAL_CLUSTER_STATE: "new",
      ETCD_LISTEN_METRICS_URLS: `http://127.0.0.1:${ports.metrics}`,
      ETCD_AUTO_COMPACTION_MODE: "periodic",
      ETCD_AUTO_COMPACTION_RETENTION: "10",
      ETCD_LOG_LEVEL: "info",
      ETCD_QUOTA_BACKEND_BYTES: "2147483648",
    });
    await probe(`http://127.0.0.1:${ports.metrics}/health`, started);
    const shown = [
      `--cert=${join(dataDir, "fixtures/client/cert.pem")}`,
      `--key=${join(dataDir, "fixtures/client/key.pem")}`,
      "--insecure-skip-tls-verify",
    ];
    const endpoint = `https://127.0.0.1:${ports.client}`;
    expect(await etcdctl(endpoint, ...shown, "put", "a", "1")).toBe("OK");
    expect(await etcdctl(endpoint, ...shown, "member", "list")).toContain("etcd-0");
  });
});
