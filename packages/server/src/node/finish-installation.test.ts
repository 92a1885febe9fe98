/** Starts after a crash between the log's record of a database from the leader and its activation. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEntry, EntryType } from "@quorate/raft";
import {
  createWal,
  NodeFiles,
  openDataDir,
  RocksEngine,
  writeDatabaseFile,
  type WalBatch,
} from "@quorate/storage";
import { afterEach, beforeEach, expect, test } from "vitest";
import { put, TestCluster } from "../member/testing/cluster-fixture.js";
import { restoreLogStorage } from "./bootstrap.js";
import { resolveConfig } from "./config/config.js";
import { parseFlags } from "./config/parse-flags.js";
import { closeDisk, openDisk } from "./open-disk.js";
import { createNodeWorld } from "./world.js";
import { SILENT } from "./testing/silent-logger.js";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "quorate-finish-"));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

interface Leftover {
  /** The received file is there. */
  readonly file: boolean;
  /** The log has entries of an older term up to and beyond the snapshot. */
  readonly stale: boolean;
  /** Commit index that went into the log behind the record; default: the snapshot's. */
  readonly commit?: number;
}

/** What the crash has left. @returns the index of the snapshot. */
async function leave({ file, stale, commit }: Leftover): Promise<number> {
  const cluster = await TestCluster.create([1n, 2n, 3n]);
  await cluster.advance(2500);
  for (let i = 0; i < 10; i++) put(cluster.leader, `k${i}`, "v");
  await cluster.settle();
  const { store, cluster: record } = cluster.leader;
  const { consistentIndex: index, consistentTerm: term } = store;
  const { confState } = record;
  if (confState === undefined) throw new Error("no configuration");
  const dataDir = await openDataDir(directory);
  await (await RocksEngine.open(dataDir.enginePath)).close();
  const wal = await createWal(new NodeFiles(), dataDir.walPath, { nodeId: 2n, clusterId: 7n });
  const append = (batch: WalBatch): Promise<void> =>
    new Promise((resolve, reject) => {
      wal.append(batch, (error) => (error === undefined ? resolve() : reject(error)));
    });
  if (stale) {
    const entries = Array.from({ length: index + 5 }, (_, i) =>
      createEntry(EntryType.EntryNormal, 1, i + 1, Uint8Array.of(1)),
    );
    await append({ entries, hardState: { term: 1, vote: 0n, commit: 1 } });
  }
  await append({ entries: [], snapshot: { index, term, confState } });
  await append({ entries: [], hardState: { term, vote: 0n, commit: commit ?? index } });
  if (file) await writeDatabaseFile({ path: dataDir.receivedPath(index), rows: store.allRows() });
  await wal.close();
  await dataDir.close();
  return index;
}

async function start(): Promise<{ applied: number; first: number; members: number }> {
  const parsed = parseFlags([`--data-dir=${directory}`], {});
  if (parsed.kind !== "run") throw new Error("flags");
  const options = {
    config: resolveConfig(parsed.given),
    logger: SILENT,
    versions: { etcd: "3.7.0", quorate: "0.0.0" },
    onFatal: () => undefined,
    onRemoved: () => undefined,
  };
  const disk = await openDisk(options, createNodeWorld(undefined), () =>
    Promise.reject(new Error("nobody is born here")),
  );
  try {
    const { store, cluster } = disk.machine;
    const storage = restoreLogStorage(disk.history, store, cluster);
    return {
      applied: store.consistentIndex,
      first: storage.firstIndex(),
      members: cluster.membership.list().length,
    };
  } finally {
    await disk.wal.close();
    await disk.machine.engine.close();
    await closeDisk(disk);
  }
}

test.each([false, true])(
  "the received database is put in place (entries of an older term: %s)",
  async (stale) => {
    const index = await leave({ file: true, stale });
    const expected = { applied: index, first: index + 1, members: 3 };
    expect(await start()).toEqual(expected);
    // Once and for all.
    expect(await start()).toEqual(expected);
  },
);

test("a record that no commit index covers did not happen", async () => {
  await leave({ file: true, stale: true, commit: 1 });
  expect((await start()).applied).toBe(0);
});

test("without the file the start ends, and says what is missing", async () => {
  await leave({ file: false, stale: true });
  await expect(start()).rejects.toThrow("the store ends at index 0, but the log begins at");
});
