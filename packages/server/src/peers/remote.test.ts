import { create, etcdserverpb, fromBinary, leasepb, toBinary } from "@quorate/proto";
import { afterEach, describe, expect, test } from "vitest";
import type { MemberRow } from "../api/member-port.js";
import type { PeerLocalPort } from "./local-port.js";
import {
  fetchDowngradeEnabled,
  fetchHashKv,
  fetchMembers,
  fetchVersion,
  postLease,
  postPromote,
  RemoteFailure,
} from "./remote.js";
import { exchange, PeerNode, until } from "./testing/peer-node.js";

const nodes: PeerNode[] = [];
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.stop()));
});

async function start(local: Partial<PeerLocalPort> = {}): Promise<PeerNode> {
  const node = await PeerNode.start({ id: 2n, local });
  nodes.push(node);
  return node;
}

const NOBODY = "http://127.0.0.1:1";
const options = { timeoutMs: 5000 };
const members: readonly MemberRow[] = [
  {
    id: 1n,
    name: "m1",
    peerUrls: ["http://10.0.0.1:2380"],
    clientUrls: ["http://10.0.0.1:2379"],
    isLearner: false,
  },
  {
    id: 0xffff_ffff_ffff_ffffn,
    name: `q"id":7`,
    peerUrls: ["http://10.0.0.2:2380"],
    clientUrls: [],
    isLearner: true,
  },
];

