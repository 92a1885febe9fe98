import { mkdtemp, readdir, readlink, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { ConfigError } from "../node/config/config.js";
import { startMember } from "../embed.js";

const folders: string[] = [];

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "embed-"));
  folders.push(folder);
  return folder;
}

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

/** What is in `things` more often than in `others`. */
function without(things: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return things.filter((thing) => {
    const at = left.indexOf(thing);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

const health = async (url: string | undefined): Promise<unknown> => (await fetch(`${url}/health`)).json();

test("a member serves clients on a free port, and two of them share nothing", async () => {
  await using first = await startMember({ dataDir: await makeFolder() });
  await using second = await startMember({ dataDir: await makeFolder(), name: "other" });
  for (const { clientUrls } of [first, second]) {
    expect(clientUrls[0]).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/);
    expect(await health(clientUrls[0])).toMatchObject({ health: "true" });
  }
  expect(first.clientUrls).not.toEqual(second.clientUrls);
  expect([first.name, second.name]).toEqual(["default", "other"]);
});

test("a stopped member leaves no port, no file open and no timer, and starts again on its folder", async () => {
  const dataDir = await makeFolder();
  const before = openThings();
  const member = await startMember({ dataDir });
  const { clientUrls } = member;
  expect(openThings().length).toBeGreaterThan(before.length);
  await Promise.all([member.stop(), member.stop()]);
  await expect(health(clientUrls[0])).rejects.toThrow();
  // What was open before may have ended meanwhile: a timer of whoever runs this.
  expect(without(openThings(), before)).toEqual([]);
  expect(await openFilesIn(dataDir)).toEqual([]);
  await using again = await startMember({ dataDir });
  expect(await health(again.clientUrls[0])).toMatchObject({ health: "true" });
  expect(await readdir(dataDir)).not.toHaveLength(0);
});

test("a folder in use is refused, and the member that has it goes on", async () => {
  const dataDir = await makeFolder();
  await using member = await startMember({ dataDir });
  await expect(startMember({ dataDir })).rejects.toThrow();
  expect(await health(member.clientUrls[0])).toMatchObject({ health: "true" });
});

test("a port that is named and taken is an error, and nothing stays open", async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  try {
    const address = holder.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const listenClientUrls = [`http://127.0.0.1:${port}`];
    const dataDir = await makeFolder();
    await expect(startMember({ dataDir, listenClientUrls })).rejects.toThrow("can't listen on");
    await using member = await startMember({ dataDir });
    expect(member.dataDir).toBe(dataDir);
  } finally {
    await new Promise((resolve) => holder.close(resolve));
  }
});

test("options mean what the flags of that name mean", async () => {
  await using member = await startMember({
    dataDir: await makeFolder(),
    name: "m1",
    quotaBytes: 12_345_678,
    txnOpsMax: 7,
    requestBytesMax: 1000,
    heartbeatMs: 20,
    electionMs: 200,
    autoCompaction: { revisions: 5 },
    flags: { "max-learners": "3", name: "not this" },
  });
  expect(member.config).toMatchObject({
    name: "m1",
    quotaBytes: 12_345_678,
    txnOpsMax: 7,
    requestBytesMax: 1000,
    tickMs: 20,
    electionTicks: 10,
    autoCompaction: { kind: "revision", retention: 5 },
    learnersMax: 3,
  });
});

test.each([
  ["a flag that does not exist", { flags: { nonsense: "1" } }, 'there is no flag "nonsense"'],
  ["a value that is none", { flags: { "max-learners": "many" } }, "invalid value"],
  ["an election shorter than five heartbeats", { heartbeatMs: 100, electionMs: 200 }, "5 times"],
])("%s is a ConfigError", async (_what, options, text) => {
  const started = startMember({ dataDir: await makeFolder(), ...options });
  await expect(started).rejects.toThrow(ConfigError);
  await expect(started).rejects.toThrow(text);
});

test("history is kept as long as was asked", async () => {
  await using member = await startMember({
    dataDir: await makeFolder(),
    autoCompaction: { periodMs: 90_000 },
  });
  expect(member.config.autoCompaction).toEqual({ kind: "periodic", periodMs: 90_000 });
});

/** What would keep a process alive; sockets are left out because those of this test's own requests linger. */
const openThings = (): string[] =>
  process
    .getActiveResourcesInfo()
    .filter((kind) => /Timeout|TCPServer|Pipe/.test(kind))
    .sort();

/** Where the system tells: the files of `folder` that this process has open. */
async function openFilesIn(folder: string): Promise<string[]> {
  const fds = await readdir("/proc/self/fd").catch(() => []);
  const targets = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return targets.filter((target) => target.startsWith(folder));
}
