import { describe, expect, test } from "vitest";
import { formatMember, parseMember, type ChangedMember } from "./member-json.js";
import { Membership, type MembershipRowSink } from "./membership.js";

const BIG_ID = 14544069596553697298n;

function member(id: bigint, url: string, extra: Partial<ChangedMember> = {}): ChangedMember {
  return { id, peerUrls: [url], isLearner: false, name: "", clientUrls: [], isPromote: false, ...extra };
}

function rowsInto(rows: Map<string, string>): MembershipRowSink {
  return (table, key, value) => {
    if (value === undefined) rows.delete(`${table}/${key}`);
    else rows.set(`${table}/${key}`, value);
  };
}

describe("member JSON", () => {
  test("an id beyond 2^53 survives exactly, in etcd's key order", () => {
    const text = formatMember(
      member(BIG_ID, "http://10.0.0.8:2379", { name: "m1", clientUrls: ["http://c:1"] }),
    );
    expect(text).toBe(
      `{"id":14544069596553697298,"peerURLs":["http://10.0.0.8:2379"],"name":"m1","clientURLs":["http://c:1"]}`,
    );
    expect(parseMember(text)?.id).toBe(BIG_ID);
  });

  test("a promotion carries null URLs and its flag", () => {
    const parsed = parseMember(`{"id":5,"peerURLs":null,"isPromote":true}`);
    expect(parsed).toEqual({
      id: 5n,
      peerUrls: [],
      isLearner: false,
      name: "",
      clientUrls: [],
      isPromote: true,
    });
  });

  test("a name that looks like an id key is left alone", () => {
    const original = member(7n, "http://a:1", { name: `x"id":99<&>` });
    const text = formatMember(original);
    expect(text).toContain(String.raw`\u003c\u0026\u003e`);
    expect(parseMember(text)).toEqual(original);
  });

  test.each(["", "[]", "null", "{", `{"peerURLs":[]}`, `{"id":"x"}`])("%j is not a member", (text) => {
    expect(parseMember(text)).toBeUndefined();
  });
});

describe("membership", () => {
  test("adding, updating, promoting and removing follow the rules of the replicated list", () => {
    const membership = new Membership(1);
    const rows = new Map<string, string>();
    const sink = rowsInto(rows);
    membership.apply({ kind: "add", member: member(1n, "http://a:1") }, sink);
    expect(membership.check({ kind: "add", member: member(1n, "http://z:1") })).toBe("member-exists");
    expect(membership.check({ kind: "add", member: member(2n, "http://a:1") })).toBe("peer-url-exists");
    membership.apply({ kind: "add", member: member(2n, "http://b:1", { isLearner: true }) }, sink);
    expect(membership.check({ kind: "add", member: member(3n, "http://c:1", { isLearner: true }) })).toBe(
      "too-many-learners",
    );
    expect(membership.check({ kind: "promote", id: 1n })).toBe("member-not-learner");
    expect(membership.check({ kind: "promote", id: 9n })).toBe("member-not-found");
    expect(membership.check({ kind: "update", id: 2n, peerUrls: ["http://a:1"] })).toBe("peer-url-exists");
    membership.apply({ kind: "update", id: 2n, peerUrls: ["http://d:1"] }, sink);
    expect(membership.get(2n)).toMatchObject({ isLearner: true, peerUrls: ["http://d:1"] });
    membership.apply({ kind: "promote", id: 2n }, sink);
    expect(membership.get(2n)?.isLearner).toBe(false);
    membership.apply({ kind: "remove", id: 2n }, sink);
    expect(membership.check({ kind: "add", member: member(2n, "http://e:1") })).toBe("member-not-found");
    expect([...rows.keys()].sort()).toEqual(["members/1", "members_removed/2"]);
  });

  test("attributes of a member, a removed member and a stranger", () => {
    const membership = new Membership(1);
    const rows = new Map<string, string>();
    membership.apply({ kind: "add", member: member(1n, "http://a:1") }, rowsInto(rows));
    membership.apply({ kind: "add", member: member(2n, "http://b:1") }, rowsInto(rows));
    membership.apply({ kind: "remove", id: 2n }, rowsInto(rows));
    const attributes = { name: "one", clientUrls: ["http://a:2"] };
    expect(membership.setAttributes(1n, attributes, rowsInto(rows))).toBe("applied");
    expect(membership.setAttributes(2n, attributes, rowsInto(rows))).toBe("ignored");
    expect(membership.setAttributes(3n, attributes, rowsInto(rows))).toBe("unknown");
    const restored = new Membership(1);
    for (const [path, value] of rows) {
      const [table, key] = path.split("/") as ["members" | "members_removed", string];
      expect(restored.restoreRow(table, key, value)).toBe(true);
    }
    expect(restored.list()).toEqual(membership.list());
    expect(restored.isRemoved(2n)).toBe(true);
  });
});
