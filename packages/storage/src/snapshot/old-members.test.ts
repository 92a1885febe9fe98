/** What directories of etcd before 3.5 say of their members: `.snap` files, the first store in them, changes in the log. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatMember, type Member } from "@quorate/machine";
import { create, etcdserverpb, raftpb, snappb, toBinary } from "@quorate/proto";
import {
  ConfChangeType,
  createEntry,
  emptyConfState,
  encodeConfChange,
  EntryType,
  type ConfChange,
  type Entry,
} from "@quorate/raft";
import { crc32c } from "@quorate/std";
import { afterAll, describe, expect, test } from "vitest";
import { CorruptionError } from "../errors.js";
import { chunked, collect, type Row } from "../testing/database-fixtures.js";
import { completeRows } from "./complete-rows.js";
import { findMissingRows } from "./foreign-rows.js";
import { MemberReplay } from "./member-replay.js";
import { readSnapFile, snapFileName } from "./snap-file.js";
import { formatV2Snapshot, parseV2Snapshot } from "./v2-store.js";
import { writeDatabaseFile } from "./write-database.js";

const root = mkdtempSync(join(tmpdir(), "quorate-old-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const BIG_ID = 0xfedc_ba98_7654_3210n;

function member(id: bigint, parts: Partial<Member> = {}): Member {
  return { id, peerUrls: [`http://p${id}`], isLearner: false, name: "", clientUrls: [], ...parts };
}

function changed(index: number, type: ConfChange["type"], about: Member & { isPromote?: boolean }): Entry {
  const context = Buffer.from(formatMember(about));
  const { data } = encodeConfChange({ id: 1n, type, nodeId: about.id, context });
  return createEntry(EntryType.EntryConfChange, 2, index, data);
}

function requested(index: number, path: string, value: string): Entry {
  const request = create(etcdserverpb.RequestSchema, { ID: 5n, Method: "PUT", Path: path, Val: value });
  return createEntry(EntryType.EntryNormal, 2, index, toBinary(etcdserverpb.RequestSchema, request));
}

describe("member list of the first store", () => {
  const state = {
    members: [member(5n, { name: "five", clientUrls: ["http://c"] }), member(BIG_ID, { isLearner: true })],
    removedIds: [9n],
    version: "3.5.0",
  };

  test("is read back as it was written", () => {
    expect(parseV2Snapshot(formatV2Snapshot(state))).toEqual(state);
  });

  test("has the keys without which Go does not read it", () => {
    const root = JSON.parse(Buffer.from(formatV2Snapshot(state)).toString());
    const node = root.Root.Children["0"].Children.members.Children["5"].Children.attributes;
    expect(node).toEqual({
      Path: "/0/members/5/attributes",
      CreatedIndex: 0,
      ModifiedIndex: 0,
      ExpireTime: "0001-01-01T00:00:00Z",
      Value: '{"name":"five","clientURLs":["http://c"]}',
      Children: null,
    });
    expect(root.Root.Children["1"].Children).toEqual({});
    expect(root.CurrentVersion).toBe(2);
  });

  test("that is no list is told from an empty one", () => {
    expect(parseV2Snapshot(Buffer.from("{}"))).toBeUndefined();
    expect(parseV2Snapshot(Buffer.from("no json"))).toBeUndefined();
    const empty = { members: [], removedIds: [], version: undefined };
    expect(parseV2Snapshot(formatV2Snapshot(empty))).toEqual(empty);
  });
});

describe("replay of member changes", () => {
  test("adds, updates, promotes, names and removes, and refuses what those releases refuse", () => {
    const { ConfChangeAddNode, ConfChangeAddLearnerNode, ConfChangeRemoveNode, ConfChangeUpdateNode } =
      ConfChangeType;
    const replay = new MemberReplay(undefined);
    const learner = member(2n, { isLearner: true });
    const entries = [
      changed(1, ConfChangeAddNode, member(1n)),
      changed(2, ConfChangeAddLearnerNode, learner),
      // One learner at a time.
      changed(3, ConfChangeAddLearnerNode, member(3n, { isLearner: true })),
      requested(4, "/0/members/1/attributes", '{"name":"one","clientURLs":["http://c1"]}'),
      requested(5, "/0/version", "3.4.0"),
      changed(6, ConfChangeAddNode, { ...learner, isPromote: true }),
      changed(7, ConfChangeUpdateNode, member(2n, { peerUrls: ["http://new"] })),
      changed(8, ConfChangeAddNode, member(4n)),
      changed(9, ConfChangeRemoveNode, member(4n)),
      changed(10, ConfChangeAddNode, member(4n)),
    ];
    for (const entry of entries) replay.apply(entry);
    expect(replay.state).toEqual({
      members: [
        member(1n, { name: "one", clientUrls: ["http://c1"] }),
        member(2n, { peerUrls: ["http://new"] }),
      ],
      removedIds: [4n],
      version: "3.4.0",
    });
  });
});

/** Writes a `.snap` file with a member list. */
function writeSnap(term: number, index: number, members: readonly Member[]): string {
  const data = formatV2Snapshot({ members, removedIds: [], version: "3.4.0" });
  const confState = { voters: members.map(({ id }) => id) };
  const metadata = { index: BigInt(index), term: BigInt(term), confState };
  const body = toBinary(raftpb.SnapshotSchema, create(raftpb.SnapshotSchema, { data, metadata }));
  const file = create(snappb.snapshotSchema, { crc: crc32c(0, body), data: body });
  const path = join(root, snapFileName(term, index));
  writeFileSync(path, toBinary(snappb.snapshotSchema, file));
  return path;
}