function get(node: PeerNode, path: string, method = "GET", headers = "", body = ""): Promise<string> {
  const length = body === "" ? "" : `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  return exchange(
    node.url,
    `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}${length}\r\n${body}`,
  );
}

describe("members", () => {
  test("are fetched with exact ids from the first that answers", async () => {
    const node = await start({ members: () => members });
    expect(await fetchMembers([NOBODY, node.url], options)).toEqual({ clusterId: 0xc1n, members });
    expect(await get(node, "/members")).toContain(
      `[{"id":1,"peerURLs":["http://10.0.0.1:2380"],"name":"m1","clientURLs":["http://10.0.0.1:2379"]},` +
        `{"id":18446744073709551615,"peerURLs":["http://10.0.0.2:2380"],"isLearner":true,"name":"q\\"id\\":7"}]\n`,
    );
  });

  test("that cannot be fetched say why", async () => {
    const answer = await fetchMembers([NOBODY], options);
    expect(answer).toBeInstanceOf(RemoteFailure);
    expect((answer as RemoteFailure).reason).toMatch(
      /^could not retrieve cluster information from the given URLs \(http:\/\/127.0.0.1:1: connect ECONNREFUSED/,
    );
    expect(await fetchMembers([], options)).toBeInstanceOf(RemoteFailure);
  });

  test("are asked for within the time limit", async () => {
    const node = await start({ downgradeEnabled: () => new Promise(() => undefined) });
    expect(await fetchDowngradeEnabled(node.url, { timeoutMs: 50 })).toEqual(
      new RemoteFailure("i/o timeout"),
    );
  });
});

describe("versions", () => {
  test("are told, decided or not", async () => {
    const node = await start();
    expect(await fetchVersion(node.url, options)).toEqual({ server: "3.7.0", cluster: "not_decided" });
    expect(await get(node, "/version")).toContain(
      `{"etcdserver":"3.7.0","etcdcluster":"not_decided","storage":"unknown"}`,
    );
    const decided = await start({ clusterVersion: () => "3.7.0", storageVersion: () => "3.7.0" });
    expect(await get(decided, "/version")).toContain(
      `{"etcdserver":"3.7.0","etcdcluster":"3.7.0","storage":"3.7.0"}`,
    );
    expect(await fetchVersion(NOBODY, options)).toBeInstanceOf(RemoteFailure);
  });

  test("of a downgrade are told after a linearizable read", async () => {
    const node = await start({ downgradeEnabled: () => Promise.resolve(true) });
    expect(await fetchDowngradeEnabled(node.url, options)).toBe(true);
    const failing = await start({ downgradeEnabled: () => Promise.reject(new Error("no leader")) });
    expect(await get(failing, "/downgrade/enabled")).toContain("failed linearized read: no leader\n");
    expect(await fetchDowngradeEnabled(failing.url, options)).toEqual(
      new RemoteFailure("unexpected answer 500: failed linearized read: no leader"),
    );
  });
});

describe("hashes", () => {
  const hash = { revision: 9, hash: 123, compactRevision: 0, hashRevision: 7 };
  const question = { clusterId: 0xc1n, revision: 7 };

  test("are asked for in the body of a GET", async () => {
    const asked: number[] = [];
    const node = await start({ hashKv: (revision) => (asked.push(revision), Promise.resolve(hash)) });
    expect(await fetchHashKv(node.url, question, options)).toEqual(hash);
    expect(asked).toEqual([7]);
    expect(await get(node, "/members/hashkv", "GET", "", "{}")).toContain(
      `{"header":{"revision":9},"hash":123,"hash_revision":7}`,
    );
  });

  test.each(["compacted", "future-revision"] as const)("may be %s", async (refusal) => {
    const node = await start({ hashKv: () => Promise.resolve(refusal) });
    expect(await fetchHashKv(node.url, question, options)).toBe(refusal);
  });

  test("of another cluster are not told", async () => {
    const node = await start({ hashKv: () => Promise.resolve(hash) });
    expect(await fetchHashKv(node.url, { ...question, clusterId: 1n }, options)).toEqual(
      new RemoteFailure("unexpected answer 412: cluster ID mismatch"),
    );
    for (const text of ["[", "[]", `{"revision":"7"}`])
      expect(await get(node, "/members/hashkv", "GET", "", text)).toContain("error unmarshalling request\n");
    expect(await get(node, "/members/hashkv", "GET", "", "null")).toContain(`"hash":123`);
    expect(await get(node, "/members/hashkv", "GET", "", `"${"x".repeat(5000)}"`)).toContain(
      "error reading body\n",
    );
  });
});

describe("promotion", () => {
  test("is asked of the leader with the client's token", async () => {
    const asked: unknown[] = [];
    const node = await start({
      promote: (id, token) => (asked.push([id, token]), Promise.resolve({ kind: "done", members, id })),
    });
    const answer = await postPromote([NOBODY, node.url], 0xffff_ffff_ffff_ffffn, { ...options, token: "t" });
    expect(answer).toEqual(members);
    expect(asked).toEqual([[0xffff_ffff_ffff_ffffn, "t"]]);
  });

  test.each(["member-not-found", "member-not-learner", "learner-not-ready"] as const)(
    "may be refused with %s",
    async (failure) => {
      const node = await start({ promote: () => Promise.resolve({ kind: "failed", failure }) });
      expect(await postPromote([node.url], 5n, options)).toBe(failure);
    },
  );

  test("fails without words for other reasons, and of ids that are none", async () => {
    const node = await start();
    expect(await get(node, "/members/promote/5", "POST")).toContain(`{"message":"Internal Server Error"}`);
    expect(await get(node, "/members/promote/5x", "POST")).toContain("member 5x not found in cluster\n");
    expect(await postPromote([node.url], 5n, options)).toBeInstanceOf(RemoteFailure);
    expect(await postPromote([], 5n, options)).toBeInstanceOf(RemoteFailure);
  });
});

describe("leases", () => {
  const renewal = toBinary(
    etcdserverpb.LeaseKeepAliveRequestSchema,
    create(etcdserverpb.LeaseKeepAliveRequestSchema, { ID: 77n }),
  );
  const lookup = toBinary(
    leasepb.LeaseInternalRequestSchema,
    create(leasepb.LeaseInternalRequestSchema, { LeaseTimeToLiveRequest: { ID: 77n, keys: true } }),
  );

  function leases(answers: Partial<PeerLocalPort["leases"]>): PeerLocalPort["leases"] {
    return {
      renew: () => Promise.resolve("lease-not-found"),
      timeToLive: () => Promise.resolve("lease-not-found"),
      ...answers,
    };
  }

  test("are renewed", async () => {
    const node = await start({ leases: leases({ renew: (id) => Promise.resolve(id + 1n) }) });
    const answer = await postLease([NOBODY, node.url], { path: "/leases", body: renewal }, options);
    expect(fromBinary(etcdserverpb.LeaseKeepAliveResponseSchema, answer as Uint8Array)).toMatchObject({
      ID: 77n,
      TTL: 78n,
    });
  });

  test("are looked up with their keys", async () => {
    const times = { ttl: 5n, grantedTtl: 9n, keys: [Uint8Array.of(1), Uint8Array.of(2)] };
    const node = await start({ leases: leases({ timeToLive: () => Promise.resolve(times) }) });
    const answer = await postLease([node.url], { path: "/leases/internal", body: lookup }, options);
    const { LeaseTimeToLiveResponse: told } = fromBinary(
      leasepb.LeaseInternalResponseSchema,
      answer as Uint8Array,
    );
    expect(told).toMatchObject({ ID: 77n, TTL: 5n, grantedTTL: 9n, keys: times.keys });
    expect(told?.header).toBeDefined();
  });

  test("that are not there end the search at once", async () => {
    const node = await start({ leases: leases({}) });
    for (const [path, body] of [
      ["/leases", renewal],
      ["/leases/internal", lookup],
    ] as const) {
      expect(await postLease([node.url], { path, body }, { timeoutMs: 60_000 })).toBe("lease-not-found");
    }
  });

  test("of a member that does not lead are asked for until time is up", async () => {
    let asked = 0;
    const node = await start({
      leases: leases({ renew: () => ((asked += 1), Promise.resolve("not-primary-lessor")) }),
    });
    expect(await postLease([node.url], { path: "/leases", body: renewal }, { timeoutMs: 200 })).toBe(
      "timeout",
    );
    expect(asked).toBeGreaterThan(1);
    expect(await postLease([], { path: "/leases", body: renewal }, options)).toBe("timeout");
  });

  test("wait for what is committed", async () => {
    const progress = { applied: 4 };
    const node = await start({
      leases: leases({ renew: () => Promise.resolve(BigInt(progress.applied)) }),
      committedIndex: 5,
      get appliedIndex() {
        return progress.applied;
      },
    });
    setTimeout(() => (progress.applied = 5), 30);
    const answer = await get(node, "/leases", "POST", "", "\x08\x01");
    expect(answer).toContain("200 OK");
    progress.applied = 3;
    expect(await get(node, "/leases", "POST", "", "\x08\x01")).toContain("408 Request Timeout");
  });

  test("bodies that are too large or no requests are refused", async () => {
    const node = await start();
    expect(await get(node, "/leases", "POST", "", "x".repeat(65_537))).toContain("413 Payload Too Large");
    expect(await get(node, "/leases", "POST", "", "\x08")).toContain("error unmarshalling request\n");
    expect(await get(node, "/leases/internal", "POST")).toContain("error unmarshalling request\n");
    expect(await get(node, "/leases")).toContain("405 Method Not Allowed");
  });
});

describe("the peer port", () => {
  const own =
    "X-Server-From: 1\r\nX-Server-Version: 3.7.0\r\nX-Min-Cluster-Version: 3.0.0\r\nX-Etcd-Cluster-ID: c1\r\n";

  test.each<[method: string, path: string, headers: string, status: string, body: string]>([
    ["GET", "/nothing", "", "404", "404 page not found\n"],
    ["GET", "/health", "", "404", "404 page not found\n"],
    ["GET", "/raft", own, "405", "Method Not Allowed\n"],
    ["POST", "/raft", "", "412", "incompatible version\n"],
    ["POST", "/raft", own.replace("3.7.0", "2.9.9"), "412", "incompatible version\n"],
    ["POST", "/raft", own.replace("3.0.0", "3.8.0"), "412", "incompatible version\n"],
    ["POST", "/raft", own.replace("c1", "0c1"), "412", "cluster ID mismatch\n"],
    ["POST", "/raft", own, "500", "error processing raft message\n"],
    ["POST", "/raft/stream/message/1", own, "405", "Method Not Allowed\n"],
    ["GET", "/raft/stream/message/1", own.replace("c1", "c2"), "412", "cluster ID mismatch\n"],
    ["GET", "/raft/stream/other/1", own, "404", "invalid path\n"],
    ["GET", "/raft/stream/message/xyz", own, "404", "invalid from\n"],
    ["GET", "/raft/stream/message/9", own, "410", "removed member\n"],
    ["GET", "/raft/stream/message/1", own, "404", "error sender not found\n"],
    ["GET", "/raft/stream/message/3", own, "412", "to field mismatch\n"],
    ["GET", "/raft/stream/message/3", `${own}X-Raft-To: 02\r\n`, "412", "to field mismatch\n"],
    ["GET", "/raft/snapshot", own, "405", "Method Not Allowed\n"],
  ])("answers %s %s as etcd does (case %#)", async (method, path, headers, status, body) => {
    const node = await start();
    node.removedIds.add(9n);
    node.transport.addPeer(3n, [NOBODY]);
    const answer = await get(node, path, method, headers);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer.endsWith(`\r\n\r\n${body}`)).toBe(true);
    expect(answer).toContain("Content-Type: text/plain; charset=utf-8");
  });

  test("drops a connection whose version is none, without an answer", async () => {
    const node = await start();
    const answer = await get(node, "/raft", "POST", own.replace("3.7.0", "new"));
    expect(answer).toBe("");
  });

  test("names version and cluster in every answer to a stream", async () => {
    const node = await start();
    const answer = await get(node, "/raft/stream/message/1", "GET");
    expect(answer).toContain("X-Server-Version: 3.7.0");
    expect(answer).toContain("X-Etcd-Cluster-ID: c1");
  });

  test("learns where a stranger is from its request", async () => {
    const node = await start();
    const other = await PeerNode.start({ id: 1n });
    nodes.push(other);
    await get(node, "/raft/stream/message/1", "GET", `${own}X-PeerURLs: ${other.url}\r\n`);
    expect(node.told("added new remote peer")).toBe(1);
    await get(
      node,
      "/raft/stream/message/5",
      "GET",
      `${own.replace("From: 1", "From: 5")}X-PeerURLs: ::\r\n`,
    );
    expect(node.told("added new remote peer")).toBe(1);
  });

  test("answers probes with its time", async () => {
    const node = await start();
    const answer = await get(node, "/raft/probing");
    const { OK: well, Now: now } = JSON.parse(answer.slice(answer.indexOf("\r\n\r\n"))) as {
      OK: boolean;
      Now: string;
    };
    expect(well).toBe(true);
    expect(Math.abs(Date.parse(now) - Date.now())).toBeLessThan(60_000);
    expect(answer.endsWith("}\n")).toBe(true);
  });

  test("is probed by its peers, who learn the round trip", async () => {
    const node = await start();
    const other = await PeerNode.start({ id: 1n, probeIntervalMs: 10 });
    nodes.push(other);
    other.transport.addPeer(2n, [node.url]);
    await until(() => other.transport.roundTripMs(2n) !== undefined);
    other.transport.addPeer(3n, [NOBODY]);
    await until(() => other.told("prober detected unhealthy status") === 1);
  });
});
