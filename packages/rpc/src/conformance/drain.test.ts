/** RFC 9113 section 6.8 from the server's side: how it stops taking calls without losing any. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import * as h2 from "./testing/frames.js";
import { untilEnded } from "./testing/outcome.js";
import { RawClient } from "./testing/raw-client.js";
import type { Goaway } from "./testing/raw-client.js";
import { Method, request } from "./testing/requests.js";
import { PINGS_ALLOWED, startTestServer } from "./testing/test-server.js";
import type { TestServer } from "./testing/test-server.js";

/** Longer than the tests: nothing is to be cut off. */
const GRACE_MS = 60_000;

describe("graceful drain", () => {
  let server: TestServer;
  let client: RawClient;
  beforeEach(async () => {
    server = await startTestServer(PINGS_ALLOWED);
    client = await RawClient.connect(server.port);
    await client.barrier();
  });
  afterEach(async () => {
    client.destroy();
    await server.close();
  });

  /** Waits for the server's PING behind its first GOAWAY and answers it: all calls before the answer are known. */
  async function answerDrainPing(): Promise<void> {
    const sent = (): Buffer | undefined =>
      client.received.find((frame) => frame.type === h2.FrameType.ping && frame.flags === 0)?.payload;
    const payload = await client.until("the server's PING", sent);
    client.send(h2.ping(payload.toString("latin1"), h2.Flag.ack));
  }

  /** The connection's GOAWAY frames so far. */
  function goaways(): Goaway[] {
    return client.received
      .filter((frame) => frame.type === h2.FrameType.goaway)
      .map(({ payload }) => ({
        lastStreamId: payload.readUInt32BE(0),
        code: payload.readUInt32BE(4),
        debug: payload.toString("latin1", 8),
      }));
  }

  test("an idle connection gets two GOAWAYs and the end", async () => {
    const drained = server.grpc.drain(GRACE_MS);
    await answerDrainPing();
    await client.untilClosed();
    await drained;
    const [first, second] = goaways();
    expect(first).toMatchObject({ lastStreamId: h2.WINDOW_BYTES_MAX, code: h2.ErrorCode.NO_ERROR });
    expect(second).toMatchObject({ lastStreamId: 0, code: h2.ErrorCode.NO_ERROR });
  });

  test("calls that were on their way behind the first GOAWAY are answered, and the second names them", async () => {
    const drained = server.grpc.drain(GRACE_MS);
    await client.until("the first GOAWAY", () => client.goaway);
    client.send(client.headers(1, request()), h2.data(1, h2.message("late")));
    await answerDrainPing();
    expect((await untilEnded(client, 1)).messages().map(String)).toEqual(["late"]);
    await client.untilClosed();
    await drained;
    expect(goaways().at(-1)).toMatchObject({ lastStreamId: 1, code: h2.ErrorCode.NO_ERROR });
  });

  test("open calls go on until they end", async () => {
    client.send(client.headers(1, request(Method.chat)), h2.data(1, h2.message("before"), h2.Flag.none));
    await client.until("the first message", () => client.stream(1).dataBytes > 0);
    const drained = server.grpc.drain(GRACE_MS);
    await answerDrainPing();
    await client.until("both GOAWAYs", () => goaways().length === 2);
    client.send(h2.data(1, h2.message("after")));
    expect((await untilEnded(client, 1)).messages().map(String)).toEqual(["before", "after"]);
    await client.untilClosed();
    await drained;
  });

  test("calls above the last stream id of the final GOAWAY are not processed", async () => {
    client.send(client.headers(1, request(Method.hold)), h2.data(1, h2.message()));
    const drained = server.grpc.drain(GRACE_MS);
    await answerDrainPing();
    await client.until("both GOAWAYs", () => goaways().length === 2);
    client.send(client.headers(3, request()), h2.data(3, h2.message("too late")));
    await client.barrier();
    expect(client.stream(3).headerLists).toEqual([]);
    client.send(h2.rstStream(1));
    await client.untilClosed();
    await drained;
  });

  test("the grace ends: calls that are open then are cut off", async () => {
    client.send(client.headers(1, request(Method.hold)), h2.data(1, h2.message()));
    await client.barrier();
    await server.grpc.drain(50);
    await client.untilClosed();
    expect(server.grpc.counters.callsOpen).toBe(0);
  });
});
