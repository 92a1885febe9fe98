/** Who a member without a log is: founders and newcomers, against other members that answer over HTTP. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { parseFlags } from "./config/parse-flags.js";
import { resolveConfig, type MemberConfig } from "./config/config.js";
import { findBirth } from "./join.js";
import { computeMemberId } from "./member-ids.js";
import { SILENT } from "./testing/silent-logger.js";

const servers: Server[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

interface Other {
  readonly members: string;
  readonly cluster?: string;
  readonly downgrade?: string;
}

/** A member that runs. @returns its URL. */
async function runOther(answer: (url: string) => Other): Promise<string> {
  const server = createServer((request, response) => {
    const other = answer(url);
    response.setHeader("X-Etcd-Cluster-ID", "c1");
    if (request.url === "/members") response.end(other.members);
    else if (request.url === "/version")
      response.end(`{"etcdserver":"3.7.0","etcdcluster":"${other.cluster ?? "3.7.0"}"}`);
    else if (request.url === "/downgrade/enabled") response.end(other.downgrade ?? "false");
    else response.writeHead(404).end();
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return url;
}

const OWN_URL = "http://127.0.0.1:1";
const NOBODY = "http://127.0.0.1:9";

function configure(initialCluster: string, state: "new" | "existing"): MemberConfig {
  const parsed = parseFlags(
    [
      "--name=own",
      `--initial-advertise-peer-urls=${OWN_URL}`,
      `--initial-cluster=own=${OWN_URL},${initialCluster}`,
      `--initial-cluster-state=${state}`,
    ],
    {},
  );
  if (parsed.kind !== "run") throw new Error("flags");
  return resolveConfig(parsed.given);
}

const birth = (initialCluster: string, state: "new" | "existing"): ReturnType<typeof findBirth> =>
  findBirth({ config: configure(initialCluster, state), serverVersion: "3.7.0", logger: SILENT });

const row = (id: number, url: string, name = ""): string =>
  `{"id":${id},"peerURLs":["${url}"]${name === "" ? "" : `,"name":"${name}","clientURLs":["http://c:1"]`}}`;

test("a founder takes ids and first members from the flags, when nobody answers", async () => {
  const born = await birth(`other=${NOBODY}`, "new");
  expect(born.memberId).toBe(computeMemberId([OWN_URL], "etcd-cluster"));
  expect(born.peers).toHaveLength(2);
});

test("a founder whom the others remember has been there before", async () => {
  const id = computeMemberId([OWN_URL], "etcd-cluster");
  const url = await runOther((other) => ({
    members: `[{"id":${id},"peerURLs":["${OWN_URL}"],"name":"own","clientURLs":["http://c:1"]},${row(2, other, "other")}]`,
  }));
  await expect(birth(`other=${url}`, "new")).rejects.toThrow(
    `member ${id.toString(16)} has already been bootstrapped`,
  );
});

test("a newcomer takes its id and the cluster's from the others, and knows whom to answer", async () => {
  const url = await runOther((other) => ({ members: `[${row(2, other, "other")},${row(77, OWN_URL)}]` }));
  const born = await birth(`other=${url}`, "existing");
  expect(born).toMatchObject({ memberId: 77n, clusterId: 0xc1n, peers: [] });
  expect(born.remotes.map(({ id }) => id)).toEqual([2n]);
});

test("host names and addresses of one place are the same", async () => {
  const url = await runOther((other) => ({
    members: `[${row(2, other.replace("127.0.0.1", "localhost"), "other")},${row(77, OWN_URL)}]`,
  }));
  expect((await birth(`other=${url}`, "existing")).memberId).toBe(77n);
});

test.each<[string, (url: string) => Other, string]>([
  ["that was not added", (url) => ({ members: `[${row(2, url, "other")}]` }), "member count is unequal"],
  [
    "with other URLs than those it was added with",
    (url) => ({ members: `[${row(2, url, "other")},${row(77, "http://127.0.0.1:2")}]` }),
    "PeerURLs: no match found for existing member (4d, [http://127.0.0.1:2])",
  ],
  [
    "older than its cluster",
    (url) => ({ members: `[${row(2, url, "other")},${row(77, OWN_URL)}]`, cluster: "3.8.0" }),
    "incompatible with current running cluster",
  ],
  [
    "that comes during a downgrade to an older line",
    (url) => ({ members: `[${row(2, url, "other")},${row(77, OWN_URL)}]`, downgrade: "true" }),
    "incompatible with current running cluster",
  ],
  [
    "whose cluster has not decided its version",
    (url) => ({ members: `[${row(2, url, "other")},${row(77, OWN_URL)}]`, cluster: "not_decided" }),
    "incompatible with current running cluster",
  ],
])("a newcomer %s is told so", async (_what, answer, text) => {
  const url = await runOther(answer);
  await expect(birth(`other=${url}`, "existing")).rejects.toThrow(text);
});

test("a newcomer that reaches nobody is told what was tried", async () => {
  await expect(birth(`other=${NOBODY}`, "existing")).rejects.toThrow(
    "cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs",
  );
});
