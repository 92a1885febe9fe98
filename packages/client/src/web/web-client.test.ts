/** The SDK over gRPC-Web and Node's `fetch`, against a member in this process. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { etcdserverpb } from "@quorate/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Client } from "../client.js";
import { startTestServer, type TestServer } from "../testing/test-server.js";
import type { WatchEvent } from "../watch/watch-types.js";
import { createClient } from "./create-client.js";
import type { FetchFunction } from "./web-call.js";
import { createWebTransport } from "./web-transport.js";

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await startTestServer({ flags: { "grpc-web-origins": "*" } });
  client = createClient({ endpoints: server.endpoint });
});
afterAll(async () => {
  client.close();
  await server.stop();
});

/** Counts requests per method, and may break them off. */
function countingFetch(): { readonly fetch: FetchFunction; readonly counts: Map<string, number> } {
  const counts = new Map<string, number>();
  return {
    counts,
    fetch: (url, init) => {
      const method = url.slice(url.lastIndexOf("/") + 1);
      counts.set(method, (counts.get(method) ?? 0) + 1);
      return fetch(url, init);
    },
  };
}

async function take<T>(events: AsyncIterator<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const { done, value } = await events.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

const valueOf = (event: WatchEvent<string>): string | undefined =>
  event.type === "put" ? event.kv.value : undefined;

describe("calls", () => {
  test("keys, ranges, transactions and refusals are as on Node", async () => {
    await client.put("web/a", "1");
    await client.put("web/b", "zwei: ü");
    expect((await client.get("web/b"))?.value).toBe("zwei: ü");
    expect(await client.count({ prefix: "web/" })).toBe(2);
    await expect(client.get("web/a", { revision: 1_000_000n })).rejects.toMatchObject({
      reason: "future-revision",
    });
    await expect(client.put("web/c", "3", { lease: 77n })).rejects.toMatchObject({
      reason: "lease-not-found",
    });
  });

  test("a scan of many keys comes in pieces", async () => {
    const value = "x".repeat(1000);
    for (let i = 0; i < 5; i += 1)
      await Promise.all(Array.from({ length: 100 }, (_, j) => client.put(`web-scan/${i * 100 + j}`, value)));
    let count = 0;
    for await (const each of client.scan({ prefix: "web-scan/" }, { pageSize: 50 }))
      count += each.value.length;
    expect(count).toBe(500_000);
  });

  test("a snapshot is the file that Node's client reads", async () => {
    let size = 0;
    for await (const piece of client.maintenance.snapshot()) size += piece.length;
    let expected = 0;
    for await (const piece of server.client.maintenance.snapshot()) expected += piece.length;
    expect(size).toBe(expected);
  });

  test("a signal and a time limit end a call", async () => {
    const stop = new AbortController();
    stop.abort(new Error("no longer wanted"));
    await expect(client.get("web/a", { signal: stop.signal })).rejects.toThrow("no longer wanted");
    await using _held = await server.client.lock("web-lock");
    const waiting = new AbortController();
    const second = client.lock("web-lock", { signal: waiting.signal });
    await expect.poll(() => client.count({ prefix: "web-lock/" })).toBe(2);
    waiting.abort(new Error("waited enough"));
    await expect(second).rejects.toThrow("waited enough");
    await expect.poll(() => client.count({ prefix: "web-lock/" })).toBe(1);
  });
});

describe("watches", () => {
  test("all share one call, which begins anew when one is added, and nobody misses or hears anything twice", async () => {
    const { fetch: counted, counts } = countingFetch();
    await using own = createClient({ endpoints: server.endpoint, fetch: counted });
    const first = own.watch("web-watch/a");
    await first.ready;
    const heard = first[Symbol.asyncIterator]();
    await server.client.put("web-watch/a", "1");
    expect((await take(heard, 1)).map(valueOf)).toEqual(["1"]);
    const others = Array.from({ length: 20 }, (_, i) => own.watch(`web-watch/b${i}`));
    await server.client.put("web-watch/a", "2");
    await Promise.all(others.map(({ ready }) => ready));
    await server.client.put("web-watch/a", "3");
    await Promise.all(others.map((_, i) => server.client.put(`web-watch/b${i}`, String(i))));
    expect((await take(heard, 2)).map(valueOf)).toEqual(["2", "3"]);
    const values = await Promise.all(
      others.map(async (each) => (await take(each[Symbol.asyncIterator](), 1)).map(valueOf)),
    );
    expect(values).toEqual(others.map((_, i) => [String(i)]));
    // The twenty are one change.
    expect(counts.get("Watch")).toBe(2);
  });

  test("no event is lost or doubled while watches come and go beside writes", async () => {
    await using own = createClient({ endpoints: server.endpoint });
    const watch = own.watch({ prefix: "web-churn/" });
    await watch.ready;
    const events = watch[Symbol.asyncIterator]();
    const WRITES = 300;
    const writing = (async () => {
      for (let i = 0; i < WRITES; i += 1) await server.client.put(`web-churn/${i % 7}`, String(i));
    })();
    const churning = (async () => {
      for (let i = 0; i < 15; i += 1) {
        const other = own.watch(`web-other/${i}`);
        await other.ready;
        other.close();
      }
    })();
    await Promise.all([writing, churning]);
    expect((await take(events, WRITES)).map(valueOf)).toEqual(
      Array.from({ length: WRITES }, (_, i) => String(i)),
    );
  });

  test("one that begins in the past is told everything, a compacted one is refused", async () => {
    const { revision } = await client.put("web-past", "0");
    for (let i = 1; i <= 3; i += 1) await client.put("web-past", String(i));
    await using watch = client.watch("web-past", { startRevision: revision });
    expect((await take(watch[Symbol.asyncIterator](), 4)).map(valueOf)).toEqual(["0", "1", "2", "3"]);
    const { revision: last } = await client.put("web-past", "4");
    await server.client.compact(last);
    await using late = client.watch("web-past", { startRevision: revision });
    await expect(late[Symbol.asyncIterator]().next()).rejects.toMatchObject({ name: "CompactedError" });
  });

  test("progress that is asked for is what is certain, and a watch that is given up is told so", async () => {
    const transport = createWebTransport();
    const channel = transport.connect(server.endpoint);
    const stream = channel.bidi(etcdserverpb.Watch.method.watch);
    const key = new TextEncoder().encode("web-quiet");
    await stream.send({ requestUnion: { case: "createRequest", value: { key, watchId: 1n } } });
    const answers = stream[Symbol.asyncIterator]();
    expect((await take(answers, 1))[0]).toMatchObject({ created: true, watchId: 1n });
    const { revision } = await server.client.put("elsewhere", "1");
    await stream.send({ requestUnion: { case: "progressRequest", value: {} } });
    const [progress] = await take(answers, 1);
    expect(progress).toMatchObject({ watchId: -1n, events: [] });
    expect(progress?.header?.revision).toBeLessThanOrEqual(revision);
    await stream.send({ requestUnion: { case: "cancelRequest", value: { watchId: 1n } } });
    expect((await take(answers, 1))[0]).toMatchObject({ watchId: 1n, canceled: true });
    stream.cancel();
    await expect(answers.next()).rejects.toMatchObject({ name: "ChannelError", code: 1 });
    channel.close();
  });

  test("the server is told when the page leaves", async () => {
    const own = createClient({ endpoints: server.endpoint });
    const watch = own.watch("web-leave");
    await watch.ready;
    const open = async (): Promise<number> => {
      const text = await (await fetch(`http://${server.endpoint}/metrics`)).text();
      return Number(/^etcd_debugging_mvcc_watcher_total (\d+)/m.exec(text)?.[1]);
    };
    const before = await open();
    own.close();
    await expect.poll(open).toBe(before - 1);
  });
});

describe("leases", () => {
  test("renewals are calls of their own, and a session keeps its lock", async () => {
    const { fetch: counted, counts } = countingFetch();
    await using own = createClient({ endpoints: server.endpoint, fetch: counted });
    await using lease = await own.leases.grant(1);
    await expect.poll(() => counts.get("LeaseKeepAlive") ?? 0).toBeGreaterThanOrEqual(4);
    expect((await own.leases.timeToLive(lease.id)).remainingSeconds).toBeGreaterThanOrEqual(0);
    await using lock = await own.lock("web-held");
    expect(await server.client.tryLock("web-held")).toBeUndefined();
    expect(lock.lost.aborted).toBe(false);
  });
});

describe("users", () => {
  test("a client logs in, and its token goes with every call and watch", async () => {
    await using secured = await startTestServer({
      rootPassword: "secret",
      flags: { "grpc-web-origins": "*" },
    });
    await using own = createClient({
      endpoints: secured.endpoint,
      user: { name: "root", password: "secret" },
    });
    await own.put("k", "v");
    await using watch = own.watch("k");
    await watch.ready;
    await using nobody = createClient({ endpoints: secured.endpoint });
    await expect(nobody.get("k")).rejects.toMatchObject({ reason: "user-empty" });
  });
});

describe("servers that are none", () => {
  const servers: Server[] = [];
  const serve = async (answer: RequestListener): Promise<string> => {
    const http = createServer(answer);
    servers.push(http);
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(http.address() as AddressInfo).port}`;
  };
  afterAll(() => {
    for (const each of servers) {
      each.closeAllConnections();
      each.close();
    }
  });

  const failureAt = async (endpoint: string): Promise<unknown> =>
    createWebTransport()
      .connect(endpoint)
      .unary(etcdserverpb.KV.method.range, { key: Uint8Array.of(1) })
      .catch((error: unknown) => error);

  test("a member that takes no gRPC-Web is named as such", async () => {
    await using closed = await startTestServer();
    expect(await failureAt(closed.endpoint)).toMatchObject({
      code: 12,
      message: /HTTP 404.*--grpc-web-origins/ as never,
    });
  });

  test("a page, a broken answer, an answer without an end, and nobody", async () => {
    const page = await serve((_, response) => response.end("<html>"));
    expect(await failureAt(page)).toMatchObject({
      code: 2,
      message: "an answer that is no gRPC-Web: without a type",
    });
    const type = { "content-type": "application/grpc-web+proto" };
    const broken = await serve((_, response) => response.writeHead(200, type).end(Uint8Array.of(0, 0)));
    expect(await failureAt(broken)).toMatchObject({ code: 14, message: "the answer broke off" });
    const torn = await serve((_, response) => {
      response.writeHead(200, type).write(Uint8Array.of(0, 0, 0, 0, 9));
      setTimeout(() => response.destroy(), 10);
    });
    expect(await failureAt(torn)).toMatchObject({ code: 14, sent: true });
    const inHeaders = await serve((_, response) =>
      response.writeHead(200, { ...type, "grpc-status": "9", "grpc-message": "not%20now" }).end(),
    );
    expect(await failureAt(inHeaders)).toMatchObject({ code: 9, message: "not now" });
    expect(await failureAt("127.0.0.1:1")).toMatchObject({ code: 14, sent: true });
  });
});
