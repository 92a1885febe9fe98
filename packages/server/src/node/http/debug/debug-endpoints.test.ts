import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWithFlags, type FlaggedServer } from "../../testing/start-with-flags.js";
import { withoutSecrets } from "./debug-vars.js";

let server: FlaggedServer;
let base: string;
beforeAll(async () => {
  server = await startWithFlags({ flags: ["--enable-pprof"] });
  base = `http://127.0.0.1:${server.clientPort}/debug`;
});
afterAll(() => server.stop());

test("variables are told by etcd's names, to GET alone", async () => {
  const vars = (await (await fetch(`${base}/vars`)).json()) as Record<string, Record<string, unknown>>;
  expect(vars["raft.status"]).toMatchObject({ term: 2, raftState: "StateLeader", isLearner: false });
  expect(vars["memstats"]?.["heapUsed"]).toBeGreaterThan(0);
  expect(Array.isArray(vars["cmdline"])).toBe(true);
  expect((await fetch(`${base}/vars`, { method: "POST" })).status).toBe(405);
});

test("a processor profile and a heap profile are files for Chrome's developer tools", async () => {
  const cpu = await fetch(`${base}/pprof/profile?seconds=1`);
  expect(cpu.headers.get("content-disposition")).toContain("quorate.cpuprofile");
  expect(Object.keys((await cpu.json()) as object)).toEqual(expect.arrayContaining(["nodes", "samples"]));
  const heap = await fetch(`${base}/pprof/heap?seconds=0`);
  expect(Object.keys((await heap.json()) as object)).toContain("head");
});

test("a snapshot of the heap is streamed", async () => {
  const response = await fetch(`${base}/pprof/heapsnapshot`);
  const reader = response.body?.getReader();
  const start = await reader?.read();
  expect(Buffer.from(start?.value ?? "").toString()).toMatch(/^\{"snapshot":/);
  await reader?.cancel();
});

test("one is taken at a time, and one that nobody waits for ends", async () => {
  const long = request(`${base}/pprof/profile?seconds=300`);
  long.on("error", () => undefined).end();
  const status = async (): Promise<number> => {
    const { status: code, body } = await fetch(`${base}/pprof/heap?seconds=0`);
    await body?.cancel();
    return code;
  };
  await expect.poll(status).toBe(409);
  long.destroy();
  await expect.poll(status).toBe(200);
});

test.each([
  ["profile?seconds=301", 400],
  ["profile?seconds=1e9", 400],
  ["profile?seconds=x", 400],
  ["profile?seconds=-1", 400],
  ["goroutine", 404],
  ["", 200],
  ["cmdline", 200],
])("pprof/%s is answered %i", async (path, status) => {
  expect((await fetch(`${base}/pprof/${path}`)).status).toBe(status);
});

test("profiles are not there unless they are asked for", async () => {
  const closed = await startWithFlags();
  const url = `http://127.0.0.1:${closed.clientPort}/debug`;
  expect((await fetch(`${url}/pprof/`)).status).toBe(404);
  expect((await fetch(`${url}/pprof/profile?seconds=0`)).status).toBe(404);
  expect((await fetch(`${url}/vars`)).status).toBe(200);
  await closed.stop();
});

test("passwords on a command line are not told", () => {
  const words = ["quorate", "--discovery-password=a=b", "--discovery-password", "secret", "--name", "m1"];
  expect(withoutSecrets(words).join(" ")).toBe(
    "quorate --discovery-password=*** --discovery-password *** --name m1",
  );
});
