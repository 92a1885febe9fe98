import { connect, createServer, type AddressInfo, type Server as NetServer } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { MemberFailure, ReadWaiter } from "../api/member-port.js";
import { createHttpEndpoints } from "./http-endpoints.js";

const servers: NetServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

interface State {
  alarms: number[];
  leaderId: bigint;
  isLearner: boolean;
  failure: MemberFailure | undefined;
}

/** The endpoints behind a listening socket that hands its connections over, as the client port does. */
async function serve(state: Partial<State> = {}, requestTimeoutMs = 200): Promise<number> {
  const { alarms = [], leaderId = 1n, isLearner = false, failure } = state;
  const http = createHttpEndpoints({
    member: {
      alarms: { list: () => alarms.map((type) => ({ memberId: 1n, type })) },
      leaderId,
      isLearner,
      store: { revision: 1 },
      serverVersion: "3.7.0",
      awaitReadIndex: (waiter: ReadWaiter) =>
        failure === undefined ? waiter.onReady() : waiter.onFailed(failure),
    },
    clusterVersion: () => undefined,
    storageVersion: () => "3.7.0",
    requestTimeoutMs,
    onError: (error) => {
      throw error;
    },
  });
  const server = createServer((socket) => void http.emit("connection", socket));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** Sends bytes and returns everything until the other side closes. */
function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (chunk) => (answer += chunk.toString()));
    socket.on("close", () => resolve(answer));
    socket.on("error", reject);
  });
}

