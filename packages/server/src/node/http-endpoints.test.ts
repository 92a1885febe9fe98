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
  failure: MemberFailure | undefined;
}

/** The endpoints behind a listening socket that hands its connections over, as the client port does. */
async function serve(state: Partial<State> = {}): Promise<number> {
  const { alarms = [], leaderId = 1n, failure } = state;
  const http = createHttpEndpoints({
    member: {
      alarms: { list: () => alarms.map((type) => ({ memberId: 1n, type })) },
      leaderId,
      serverVersion: "3.7.0",
      awaitReadIndex: (waiter: ReadWaiter) =>
        failure === undefined ? waiter.onReady() : waiter.onFailed(failure),
    },
    clusterVersion: () => undefined,
    storageVersion: () => "3.7.0",
    requestTimeoutMs: 200,
    onError: (error) => {
      throw error;
    },
    failureText: (why) => (typeof why === "string" ? why : why.unknown),
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

describe("health", () => {
  test.each<[string, Partial<State>, number, string]>([
    ["/health", {}, 200, `{"health":"true","reason":""}`],
    ["/health", { alarms: [1] }, 503, `{"health":"false","reason":"ALARM NOSPACE"}\n`],
    ["/health?exclude=NOSPACE", { alarms: [1] }, 200, `{"health":"true","reason":""}`],
    ["/health?exclude=NOSPACE&exclude=CORRUPT", { alarms: [1, 2] }, 200, `{"health":"true","reason":""}`],
    ["/health", { alarms: [9] }, 503, `{"health":"false","reason":"ALARM UNKNOWN"}\n`],
    ["/health", { leaderId: 0n }, 503, `{"health":"false","reason":"RAFT NO LEADER"}\n`],
    ["/health?serializable=true", { leaderId: 0n }, 200, `{"health":"true","reason":""}`],
    ["/health", { failure: "timeout" }, 503, `{"health":"false","reason":"RANGE ERROR:timeout"}\n`],
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
