/** Our files in the hands of etcd's programs, and theirs in ours. */
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Prng } from "@quorate/std";
import { afterAll, describe, expect, test } from "vitest";
import { openDataDir, type DataDir } from "../data-dir.js";
import { RocksEngine } from "../rocks/rocks-engine.js";
import { EtcdServer, findEtcdPrograms, freePort, run, type EtcdPrograms } from "../testing/etcd-programs.js";
import { createHistory, finishCompactions, openStore } from "../testing/store-files.js";
import { NodeFiles } from "../vfs/node-files.js";
import { readLog } from "../wal/log-contents.js";
import { checkDatabaseFile, openDatabaseFile } from "./database-file.js";
import { hashDatabaseFile } from "./database-hash.js";
import { importDatabase } from "./import-database.js";
import { takeOverDatabase, type TakenOver } from "./take-over.js";
import { writeDatabaseFile } from "./write-database.js";

const programs = findEtcdPrograms();
const root = mkdtempSync(join(tmpdir(), "quorate-etcd-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const newPath = (): string => join(root, `d${folders++}`);
const encode = (text: string): string => Buffer.from(text).toString("base64");

/** `restore` puts a one-member cluster into a fresh directory. */
async function restore({ utility }: EtcdPrograms, file: string, flags: readonly string[] = []) {
  const place = { dataDir: newPath(), name: "restored", peerUrl: `http://127.0.0.1:${await freePort()}` };
  run(utility, [
    ...["snapshot", "restore", file, "--data-dir", place.dataDir, "--name", place.name],
    ...[
      "--initial-cluster",
      `restored=${place.peerUrl}`,
      "--initial-advertise-peer-urls",
      place.peerUrl,
      ...flags,
    ],
  ]);
  return place;
}

/** A bit of everything, through the JSON gateway. */
async function fill(server: EtcdServer): Promise<void> {
  const { ID } = await server.call("lease/grant", { TTL: 600 });
  for (let i = 0; i < 30; i++) {
    await server.call("kv/put", {
      key: encode(`key ${i % 12}`),
      value: encode(`value ${i}`),
      lease: i % 5 ? "0" : ID,
    });
  }
  await server.call("kv/deleterange", { key: encode("key 3") });
  const put = (key: string): object => ({
    requestPut: { key: encode(key), value: encode("of a transaction") },
  });
  await server.call("kv/txn", { success: [put("a"), put("b")] });
  await server.call("kv/compaction", { revision: "20" });
  await server.call("cluster/member/add", { peerURLs: ["http://127.0.0.1:9"], isLearner: true });
  await server.call("kv/put", { key: encode("last"), value: encode("one") });
}

async function takeOver(
  path: string,
): Promise<{ dir: DataDir; taken: TakenOver; hash: number; members: string[] }> {
  const dir = await openDataDir(path);
  const log = await readLog(new NodeFiles(), dir.walPath, undefined);
  const taken = await takeOverDatabase({ dataDir: dir, log, openEngine: (at) => RocksEngine.open(at) });
  const engine = await RocksEngine.open(dir.enginePath);
  const store = await openStore(engine);
  expect(store.consistentIndex).toBe(taken.index);
  const hashed = await store.hashKv(0);
  const members: string[] = [];
  for await (const { keys } of store.rows("members"))
    members.push(...keys.map((key) => Buffer.from(key).toString()));
  await engine.close();
  await dir.close();
  const own = log.metadata.nodeId;
  expect(taken.confState.voters).toEqual([own]);
  expect(members).toContain(own.toString(16));
  return { dir, taken, hash: hashed.kind === "hash" ? hashed.hash : NaN, members };
}

describe.runIf(programs !== undefined)("database files and etcd's programs", () => {
  const found = programs as EtcdPrograms;

  test("what we write passes their check, has the checksum we compute, and is restored to an equal store", async () => {
    const clusterVersion = `${found.version}.0`;
    const store = await createHistory(new Prng(5), { transactions: 20_000, clusterVersion });
    const path = newPath();
    for (const finish of [false, true]) {
      // Rows of an unfinished compaction are in the file, and in the hash they are not.
      if (finish) await finishCompactions(store);
      await writeDatabaseFile({ path, rows: store.allRows() });
      const status = JSON.parse(run(found.utility, ["snapshot", "status", path, "-w", "json"])) as Record<
        string,
        number
      >;
      const file = await openDatabaseFile(path);
      const own = await hashDatabaseFile(file);
      await file.close();
      expect(status).toMatchObject({ hash: own.hash, revision: store.revision });
      const place = await restore(found, path, ["--skip-hash-check"]);
      const server = await EtcdServer.start(found.etcd, place);
      try {
        const hashed = await store.hashKv(0);
        expect(server.hashKv(found.etcdctl)).toBe(hashed.kind === "hash" ? hashed.hash : NaN);
      } finally {
        await server.stop("SIGTERM");
      }
    }
  }, 60_000);

  test("what they save is sound, and imported becomes an equal store", async () => {
    const place = { dataDir: newPath(), name: "m", peerUrl: `http://127.0.0.1:${await freePort()}` };
    const server = await EtcdServer.start(found.etcd, place);
    const path = newPath();
    let hash: number;
    try {
      await fill(server);
      hash = server.hashKv(found.etcdctl);
      run(found.etcdctl, ["--endpoints", server.url, "snapshot", "save", path]);
    } finally {
      await server.stop("SIGTERM");
    }
    expect(await checkDatabaseFile(path)).toBeUndefined();
    const enginePath = newPath();
    const imported = await importDatabase({
      file: path,
      enginePath,
      openEngine: (at) => RocksEngine.open(at),
    });
    const engine = await RocksEngine.open(enginePath);
    const store = await openStore(engine);
    expect(store.consistentIndex).toBe(imported.index);
    expect(await store.hashKv(0)).toMatchObject({ kind: "hash", hash });
    await engine.close();

    const restored = await restore(found, path);
    const taken = await takeOver(restored.dataDir);
    expect(taken.hash).toBe(hash);
    expect(taken.members.length).toBe(1);
  }, 60_000);

  test("a directory is taken over as its server left it, however it ended", async () => {
    const peerUrl = `http://127.0.0.1:${await freePort()}`;
    const place = { dataDir: newPath(), name: "m", peerUrl };
    for (const signal of ["SIGKILL", "SIGTERM"] as const) {
      const server = await EtcdServer.start(found.etcd, place, ["--snapshot-count", "10"]);
      let hash: number;
      try {
        if (signal === "SIGKILL") await fill(server);
        hash = server.hashKv(found.etcdctl);
      } finally {
        await server.stop(signal);
      }
      const copy = newPath();
      cpSync(place.dataDir, copy, { recursive: true });
      const { taken, members, dir } = await takeOver(copy);
      expect(readdirSync(dir.snapPath)).toContain("db.imported");
      // After a kill the newest entries may be in the log alone.
      if (signal === "SIGKILL") continue;
      expect(members.length).toBe(2);
      expect(taken.confState.learners.length).toBe(1);
      expect((await openAgain(copy)).hash).toBe(hash);
    }
  }, 60_000);
});

/** A directory that was taken over is an ordinary one of ours. */
async function openAgain(path: string): Promise<{ hash: number }> {
  const dir = await openDataDir(path);
  expect(dir.foreignDatabase).toBeUndefined();
  const engine = await RocksEngine.open(dir.enginePath);
  const hashed = await (await openStore(engine)).hashKv(0);
  await engine.close();
  await dir.close();
  return { hash: hashed.kind === "hash" ? hashed.hash : NaN };
}