function get(port: number, path: string, method = "GET"): Promise<string> {
  return exchange(port, `${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
}

test("a target with the host before it, as to a proxy, is the path behind it", async () => {
  const port = await serve();
  expect(await get(port, "http://foo:1/health?serializable=true")).toMatch(
    /^HTTP\/1.1 200 OK[^]*"health":"true"/,
  );
  expect(await get(port, "HTTP://foo/nothing")).toMatch(/^HTTP\/1.1 404/);
  expect(await get(port, "http://foo")).toMatch(/^HTTP\/1.1 404/);
});

describe("health", () => {
  test.each<[string, Partial<State>, number, string]>([
    ["/health", {}, 200, `{"health":"true","reason":""}`],
    ["/health", { alarms: [1] }, 503, `{"health":"false","reason":"ALARM NOSPACE"}\n`],
    ["/health?exclude=NOSPACE", { alarms: [1] }, 200, `{"health":"true","reason":""}`],
    ["/health?exclude=NOSPACE&exclude=CORRUPT", { alarms: [1, 2] }, 200, `{"health":"true","reason":""}`],
    ["/health", { alarms: [9] }, 503, `{"health":"false","reason":"ALARM UNKNOWN"}\n`],
    ["/health", { leaderId: 0n }, 503, `{"health":"false","reason":"RAFT NO LEADER"}\n`],
    ["/health?serializable=true", { leaderId: 0n }, 200, `{"health":"true","reason":""}`],
    ["/health?exclude=", { alarms: [2] }, 503, `{"health":"false","reason":"ALARM CORRUPT"}\n`],
    ["/health?serializable=true", { failure: "timeout" }, 200, `{"health":"true","reason":""}`],
    ["/health", { isLearner: true }, 200, `{"health":"true","reason":""}`],
    [
      "/health",
      { failure: "timeout" },
      503,
      `{"health":"false","reason":"RANGE ERROR:etcdserver: request timed out"}\n`,
    ],
  ])("%s with %o answers %d", async (path, state, status, body) => {
    const answer = await get(await serve(state), path);
    expect(answer.split(" ")[1]).toBe(String(status));
    expect(answer.slice(answer.indexOf("\r\n\r\n") + 4)).toBe(body);
  });

  test("only GET is answered", async () => {
    const answer = await get(await serve(), "/health", "DELETE");
    expect(answer).toContain("405 Method Not Allowed");
    expect(answer).toContain("Allow: GET");
  });
});

const READY = "[+]data_corruption ok\n[+]serializable_read ok\n[+]linearizable_read ok\n[+]non_learner ok\n";

describe("livez and readyz", () => {
  test.each<[string, string, Partial<State>, number, string]>([
    ["all is well", "/livez", {}, 200, "ok\n"],
    ["all is well", "/readyz", {}, 200, "ok\n"],
    ["in words", "/livez?verbose", {}, 200, "[+]serializable_read ok\nok\n"],
    ["in words, whatever the value", "/readyz?verbose=0", {}, 200, `${READY}ok\n`],
    ["one check", "/readyz/non_learner?verbose", {}, 200, "[+]non_learner ok\nok\n"],
    ["one check of the other probe", "/livez/non_learner", {}, 404, "404 page not found\n"],
    ["no check", "/readyz/nope", {}, 404, "404 page not found\n"],
    ["a name behind a slash", "/readyz/", {}, 404, "404 page not found\n"],
    ["out of space", "/readyz", { alarms: [1] }, 200, "ok\n"],
    ["out of space", "/livez", { alarms: [1] }, 200, "ok\n"],
    ["corrupt", "/livez", { alarms: [2] }, 200, "ok\n"],
    [
      "corrupt",
      "/readyz",
      { alarms: [2] },
      503,
      `${READY.replace("[+]data_corruption ok", "[-]data_corruption failed: alarm activated: CORRUPT")}\n`,
    ],
    [
      "corrupt, one check",
      "/readyz/data_corruption",
      { alarms: [2] },
      503,
      "[-]data_corruption failed: alarm activated: CORRUPT\n\n",
    ],
    ["no quorum", "/livez", { failure: "timeout", leaderId: 0n }, 200, "ok\n"],
    ["no quorum, excluded", "/readyz?exclude=linearizable_read", { failure: "timeout" }, 200, "ok\n"],
    [
      "no quorum, an unknown name excluded",
      "/readyz?exclude=nope",
      { failure: "timeout" },
      503,
      `${READY.replace("[+]linearizable_read ok", "[-]linearizable_read failed: etcdserver: request timed out")}\n`,
    ],
    [
      "no quorum, one check, which cannot be excluded",
      "/readyz/linearizable_read?exclude=linearizable_read",
      { failure: "timeout" },
      503,
      "[-]linearizable_read failed: etcdserver: request timed out\n\n",
    ],
    ["a learner", "/livez", { isLearner: true }, 200, "ok\n"],
    [
      "a learner",
      "/readyz",
      { isLearner: true },
      503,
      `${READY.replace("[+]non_learner ok", "[-]non_learner failed: not supported for learner")}\n`,
    ],
    ["all checks excluded", "/livez?exclude=serializable_read", {}, 200, "ok\n"],
  ])("%s: %s", async (_situation, path, state, status, body) => {
    const answer = await get(await serve(state), path);
    expect(answer.split(" ")[1]).toBe(String(status));
    expect(answer.slice(answer.indexOf("\r\n\r\n") + 4)).toBe(body);
    expect(answer.toLowerCase()).toContain("x-content-type-options: nosniff");
  });

  test.each(["/livez", "/readyz", "/readyz/non_learner"])("only GET is answered by %s", async (path) => {
    expect(await get(await serve(), path, "POST")).toContain("Allow: GET");
  });
});

test("the version names what is not decided yet", async () => {
  const answer = await get(await serve(), "/version");
  expect(answer).toContain(`{"etcdserver":"3.7.0","etcdcluster":"not_decided","storage":"3.7.0"}`);
  expect(answer.toLowerCase()).toContain("content-type: application/json");
});

test.each(["/", "//", "/nope", "http://[", "*"])("%s is not found", async (path) => {
  expect(await get(await serve(), path)).toContain("404 Not Found");
});

test.each(["", "GET /health HTT", "GET /health HTTP/1.1\r\nHost: x\r\nX-Slow:"])(
  "a request that stops at %j is cut off",
  async (beginning) => {
    expect(await exchange(await serve(), beginning)).not.toContain("200 OK");
  },
);

test("clients that keep their connections are told for how long they may", async () => {
  const keeping = "GET /version HTTP/1.1\r\nHost: x\r\n\r\n";
  const leaving = "GET /version HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const answer = await exchange(await serve({}, 7000), keeping + leaving);
  expect(answer).toContain("Connection: keep-alive\r\nKeep-Alive: timeout=7\r\n");
});
