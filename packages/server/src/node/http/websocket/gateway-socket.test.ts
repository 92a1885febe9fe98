import { request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { startWithFlags, type FlaggedServer } from "../../testing/start-with-flags.js";

let server: FlaggedServer;
beforeAll(async () => {
  server = await startWithFlags({ flags: ["--max-concurrent-streams=40", "--max-request-bytes=10000"] });
});
afterAll(() => server.stop());

interface Spoken {
  readonly socket: WebSocket;
  readonly lines: string[];
  /** The code it closed with. */
  readonly closed: Promise<number>;
}

async function open(path: string, protocols: string[] = []): Promise<Spoken> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.clientPort}/v3/${path}`, protocols);
  const lines: string[] = [];
  socket.on("message", (data: Buffer) => void lines.push(data.toString()));
  const closed = new Promise<number>((resolve) => socket.on("close", resolve));
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  return { socket, lines, closed };
}

const post = async (path: string, body: unknown): Promise<string> =>
  (
    await fetch(`http://127.0.0.1:${server.clientPort}/v3/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
    })
  ).text();

const KEY = "d3M=";
const watch = (key: string, id?: number): string =>
  JSON.stringify({ create_request: { key, ...(id === undefined ? {} : { watch_id: id }) } });

test("a watch: each message in is a request, each message out a line", async () => {
  const { socket, lines, closed } = await open("watch");
  socket.send(watch(KEY));
  await expect.poll(() => lines[0]).toMatch(/^\{"result":\{"header":\{.*\},"created":true\}\}$/);
  await post("kv/put", { key: KEY, value: "MQ==" });
  await expect.poll(() => lines[1]).toContain('"events":[{"kv":{"key":"d3M=",');
  socket.send(watch("eA==", 5));
  await expect.poll(() => lines[2]).toContain('"watch_id":"5","created":true}}');
  socket.close();
  expect(await closed).toBe(1005);
});

test("renewals go on as long as the socket is open, and a call of one answer ends it", async () => {
  const { ID } = JSON.parse(await post("lease/grant", { TTL: 60 })) as { ID: string };
  const { socket, lines } = await open("lease/keepalive");
  socket.send(JSON.stringify({ ID }));
  await expect.poll(() => lines.length).toBe(1);
  socket.send(JSON.stringify({ ID }));
  await expect.poll(() => lines.length).toBe(2);
  expect(JSON.parse(lines[1] ?? "")).toMatchObject({ result: { ID, TTL: "60" } });
  socket.close();
  const unary = await open("kv/range");
  unary.socket.send(JSON.stringify({ key: "bm9uZQ==" }));
  expect(await unary.closed).toBe(1000);
  expect(JSON.parse(unary.lines[0] ?? "")).toMatchObject({
    header: { revision: expect.any(String) as string },
  });
});

test("faults are lines as well: malformed requests, paths that are not there, messages above the limit", async () => {
  const broken = await open("watch");
  broken.socket.send('{"create_request":]}');
  expect(await broken.closed).toBe(1000);
  expect(JSON.parse(broken.lines[0] ?? "")).toMatchObject({ error: { code: 3 } });
  const nowhere = await open("nothing");
  expect(await nowhere.closed).toBe(1000);
  expect(nowhere.lines).toEqual(['{"code":5,"message":"Not Found"}']);
  const large = await open("kv/put");
  large.socket.send("x".repeat(2_000_000));
  expect(await large.closed).toBe(1009);
});

test("a reader that stops holds its watch back and nobody else; one that goes is forgotten, and its place is free", async () => {
  const slow = await open("watch");
  slow.socket.send(watch("c2xvdw=="));
  await expect.poll(() => slow.lines.length).toBe(1);
  slow.socket.pause();
  const value = "A".repeat(8000);
  for (let i = 0; i < 300; i += 1) await post("kv/put", { key: "c2xvdw==", value });
  expect(await post("kv/range", { key: "c2xvdw==", count_only: true })).toContain('"count":"1"');
  slow.socket.resume();
  const events = (): number =>
    slow.lines.slice(1).reduce((sum, line) => sum + line.split('"mod_revision"').length - 1, 0);
  await expect.poll(events).toBe(300);
  slow.socket.terminate();
  for (let i = 0; i < 60; i += 1) {
    const each = await open("watch");
    each.socket.send(watch(KEY));
    await expect.poll(() => each.lines.length).toBe(1);
    each.socket.terminate();
  }
});

