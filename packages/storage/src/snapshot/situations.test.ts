/** A situation of databases that is easy to get wrong. The list is docs/reference/situations.md. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AlarmSet,
  ClusterRecord,
  Lessor,
  MemoryEngine,
  type Engine,
  type RowSink,
  type TableName,
} from "@quorate/machine";
import { afterAll, expect, test } from "vitest";
import { collect, type Row } from "../testing/database-fixtures.js";
import { openStore } from "../testing/store-files.js";
import { importDatabase } from "./import-database.js";
import { writeDatabaseFile } from "./write-database.js";

const folder = mkdtempSync(join(tmpdir(), "quorate-situations-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a database that is sent has the rows of alarms, leases, users and members, and a member that starts from it knows them", async () => {
  const store = await openStore(new MemoryEngine());
  const rows: RowSink = (table, key, value) => store.setRow(table, key, value);
  const alarms = new AlarmSet();
  const cluster = new ClusterRecord(1);
  const member = { id: 2n ** 63n, name: "m1", peerUrls: ["http://a"], clientUrls: [], isLearner: false };
  store.begin(5, 2);
  alarms.activate({ memberId: 7n, type: 1 }, (key, value) => rows("alarm", key, value));
  for (const added of [member, { ...member, id: 9n, peerUrls: ["http://b"] }])
    cluster.change({ kind: "add", member: { ...added, isPromote: false } }, rows);
  cluster.change({ kind: "remove", id: 9n }, rows);
  cluster.setClusterVersion("3.7.0", rows);
  cluster.setConfState(
    { voters: [member.id], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
    rows,
  );
  rows("lease", Buffer.from("000000000000004d", "hex"), Buffer.from("084d10904e", "hex"));
  rows("auth", Buffer.from("authRevision"), Buffer.from("0000000000000001", "hex"));
  rows("authUsers", Buffer.from("root"), Buffer.from("0a04726f6f74", "hex"));
  rows("authRoles", Buffer.from("root"), Buffer.from("0a04726f6f74", "hex"));
  store.end();

  const file = join(folder, "db");
  await writeDatabaseFile({ path: file, rows: store.allRows() });
  const engine = new MemoryEngine();
  const openEngine = (): Promise<Engine> => Promise.resolve(engine);
  engine.close = () => Promise.resolve();
  await importDatabase({ file, enginePath: "", openEngine });
  const copy = await openStore(engine);

  const sent = await collect(store.allRows());
  const present = new Set(sent.map(([table]) => table));
  const tables: TableName[] = ["alarm", "auth", "authRoles", "authUsers", "cluster", "lease"];
  for (const table of [...tables, "members", "members_removed"]) expect(present).toContain(table);
  const withoutStorageVersion = (all: readonly Row[]): Row[] =>
    all.filter(([, key]) => key !== "storageVersion");
  expect(withoutStorageVersion(await collect(copy.allRows()))).toEqual(withoutStorageVersion(sent));

  const restored = {
    alarms: new AlarmSet(),
    cluster: new ClusterRecord(1),
    lessor: new Lessor({ ttlSecondsMin: 1, nowMs: () => 0 }),
  };
  for (const [table, key, value] of await collect(copy.allRows())) {
    const [keyBytes, valueBytes] = [Buffer.from(key, "latin1"), Buffer.from(value, "latin1")];
    if (table === "alarm") restored.alarms.restoreRow(keyBytes);
    else if (table === "lease") restored.lessor.restoreRow(keyBytes, valueBytes);
    else restored.cluster.restoreRow(table, keyBytes, valueBytes);
  }
  expect(restored.alarms.list()).toEqual(alarms.list());
  expect(restored.lessor.list()).toEqual([0x4dn]);
  expect(restored.cluster.membership.list()).toEqual([member]);
  expect(restored.cluster.membership.isRemoved(9n)).toBe(true);
  expect([restored.cluster.version, restored.cluster.confState]).toEqual([
    cluster.version,
    cluster.confState,
  ]);
});
