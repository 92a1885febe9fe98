import { describe, expect, test } from "vitest";
import type { RowSink } from "../apply/cluster-port.js";
import { CorruptionError } from "../mvcc/corruption-error.js";
import type { TableName } from "../mvcc/store-api.js";
import { ClusterRecord } from "./cluster-record.js";
import { formatConfState, parseConfState } from "./conf-state-json.js";

const ID = 14544069596553697298n;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("the record of the cluster", () => {
  test("what it wrote is what a restart reads back", () => {
    const rows = new Map<string, [TableName, Uint8Array, Uint8Array]>();
    const sink: RowSink = (table, key, value) => {
      const path = `${table}/${Buffer.from(key).toString()}`;
      if (value === undefined) rows.delete(path);
      else rows.set(path, [table, key, value]);
    };
    const record = new ClusterRecord(1);
    const member = {
      id: ID,
      peerUrls: ["http://a:1"],
      isLearner: false,
      name: "m1",
      clientUrls: [],
      isPromote: false,
    };
    expect(record.change({ kind: "add", member }, sink)).toBeUndefined();
    expect(record.change({ kind: "add", member }, sink)).toBe("member-exists");
    record.setMemberAttributes(ID, { name: "m1", clientUrls: ["http://a:2"] }, sink);
    record.setClusterVersion("3.7.0", sink);
    record.setDowngrade(true, "3.6.0", sink);
    record.setConfState(
      { voters: [ID], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
      sink,
    );

    const restored = new ClusterRecord(1);
    for (const [table, key, value] of rows.values()) restored.restoreRow(table, key, value);
    expect(restored.membership.list()).toEqual(record.membership.list());
    expect(restored.version).toBe("3.7.0");
    expect(restored.downgrade).toEqual({ enabled: true, targetVersion: "3.6.0" });
    expect(restored.confState).toEqual(record.confState);
  });

  test("attributes for a stranger stop the member", () => {
    const record = new ClusterRecord(1);
    expect(() => record.setMemberAttributes(5n, { name: "x", clientUrls: [] }, () => undefined)).toThrow(
      "no member",
    );
  });

  test.each<[TableName, string, string]>([
    ["members", "5", "{"],
    ["members", "zz", `{"id":5,"peerURLs":null}`],
    ["members", "6", `{"id":5,"peerURLs":null}`],
    ["cluster", "downgrade", "maybe"],
    ["meta", "confState", "["],
  ])("an unreadable row of %s is corruption", (table, key, value) => {
    expect(() => new ClusterRecord(1).restoreRow(table, utf8(key), utf8(value))).toThrow(CorruptionError);
  });
});

test("a configuration keeps ids beyond 2^53 exact, and leaves empty lists out", () => {
  const state = { voters: [1n, ID], learners: [3n], votersOutgoing: [], learnersNext: [], autoLeave: true };
  const text = formatConfState(state);
  expect(text).toBe(`{"voters":[1,14544069596553697298],"learners":[3],"auto_leave":true}`);
  expect(parseConfState(text)).toEqual(state);
  expect(parseConfState("7")).toBeUndefined();
});