describe("snap file", () => {
  test("is read, and refused when a byte differs", async () => {
    const path = writeSnap(2, 30, [member(BIG_ID)]);
    const snap = await readSnapFile(path);
    expect(snap).toMatchObject({ index: 30, term: 2, confState: { ...emptyConfState, voters: [BIG_ID] } });
    expect(parseV2Snapshot(snap.data)?.members).toEqual([member(BIG_ID)]);
    const bytes = readFileSync(path);
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    writeFileSync(path, bytes);
    await expect(readSnapFile(path)).rejects.toThrow(CorruptionError);
    await expect(readSnapFile(`${path}.none`)).rejects.toMatchObject({ code: "missing" });
  });
});

describe("rows that a foreign database lacks", () => {
  const stale = member(77n);
  const database: Row[] = [
    ["members", "4d", formatMember(stale)],
    ["meta", "consistent_index", "\0\0\0\0\0\0\0\x0b"],
  ];

  async function complete(rows: readonly Row[]): Promise<Row[]> {
    const path = join(root, "db");
    await writeDatabaseFile({ path, rows: chunked(rows, 1) });
    writeSnap(2, 10, [member(1n)]);
    const log = {
      snapshot: { index: 10, term: 2, confState: undefined },
      entries: [
        changed(11, ConfChangeType.ConfChangeAddNode, member(2n)),
        changed(12, ConfChangeType.ConfChangeAddNode, member(3n)),
      ],
    };
    return collect(completeRows(chunked(rows, 1), await findMissingRows(path, root, log)));
  }

  test("of a release before 3.5: members as of its last entry, not the rows it has; term and configuration", async () => {
    expect(await complete(database)).toEqual([
      ["cluster", "clusterVersion", "3.4.0"],
      ["members", "1", formatMember(member(1n))],
      ["members", "2", formatMember(member(2n))],
      ["meta", "confState", '{"voters":[1,2],"auto_leave":false}'],
      ["meta", "consistent_index", "\0\0\0\0\0\0\0\x0b"],
      ["meta", "term", "\0\0\0\0\0\0\0\x02"],
    ]);
  });

  test("of a later release: the members of its log where a restore left those of another cluster", async () => {
    const rows: Row[] = [
      database[0] as Row,
      ["meta", "confState", '{"voters":[5],"auto_leave":false}'],
      database[1] as Row,
      ["meta", "term", "\0\0\0\0\0\0\0\x02"],
    ];
    const completed = await complete(rows);
    expect(completed.filter(([table]) => table === "members")).toEqual([
      ["members", "1", formatMember(member(1n))],
      ["members", "2", formatMember(member(2n))],
    ]);
    expect(completed).toContainEqual(["meta", "confState", '{"voters":[1,2],"auto_leave":false}']);
  });
});