describe("who is let in", () => {
  test("a token comes as a sub-protocol", async () => {
    const secured = await startWithFlags();
    const call = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
      const url = `http://127.0.0.1:${secured.clientPort}/v3/${path}`;
      return (await (await fetch(url, { method: "POST", body: JSON.stringify(body) })).json()) as Record<
        string,
        unknown
      >;
    };
    await call("auth/user/add", { name: "root", password: "p" });
    await call("auth/role/add", { name: "root" });
    await call("auth/user/grant", { user: "root", role: "root" });
    await call("auth/enable", {});
    const { token } = await call("auth/authenticate", { name: "root", password: "p" });
    const answer = (protocols: string[]): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://127.0.0.1:${secured.clientPort}/v3/kv/range`, protocols);
        socket.on("open", () => socket.send(JSON.stringify({ key: KEY })));
        socket.on("message", (data: Buffer) => resolve(`${socket.protocol} ${data.toString()}`));
        socket.on("error", reject);
      });
    expect(await answer(["Bearer", String(token)])).toMatch(/^Bearer \{"header"/);
    expect(await answer(["Bearer", "wrong"])).toContain("invalid auth token");
    expect(await answer([])).toContain("user name is empty");
    await secured.stop();
  });

  test("names that are not on the list are told so in HTTP's words, and no gateway means no sockets", async () => {
    const strict = await startWithFlags({
      flags: ["--host-whitelist=good.example", "--enable-grpc-gateway=false"],
    });
    const statusFor = (host: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://127.0.0.1:${strict.clientPort}/v3/watch`, { headers: { host } });
        socket.on("unexpected-response", (request, { statusCode }) => {
          request.destroy();
          resolve(statusCode);
        });
        socket.on("open", () => reject(new Error("let in")));
        socket.on("error", () => undefined);
      });
    expect(await statusFor("evil.example")).toBe(421);
    expect(await statusFor("good.example")).toBe(404);
    await strict.stop();
  });
});

test("pages of origins that --cors does not name open none", async () => {
  const strict = await startWithFlags({ flags: ["--cors=http://good.example"] });
  const opens = (origin: string): Promise<boolean> =>
    new Promise((resolve) => {
      const url = `ws://127.0.0.1:${strict.clientPort}/v3/watch`;
      const socket = new WebSocket(url, { headers: { origin } });
      socket.on("open", () => {
        socket.terminate();
        resolve(true);
      });
      socket.on("error", () => resolve(false));
    });
  try {
    expect(await opens("http://good.example")).toBe(true);
    expect(await opens("http://evil.example")).toBe(false);
  } finally {
    await strict.stop();
  }
});

test("who asks for HTTP/2 in the clear is answered in HTTP/1.1, with its body read", async () => {
  const body = JSON.stringify({ key: "dXA=", value: "MQ==" });
  const status = await new Promise((resolve, reject) => {
    const call = httpRequest(
      {
        port: server.clientPort,
        path: "/v3/kv/put",
        method: "POST",
        headers: {
          connection: "Upgrade, HTTP2-Settings",
          upgrade: "h2c",
          "http2-settings": "AAMAAABkAAQAoAAAAAIAAAAA",
        },
      },
      (response) => {
        response.resume();
        resolve(response.statusCode);
      },
    );
    call.on("error", reject);
    call.end(body);
  });
  expect(status).toBe(200);
  expect(await post("kv/range", { key: "dXA=" })).toContain('"value":"MQ=="');
});

test("a server that stops ends its WebSockets, and connections that are kept for later", async () => {
  const stopping = await startWithFlags();
  const closed = (socket: Socket): Promise<void> =>
    new Promise((resolve) => socket.on("close", () => resolve()));
  const kept = connect(stopping.clientPort, "127.0.0.1");
  kept.on("error", () => undefined);
  kept.write("GET /version HTTP/1.1\r\nHost: a\r\n\r\n");
  await new Promise((resolve) => kept.once("data", resolve));
  const silent = connect(stopping.clientPort, "127.0.0.1");
  silent.on("error", () => undefined);
  silent.resume();
  const half = connect(stopping.clientPort, "127.0.0.1");
  half.on("error", () => undefined);
  half.resume();
  half.write("GET /ver");
  await new Promise((resolve) => silent.once("connect", resolve));
  const socket = new WebSocket(`ws://127.0.0.1:${stopping.clientPort}/v3/watch`);
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  const gone = new Promise((resolve) => socket.on("close", resolve));
  const ends = Promise.all([closed(kept), closed(silent), closed(half), gone]);
  kept.resume();
  await stopping.stop();
  await ends;
});
