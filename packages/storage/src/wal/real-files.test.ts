/** The log on a real disk, and logs that etcd itself wrote. */
import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EntryType } from "@quorate/raft";
import { afterAll, describe, expect, test } from "vitest";
import { appended, testEntries, testEntry, testMetadata, testState } from "../testing/wal-fixtures.js";
import { NodeFiles } from "../vfs/node-files.js";
import { createWal, openWal } from "./create-wal.js";
import { defaultWalLimits } from "./limits.js";
import { readLog } from "./log-contents.js";

const root = mkdtempSync(join(tmpdir(), "quorate-wal-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newFolder = (): string => join(root, `wal${folders++}`);
const files = new NodeFiles();
const limits = {
  ...defaultWalLimits,
  segmentCutBytes: 256 * 1024,
  segmentBytes: 300 * 1024,
  prepareAtBytes: 64 * 1024,
};

describe("log on a real disk", () => {
  test("survives many segments, reopenings and torn tails", async () => {
    const dir = newFolder();
    let wal = await createWal(files, dir, testMetadata, limits);
    let next = 1;
    for (let round = 0; round < 4; round++) {
      const answers: Promise<void>[] = [];
      for (let i = 0; i < 300; i++, next++) {
        answers.push(
          appended(wal, { entries: [testEntry(next, round + 1, 1000)], hardState: testState(round + 1, 1) }),
        );
      }
      await Promise.all(answers);
      await wal.close();
      const newest = join(
        dir,
        readdirSync(dir)
          .filter((name) => name.endsWith(".wal"))
          .sort()
          .at(-1) as string,
      );
      const used = readFileSync(newest).findLastIndex((byte) => byte !== 0) + 1;
      // Half a record, as a machine leaves it that stopped during a write.
      const half = Buffer.concat([Buffer.from("e803000000000000", "hex"), Buffer.from("0802109a", "hex")]);
      truncateSync(newest, Math.ceil(used / 8) * 8);
      appendFileSync(newest, half);
      const log = await openWal(files, dir, undefined, limits);
      expect(log.tornBytes).toBe(half.length);
      expect(log.entries.length).toBe(next - 1);
      expect(log.hardState).toEqual(testState(round + 1, 1));
      expect(readFileSync(`${newest}.broken`)).toEqual(half);
      wal = log.wal;
    }
    await wal.close();
    expect(readdirSync(dir).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect(wal.segmentNames.length).toBeGreaterThan(3);
  });

  test("keeps its files to their owner, and gives back the space that closed segments did not use", async () => {
    const dir = newFolder();
    const wal = await createWal(files, dir, testMetadata, limits);
    for (let i = 0; i < 20; i++)
      await appended(wal, { entries: testEntries(i * 20 + 1, i * 20 + 21, 1, 2000) });
    await wal.close();
    expect(wal.segmentNames.length).toBeGreaterThan(2);
    for (const name of wal.segmentNames) expect(statSync(join(dir, name)).mode & 0o077).toBe(0);
    const first = statSync(join(dir, wal.segmentNames[0] as string)).size;
    expect(first).toBeGreaterThanOrEqual(limits.segmentCutBytes);
    expect(first).toBeLessThan(limits.segmentCutBytes + 4096);
  });

  test("a damaged byte is refused, naming the file and the place", async () => {
    const dir = newFolder();
    const wal = await createWal(files, dir, testMetadata, limits);
    await appended(wal, { entries: testEntries(1, 100, 1, 300) });
    await wal.close();
    const path = join(dir, wal.segmentNames[0] as string);
    const bytes = readFileSync(path);
    bytes[10_000] = (bytes[10_000] as number) ^ 1;
    writeFileSync(path, bytes);
    await expect(openWal(files, dir, undefined, limits)).rejects.toMatchObject({
      name: "CorruptionError",
      file: path,
    });
  });
});

const etcd = findEtcd();

function findEtcd(): string | undefined {
  const candidate = process.env["ETCD_BIN"] ?? "etcd";
  try {
    execFileSync(candidate, ["--version"], { stdio: "ignore" });
    return candidate;
  } catch {
    console.warn(
      "etcd's own log is not read: no binary in ETCD_BIN or PATH (Debian: apt-get install etcd-server)",
    );
    return undefined;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs etcd with a data directory, does `puts` writes through its JSON gateway, and kills it without warning. */
async function runEtcd(binary: string, dataDir: string, puts: number): Promise<void> {
  const [client, peer] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const flags = [
    ...["--data-dir", dataDir, "--listen-client-urls", url, "--advertise-client-urls", url],
    ...[
      "--listen-peer-urls",
      peerUrl,
      "--initial-advertise-peer-urls",
      peerUrl,
      "--initial-cluster",
      `default=${peerUrl}`,
    ],
  ];
  const child = spawn(binary, flags, { stdio: "ignore" });
  const exited = new Promise((resolve) => child.on("exit", resolve));
  try {
    for (let done = 0, failures = 0; done < puts;) {
      const body = JSON.stringify({
        key: Buffer.from(`key ${done}`).toString("base64"),
        value: Buffer.from(`value ${done}`).toString("base64"),
      });
      const reply = await fetch(`${url}/v3/kv/put`, { method: "POST", body }).catch(() => undefined);
      if (reply?.ok === true) done++;
      else if (++failures > 200) throw new Error("etcd does not answer");
      else await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    child.kill("SIGKILL");
    await exited;
  }
}

describe.runIf(etcd !== undefined)("etcd's own log", () => {
  test("is read whole, and read again by etcd after we wrote to it", async () => {
    const dataDir = join(root, "etcd");
    await runEtcd(etcd as string, dataDir, 25);
    const dir = join(dataDir, "member/wal");
    const log = await readLog(files, dir, undefined);
    expect(log.metadata.nodeId).not.toBe(0n);
    expect(log.metadata.clusterId).not.toBe(0n);
    expect(log.hardState.term).toBeGreaterThanOrEqual(2);
    expect(log.hardState.vote).toBe(log.metadata.nodeId);
    expect(log.entries[0]).toMatchObject({ type: EntryType.EntryConfChange, index: 1, term: 1 });
    const payloads = log.entries.map((entry) => Buffer.from(entry.data).toString("latin1"));
    for (let i = 0; i < 25; i++) {
      expect(
        payloads.filter(
          (payload) => payload.includes(`key ${i}\x12\x07value`) || payload.includes(`value ${i}`),
        ).length,
      ).toBeGreaterThan(0);
    }

    // A vote in a later term and an empty entry: what a leader would write. etcd must take it for its own.
    const opened = await openWal(files, dir, undefined, defaultWalLimits);
    const last = opened.entries.at(-1)?.index as number;
    const term = opened.hardState.term + 3;
    const entry = { type: EntryType.EntryNormal, term, index: last + 1, data: new Uint8Array(0) };
    await appended(opened.wal, {
      entries: [entry],
      hardState: { ...opened.hardState, term, commit: last + 1 },
    });
    await opened.wal.close();
    await runEtcd(etcd as string, dataDir, 5);
    const after = await readLog(files, dir, undefined);
    expect(after.hardState.term).toBeGreaterThan(term);
    expect(after.entries[last]).toMatchObject({ index: last + 1, term });
    expect(after.entries.length).toBeGreaterThan(last + 5);
  });
});
