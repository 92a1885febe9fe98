import { access, mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UnavailableError } from "../errors/errors.js";
import { createClient } from "../node/create-client.js";
import { startTestServer } from "../testing.js";

const health = async (endpoint: string): Promise<unknown> =>
  (await fetch(`http://${endpoint}/health`)).json();
const HEALTHY = expect.objectContaining({ health: "true" }) as unknown;

const accepts = (endpoint: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(Number(endpoint.split(":")[1]), "127.0.0.1");
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

test.each(["memory", "disk"] as const)("a server with data in %s leaves nothing behind", async (data) => {
  const server = await startTestServer({ data });
  expect(await health(server.endpoint)).toEqual(HEALTHY);
  expect(await exists(server.dataDir)).toBe(true);
  await Promise.all([server.stop(), server.stop()]);
  expect(await exists(server.dataDir)).toBe(false);
  expect(await accepts(server.endpoint)).toBe(false);
});

test("a server restarts on its port", async () => {
  await using server = await startTestServer();
  await server.restart();
  expect(await health(server.endpoint)).toEqual(HEALTHY);
});

test("a folder of the caller's is kept", async () => {
  const dir = await mkdtemp(join(tmpdir(), "kept-"));
  try {
    for (let time = 0; time < 2; time += 1) {
      await using server = await startTestServer({ data: { dir } });
      expect(server.dataDir).toBe(dir);
    }
    expect(await readdir(dir)).not.toEqual([]);
  } finally {
    await rm(dir, { recursive: true });
  }
});

test("a start that fails leaves no folder", async () => {
  const before = await readdir(tmpdir());
  await expect(startTestServer({ data: "disk", flags: { nonsense: "1" } })).rejects.toThrow("nonsense");
  expect((await readdir(tmpdir())).filter((name) => name.startsWith("quorate-test-"))).toEqual(
    before.filter((name) => name.startsWith("quorate-test-")),
  );
});

test("its client reads what it wrote, and another one too", async () => {
  await using server = await startTestServer();
  await server.client.put("a", "1");
  const other = server.connect();
  expect((await other.get("a"))?.value).toBe("1");
  await server.restart();
  expect((await other.get("a"))?.value).toBe("1");
  await server.stop();
  await expect(other.get("a")).rejects.toThrow("the client is closed");
});

test("a server that is stopped while it is started again stays stopped", async () => {
  const server = await startTestServer();
  const { endpoint } = server;
  const restarts = [server.restart(), server.restart()];
  await server.stop();
  await Promise.all(restarts);
  await expect(server.restart()).rejects.toThrow("the server was stopped");
  await using client = createClient({ endpoints: endpoint, timeoutMs: 300 });
  await expect(client.get("a")).rejects.toThrow(UnavailableError);
  await server[Symbol.asyncDispose]();
});

test("with a password, its client is root and others are nobody", async () => {
  await using server = await startTestServer({ rootPassword: "secret" });
  await server.client.put("a", "1");
  await expect(server.connect({}).get("a")).rejects.toThrow("user name is empty");
  expect((await server.connect({ user: { name: "root", password: "secret" } }).get("a"))?.value).toBe("1");
});

test("a small quota is soon used up", async () => {
  await using server = await startTestServer({ quotaBytes: 1024 * 1024 });
  const value = "x".repeat(100_000);
  const fill = async (): Promise<void> => {
    for (let number = 0; number < 1000; number += 1) await server.client.put(`fill/${number}`, value);
  };
  await expect(fill()).rejects.toThrow("database space exceeded");
});

test("over TLS, only those who trust its certificate are served", async () => {
  await using server = await startTestServer({ tls: true });
  expect(server.endpoint).toMatch(/^https:/);
  await server.client.put("a", "1");
  await server.restart();
  expect((await server.client.get("a"))?.value).toBe("1");
  await using stranger = createClient({ endpoints: server.endpoint, timeoutMs: 500 });
  await expect(stranger.get("a")).rejects.toThrow();
});
