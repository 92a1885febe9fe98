import { request } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startWithFlags, type FlaggedServer } from "../../testing/start-with-flags.js";

let server: FlaggedServer;
let base: string;

beforeAll(async () => {
  server = await startWithFlags({ flags: ["--max-concurrent-streams=3", "--cors=http://good.example"] });
  base = `http://127.0.0.1:${String(server.clientPort)}`;
});

afterAll(() => server.stop());

async function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return fetch(`${base}/v3/${path}`, { method: "POST", body: text, headers });
}

async function answer(path: string, body: unknown): Promise<unknown> {
  return (await post(path, body)).json();
}

const KEY = "Zm9v";

test("a put and a get: 64-bit numbers are strings, bytes base64, names as in the protocol, defaults left out", async () => {
  const put = await post("kv/put", { key: KEY, value: "YmFy" });
  expect(put.headers.get("content-type")).toBe("application/json");
  expect(put.headers.get("grpc-metadata-content-type")).toBe("application/grpc");
  const text = await (await post("kv/range", { key: KEY })).text();
  expect(text).toMatch(
    /^\{"header":\{"cluster_id":"\d+","member_id":"\d+","revision":"2","raft_term":"\d"\},"kvs":\[/,
  );
  expect(text).toContain(
    '"kvs":[{"key":"Zm9v","create_revision":"2","mod_revision":"2","version":"1","value":"YmFy"}],"count":"1"}',
  );
  expect(await (await post("maintenance/defragment", {})).text()).toBe("{}");
});

test("requests are read leniently: both spellings of names, numbers as strings or not, unknown fields, url-safe base64", async () => {
  const txn = {
    compare: [{ target: "VALUE", key: KEY, value: "YmFy" }],
    success: [
      { requestRange: { key: "Zm9v", limit: "1", what: 1 } },
      { request_range: { key: "-_8", limit: 1 } },
    ],
  };
  expect(await answer("kv/txn", txn)).toMatchObject({
    succeeded: true,
    responses: [{ response_range: { count: "1" } }, { response_range: {} }],
  });
  expect(await answer("kv/range", "")).toEqual({ code: 3, message: "etcdserver: key is not provided" });
});

test.each<[string, string, string, number, unknown]>([
  ["POST", "kv/nothing", "{}", 404, { code: 5, message: "Not Found" }],
  ["POST", "kv/range/", "{}", 404, { code: 5, message: "Not Found" }],
  ["PUT", "kv/range", "{}", 501, { code: 12, message: "Method Not Allowed" }],
  ["POST", "kv/range", "{", 400, { code: 3, message: "unexpected EOF" }],
  ["POST", "lease/revoke", '{"ID":"7"}', 404, { code: 5, message: "etcdserver: requested lease not found" }],
  [
    "POST",
    "kv/compaction",
    '{"revision":10000}',
    400,
    { code: 11, message: "etcdserver: mvcc: required revision is a future revision" },
  ],
  // Names that nobody knows leave an operation without a kind.
  [
    "POST",
    "kv/txn",
    '{"compare":[{"target":null,"key":"Zm9v"}],"success":[{"request_nothing":{}}]}',
    400,
    { code: 3, message: "etcdserver: key not found" },
  ],
])("%s %s with %s is answered %i", async (method, path, body, status, expected) => {
  const response = await fetch(`${base}/v3/${path}`, { method, body });
  expect(response.status).toBe(status);
  expect(await response.json()).toEqual(expected);
});

test("Patroni is told of errors by the names that it knows, and nobody else", async () => {
  const message = "etcdserver: key is not provided";
  const patroni = { "user-agent": "Patroni/3.0.2 Python/3.11.2 Linux" };
  const one = await post("kv/range", "", patroni);
  expect(await one.text()).toBe(JSON.stringify({ error: message, code: 3, message }));
  const stream = await post("watch", "{", patroni);
  expect(await stream.json()).toMatchObject({ error: { code: 3, grpc_code: 3, http_code: 400 } });
  const { error } = (await (await post("watch", "{")).json()) as { readonly error: object };
  expect(Object.keys(error)).toEqual(["code", "message"]);
});

test("a time limit is kept, and one that cannot be read refused", async () => {
  const wrong = await post("kv/range", { key: KEY }, { "grpc-timeout": "1x" });
  expect(await wrong.json()).toEqual({ code: 3, message: "invalid grpc-timeout: 1x" });
  const late = await post("kv/range", { key: KEY }, { "grpc-timeout": "0S" });
  expect([late.status, await late.json()]).toEqual([504, { code: 4, message: "context deadline exceeded" }]);
});

interface Stream {
  readonly lines: string[];
  write(text: string): void;
  destroy(): void;
}

/** A stream whose request body stays open. */
function open(path: string): Stream {
  const lines: string[] = [];
  const call = request(`${base}/v3/${path}`, { method: "POST" }, (response) => {
    let text = "";
    response.on("data", (chunk: Buffer) => {
      const parts = (text + chunk.toString()).split("\n");
      text = parts.pop() ?? "";
      lines.push(...parts);
    });
    response.on("error", () => undefined);
  });
  call.on("error", () => undefined);
  return { lines, write: (text) => void call.write(text), destroy: () => void call.destroy() };
}

test("a watch answers line by line while requests go on; one that is torn down harms nobody, and streams are counted", async () => {
  const watch = open("watch");
  watch.write(JSON.stringify({ create_request: { key: KEY } }));
  await expect.poll(() => watch.lines[0]).toMatch(/^\{"result":\{"header":\{.*\},"created":true\}\}$/);
  await post("kv/put", { key: KEY, value: "Yg==" });
  await expect.poll(() => watch.lines[1]).toContain('"events":[{"kv":{"key":"Zm9v",');
  watch.write(JSON.stringify({ create_request: { key: "eA==", watch_id: 5 } }));
  await expect.poll(() => watch.lines[2]).toContain('"watch_id":"5","created":true}}');
  const others = [open("watch"), open("watch")];
  for (const [i, other] of others.entries())
    other.write(JSON.stringify({ create_request: { key: KEY, watch_id: i } }));
  await expect.poll(() => others.map(({ lines }) => lines.length)).toEqual([1, 1]);
  // Three streams are open, which is the limit: the next call waits until one of them goes.
  let isAnswered = false;
  const waiting = post("kv/range", { key: KEY }).finally(() => (isAnswered = true));
  await fetch(`${base}/health`);
  expect(isAnswered).toBe(false);
  others[0]?.destroy();
  expect((await waiting).status).toBe(200);
  watch.destroy();
  others[1]?.destroy();
  await expect.poll(async () => (await post("kv/range", { key: KEY })).status).toBe(200);
});

test("a keep-alive of one lease ends with its body; a fault in a stream is a line of its own", async () => {
  const { ID } = (await answer("lease/grant", { TTL: 60 })) as { ID: string };
  expect(await (await post("lease/keepalive", { ID })).text()).toMatch(
    /^\{"result":\{"header":\{.*\},"ID":"\d+","TTL":"60"\}\}\n$/,
  );
  const broken = await post("watch", "{");
  expect(broken.status).toBe(400);
  expect(await broken.text()).toBe('{"error":{"code":3,"message":"unexpected EOF"}}\n');
});

test("a backup comes in chunks that are a database", async () => {
  const text = await (await post("maintenance/snapshot", {})).text();
  const lines = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { result: { blob: string } });
  expect(Buffer.concat(lines.map(({ result }) => Buffer.from(result.blob, "base64"))).length % 512).toBe(32);
});

test("browsers are let in from listed origins, and every OPTIONS is answered", async () => {
  const good = await fetch(`${base}/version`, { headers: { origin: "http://good.example" } });
  expect(good.headers.get("access-control-allow-origin")).toBe("http://good.example");
  const bad = await fetch(`${base}/version`, { headers: { origin: "http://bad.example" } });
  expect(bad.headers.get("access-control-allow-origin")).toBeNull();
  const options = await fetch(`${base}/v3/kv/put`, { method: "OPTIONS" });
  expect([options.status, await options.text()]).toEqual([200, ""]);
});

test("names that are not on the list are sent away, on plain HTTP of the client port alone", async () => {
  const strict = await startWithFlags({
    flags: ["--host-whitelist=127.0.0.1,good.example", "--enable-grpc-gateway=false"],
  });
  const url = `http://127.0.0.1:${String(strict.clientPort)}`;
  const statusFor = (host: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      request(`${url}/health`, { headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
  expect(await statusFor("good.example:99")).toBe(200);
  expect(await statusFor("evil.example")).toBe(421);
  expect((await fetch(`${url}/v3/kv/range`, { method: "POST", body: "{}" })).status).toBe(404);
  await strict.stop();
});

test("requests that are sent without waiting for answers are carried out in their order", async () => {
  const count = 3000;
  const ask = (path: string, body: string): string =>
    `POST /v3/kv/${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${String(body.length)}\r\n\r\n${body}`;
  const puts = Array.from({ length: count }, (_, i) => {
    const value = Buffer.from(String(i)).toString("base64");
    return ask("put", JSON.stringify({ key: "cGlwZQ==", value }));
  });
  const socket = connect(server.clientPort, "127.0.0.1");
  let answers = "";
  socket.on("data", (chunk: Buffer) => (answers += chunk.toString("latin1")));
  socket.write(puts.join("") + ask("range", '{"key":"cGlwZQ=="}'));
  await expect.poll(() => answers).toMatch(/"kvs":.*\}$/s);
  socket.destroy();
  expect(answers.match(/HTTP\/1.1 200 OK/g)).toHaveLength(count + 1);
  expect(answers).toContain(
    `"version":"${String(count)}","value":"${Buffer.from("2999").toString("base64")}"`,
  );
});
