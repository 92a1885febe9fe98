/** What `npm run package` makes runs by itself, with the settings of the compose file, as three members and a console. */
import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createClient } from "@quorate/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { findFreePort } from "../harness/free-port.js";
import { runCommand } from "../harness/run-command.js";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "e2e-deploy-"));
const children: ChildProcess[] = [];
const READY_MS_MAX = 60_000;
const PACKAGE_MS_MAX = 300_000;

interface Compose {
  readonly services: Readonly<
    Record<string, { readonly environment: Record<string, string>; readonly command: readonly string[] }>
  >;
}

beforeAll(async () => {
  const made = await runCommand(process.execPath, [join(root, "tools/run/package.mjs"), "--folder-only"], {
    timeoutMs: PACKAGE_MS_MAX,
  });
  if (made.exitCode !== 0) throw new Error(`the package was not made:\n${made.stdout}${made.stderr}`);
  const name = made.stdout.trim().split("\n").at(-1) ?? "";
  // Away from the tree, where nothing of it can be found by chance.
  cpSync(join(root, name), join(folder, "quorate"), { recursive: true });
}, PACKAGE_MS_MAX);

afterAll(async () => {
  for (const child of children) child.kill("SIGTERM");
  await Promise.all(children.map(ended));
  rmSync(folder, { recursive: true, force: true });
});

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => void child.once("exit", () => resolve()));
}

function run(program: string, args: readonly string[], env: Record<string, string>): ChildProcess {
  const child = spawn(join(folder, "quorate/bin", program), args, {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "inherit", "ignore"],
  });
  children.push(child);
  return child;
}

/** `text` with the hosts of the compose file replaced by ports of this machine. */
function translate(text: string, own: string, ports: ReadonlyMap<string, number>): string {
  return text.replaceAll(/\b(m[123]|0\.0\.0\.0):(2379|2380)\b/g, (_, host: string, port: string) => {
    const place = `${host === "0.0.0.0" ? own : host}:${port}`;
    return `127.0.0.1:${ports.get(place) ?? 0}`;
  });
}

async function until<T>(what: string, attempt: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + READY_MS_MAX;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw new Error(`${what} took too long`, { cause: error });
      await sleep(50);
    }
  }
}

test("holds nothing but what runs here", () => {
  const prebuilds = readdirSync(join(folder, "quorate/lib/node_modules/rocksdb-native/prebuilds"));
  expect(prebuilds).toEqual([`${process.platform}-${process.arch}`]);
  expect(readdirSync(join(folder, "quorate")).sort()).toEqual([
    "LICENSE",
    "README.md",
    "bin",
    "lib",
    "systemd",
  ]);
});

test("three members with the compose file's settings form a cluster, and its console answers", async () => {
  const { services } = parse(readFileSync(join(root, "deploy/docker/compose.yaml"), "utf8"), {
    merge: true,
  }) as Compose;
  const names = ["m1", "m2", "m3"];
  const ports = new Map<string, number>();
  for (const name of names) {
    ports.set(`${name}:2379`, await findFreePort());
    ports.set(`${name}:2380`, await findFreePort());
  }
  for (const name of names) {
    const { environment = {}, command = [] } = services[name] ?? {};
    const env = Object.entries(environment).map(([key, value]) => [key, translate(value, name, ports)]);
    run("quorate", command, { ...Object.fromEntries(env), ETCD_DATA_DIR: join(folder, name) } as Record<
      string,
      string
    >);
  }
  const endpointOf = (name: string): string => `127.0.0.1:${ports.get(`${name}:2379`) ?? 0}`;
  await using first = createClient({ endpoints: endpointOf("m1") });
  await using last = createClient({ endpoints: endpointOf("m3") });
  await until("the cluster", () => first.put("greeting", "hello"));
  expect((await last.get("greeting"))?.value).toBe("hello");
  const members = await last.cluster.members();
  expect(members.map(({ name }) => name).sort()).toEqual(names);

  const listen = `127.0.0.1:${await findFreePort()}`;
  const [, ...args] = (services["console"]?.command ?? []).map((arg) => translate(arg, "", ports));
  run("quorate-console", [`--listen=${listen}`, ...args], { QUORATE_CONSOLE_PASSWORD: "secret" });
  const page = await until("the console", () =>
    fetch(`http://${listen}/`, { headers: { accept: "text/html" } }),
  );
  expect(page.status).toBe(200);
  expect(await page.text()).toContain("<title>");
});
