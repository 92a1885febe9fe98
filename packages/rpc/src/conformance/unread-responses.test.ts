/** Responses that their peers do not take: how much is kept, and what becomes of the calls above it. */
import { afterEach, describe, expect, test } from "vitest";
import { GrpcStatus } from "../status.js";
import type { GrpcLimits } from "../options.js";
import * as h2 from "./testing/frames.js";
import { callEcho, untilEnded } from "./testing/outcome.js";
import { RawClient } from "./testing/raw-client.js";
import { Method, request } from "./testing/requests.js";
import { PINGS_ALLOWED, startTestServer } from "./testing/test-server.js";
import type { TestServer } from "./testing/test-server.js";

const kib = 1024;
const RESPONSE_BYTES = 100 * kib;

describe("unread responses", () => {
  let server: TestServer;
  const clients: RawClient[] = [];

  async function start(limits: Partial<GrpcLimits>, compressResponses = false): Promise<void> {
    server = await startTestServer({ ...PINGS_ALLOWED, compressResponses, limits });
  }

  /** A client whose streams may get nothing until it says so. */
  async function connect(): Promise<RawClient> {
    const client = await RawClient.connect(server.port, { settings: [[h2.Setting.initialWindowSize, 0]] });
    clients.push(client);
    client.send(h2.windowUpdate(0, 64 * kib * kib));
    return client;
  }

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await server.close();
  });

  /** Opens `count` calls in one write. @returns their ids. */
  function burst(client: RawClient, count: number, changes: Readonly<Record<string, string>> = {}): number[] {
    const ids = Array.from({ length: count }, () => (client.nextStreamId += 2) - 2);
    const frames = ids.flatMap((id) => [
      client.headers(id, request(Method.large, changes)),
      h2.data(id, h2.message(h2.u32(RESPONSE_BYTES))),
    ]);
    client.send(Buffer.concat(frames));
    return ids;
  }

  /** Opens the streams' windows and waits for their responses. @returns the statuses. */
  async function take(client: RawClient, ids: readonly number[]): Promise<(string | undefined)[]> {
    const statuses: (string | undefined)[] = [];
    for (const id of ids) {
      client.send(h2.windowUpdate(id, 2 * RESPONSE_BYTES));
      statuses.push((await untilEnded(client, id)).fields.get("grpc-status"));
    }
    return statuses;
  }

  async function untilRefused(client: RawClient, ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      const { fields } = await untilEnded(client, id);
      expect(fields.get("grpc-status")).toBe(String(GrpcStatus.resourceExhausted));
    }
  }

  async function untilQueued(bytes: number): Promise<void> {
    while (server.grpc.counters.responseBytesQueued !== bytes)
      await new Promise((resolve) => setTimeout(resolve, 2));
  }

  test("of calls opened in one burst, those are kept that fit the connection's mark", async () => {
    await start({ queuedBytesMax: 350 * kib });
    const client = await connect();
    const ids = burst(client, 40);
    await untilRefused(client, ids.slice(3));
    expect(client.stream(ids[3]!).fields.get("grpc-message")).toMatch(
      /^response of 102400 bytes dropped: 307215 bytes/,
    );
    expect(server.grpc.counters.responseBytesQueued).toBe(3 * (RESPONSE_BYTES + 5));
    expect(await take(client, ids.slice(0, 3))).toEqual(["0", "0", "0"]);
    expect(server.grpc.counters.responseBytesQueued).toBe(0);
    expect(await take(client, burst(client, 1))).toEqual(["0"]);
  });

  test("a response that has the connection to itself may be larger than the mark; what follows is congested", async () => {
    await start({ queuedBytesMax: 10 * kib, queuedBytesShare: kib });
    const client = await connect();
    const ids = burst(client, 2);
    const { fields } = await untilEnded(client, ids[1]!);
    expect(fields.get("grpc-message")).toBe("congested");
    expect(await take(client, ids.slice(0, 1))).toEqual(["0"]);
    expect(client.stream(ids[0]!).messages()[0]?.length).toBe(RESPONSE_BYTES);
  });

  test("one connection's unread responses count for the server, whose small responses go on", async () => {
    await start({ serverQueuedBytesMax: 250 * kib });
    const [reader, other] = [await connect(), await connect()];
    const kept = burst(reader, 2);
    await untilQueued(2 * (RESPONSE_BYTES + 5));
    // Below the mark, a connection that has nothing queued may pass it.
    const passing = burst(other, 1);
    await untilQueued(3 * (RESPONSE_BYTES + 5));
    const third = await RawClient.connect(server.port);
    clients.push(third);
    const id = third.nextStreamId;
    third.nextStreamId += 2;
    third.send(third.headers(id, request(Method.large)), h2.data(id, h2.message(h2.u32(300 * kib))));
    await untilRefused(third, [id]);
    await callEcho(third, "small");
    expect(await take(reader, kept)).toEqual(["0", "0"]);
    expect(await take(other, passing)).toEqual(["0"]);
  });

  test("what a connection leaves behind is not counted any more", async () => {
    await start({});
    const client = await connect();
    burst(client, 5);
    await untilQueued(5 * (RESPONSE_BYTES + 5));
    client.destroy();
    await untilQueued(0);
    expect(server.grpc.counters.callsOpen).toBe(0);
  });

  test("responses that wait for compression count, also when their calls are cut off", async () => {
    await start({ queuedBytesMax: 350 * kib, zlibJobsMax: 1 }, true);
    const client = await connect();
    const ids = burst(client, 20, { "grpc-accept-encoding": "gzip" });
    await untilRefused(client, ids.slice(3));
    for (const id of ids.slice(0, 3)) client.send(h2.rstStream(id));
    await untilQueued(0);
    expect(server.grpc.counters.callsOpen).toBe(0);
  });
});
