/** RFC 9113 section 5.2 and 6.9: windows, in both directions. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as h2 from "./testing/frames.js";
import { eitherError, expectAlive, ok, tolerated, untilEnded } from "./testing/outcome.js";
import { RawClient } from "./testing/raw-client.js";
import type { RawClientOptions } from "./testing/raw-client.js";
import { Method, request } from "./testing/requests.js";
import { describeRows, row } from "./testing/rows.js";
import { PINGS_ALLOWED, startTestServer } from "./testing/test-server.js";
import type { TestServer } from "./testing/test-server.js";

const { Flag, Setting } = h2;

const kib = 1024;
/** Receive windows of the server in this file; small and fixed, so that rows can fill them. */
const WINDOWS = {
  connectionWindowBytes: 128 * kib,
  connectionWindowBytesMax: 128 * kib,
  streamWindowBytes: 64 * kib,
  streamWindowBytesMax: 64 * kib,
} as const;

/** What is left of the connection's window for sure: the server may have announced it a bit late. */
const CONNECTION_WINDOW_BYTES = 128 * kib;

/** DATA frames of the largest size that sum to `bytes`. */
function flood(streamId: number, bytes: number): Buffer[] {
  const frames: Buffer[] = [];
  for (let left = bytes; left > 0; left -= h2.DEFAULT_MAX_FRAME_BYTES) {
    frames.push(h2.data(streamId, Buffer.alloc(Math.min(left, h2.DEFAULT_MAX_FRAME_BYTES)), Flag.none));
  }
  return frames;
}

describeRows(
  "RFC 9113 section 6.9.1: what the client may send",
  [
    row(
      "6.9.1 more than the stream's window",
      (client) => {
        client.send(
          client.headers(1, request(Method.ignore)),
          h2.data(1, h2.message("x", 0, 200 * kib), Flag.none),
        );
        client.send(...flood(1, 64 * kib + 1));
      },
      eitherError(1, "FLOW_CONTROL_ERROR"),
    ),
    row(
      "6.9.1 more than the connection's window over several streams, unless the server gives it back at once",
      (client) => {
        for (let id = 1; id <= 7; id += 2) {
          client.send(
            client.headers(id, request(Method.ignore)),
            h2.data(id, h2.message("", 0, 200 * kib), Flag.none),
          );
          client.send(...flood(id, 60 * kib));
        }
      },
      tolerated(7, "FLOW_CONTROL_ERROR"),
    ),
    row(
      "6.9.1 padding counts",
      (client) => {
        client.send(client.headers(1, request(Method.ignore)));
        const frame = h2.data(1, h2.padded(Buffer.alloc(16_128), 255), Flag.padded);
        for (let count = 0; count < 5; count++) client.send(frame);
      },
      eitherError(1, "FLOW_CONTROL_ERROR"),
    ),
    row(
      "6.9.1 exactly the stream's window",
      (client) => {
        const bytes = 64 * kib - 5;
        client.send(client.headers(1, request(Method.collect)), ...cut(1, h2.message(Buffer.alloc(bytes))));
        client.send(h2.data(1, ""));
      },
      ok(1, h2.u32(1, 64 * kib - 5).toString("latin1")),
    ),
  ],
  { limits: WINDOWS },
);

/** DATA frames that carry `bytes`. */
function cut(streamId: number, bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += h2.DEFAULT_MAX_FRAME_BYTES) {
    frames.push(h2.data(streamId, bytes.subarray(at, at + h2.DEFAULT_MAX_FRAME_BYTES), Flag.none));
  }
  return frames;
}

/** A request for `count` messages of `bytes` bytes each. */
function produce(client: RawClient, streamId: number, count: number, bytes: number): void {
  client.send(
    client.headers(streamId, request(Method.produce)),
    h2.data(streamId, h2.message(h2.u32(count, bytes))),
  );
}

describe("windows", () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ ...PINGS_ALLOWED, limits: WINDOWS });
  });
  afterAll(async () => {
    await server.close();
  });

  /** Runs `act` on a connection of its own. */
  async function withClient(
    act: (client: RawClient) => Promise<void>,
    options: RawClientOptions = {},
  ): Promise<void> {
    const client = await RawClient.connect(server.port, options);
    try {
      await act(client);
    } finally {
      client.destroy();
    }
  }

  const initialWindow = (bytes: number): RawClientOptions => ({
    settings: [[Setting.initialWindowSize, bytes]],
  });

  test("6.9.2 no DATA comes while the stream's window is empty, headers do", () =>
    withClient(async (client) => {
      produce(client, 1, 1, 100);
      await client.until("the response headers", () => client.stream(1).headerLists.length > 0);
      await client.barrier();
      expect(client.stream(1).dataBytes).toBe(0);
      client.send(h2.windowUpdate(1, 10));
      await client.until("ten bytes", () => client.stream(1).dataBytes >= 10);
      await client.barrier();
      expect(client.stream(1).dataBytes).toBe(10);
      client.send(h2.windowUpdate(1, 1000));
      const record = await untilEnded(client, 1);
      expect(record.messages().map((message) => message.length)).toEqual([100]);
    }, initialWindow(0)));

  test("6.9 a window of one byte is used one byte at a time", () =>
    withClient(async (client) => {
      produce(client, 1, 1, 20);
      for (let bytes = 1; bytes <= 25; bytes++) {
        await client.until(`byte ${bytes}`, () => client.stream(1).dataBytes >= bytes);
        expect(client.stream(1).dataBytes).toBe(bytes);
        client.send(h2.windowUpdate(1, 1));
      }
      await untilEnded(client, 1);
    }, initialWindow(1)));

  test("6.9.2 lowering INITIAL_WINDOW_SIZE can make a window negative", () =>
    withClient(async (client) => {
      produce(client, 1, 1, 1000);
      await client.until("a hundred bytes", () => client.stream(1).dataBytes >= 100);
      client.send(h2.settings([Setting.initialWindowSize, 10]), h2.windowUpdate(1, 90));
      await client.barrier();
      expect(client.stream(1).dataBytes).toBe(100);
      client.send(h2.windowUpdate(1, 1));
      await client.until("one more byte", () => client.stream(1).dataBytes >= 101);
      await client.barrier();
      expect(client.stream(1).dataBytes).toBe(101);
      client.send(h2.settings([Setting.initialWindowSize, 10_000]));
      const record = await untilEnded(client, 1);
      expect(record.dataBytes).toBe(1005);
    }, initialWindow(100)));

  test("6.9.1 a negative window takes an increment of 2^31 - 1", () =>
    withClient(async (client) => {
      produce(client, 1, 1, 1000);
      await client.until("a hundred bytes", () => client.stream(1).dataBytes >= 100);
      client.send(h2.settings([Setting.initialWindowSize, 0]), h2.windowUpdate(1, h2.WINDOW_BYTES_MAX));
      const record = await untilEnded(client, 1);
      expect(record.dataBytes).toBe(1005);
    }, initialWindow(100)));

  test("8.1 a refusal needs no window", () =>
    withClient(async (client) => {
      client.send(client.headers(1, request(Method.echo, { ":path": "/a/b" })), h2.data(1, h2.message()));
      expect((await untilEnded(client, 1)).fields.get("grpc-status")).toBe("12");
    }, initialWindow(0)));

  test("6.4 RST_STREAM in the middle of a response frees what waits of it", () =>
    withClient(async (client) => {
      for (let id = 1; id < 100; id += 2) {
        produce(client, id, 100, 10_000);
        await client.until("some of the response", () => client.stream(id).dataBytes > 0);
        client.send(h2.rstStream(id));
        await client.barrier();
        client.send(h2.windowUpdate(0, client.stream(id).dataBytes));
        expect(client.stream(id).ended).toBe(false);
      }
      await expectAlive(client);
      expect(server.grpc.counters.callsOpen).toBe(0);
    }));

  test("6.9.2 raising INITIAL_WINDOW_SIZE releases what waits", () =>
    withClient(async (client) => {
      for (const id of [1, 3, 5]) produce(client, id, 2, 50);
      await client.until("three header blocks", () =>
        [1, 3, 5].every((id) => client.stream(id).headerLists.length > 0),
      );
      client.send(h2.settings([Setting.initialWindowSize, 1000]));
      for (const id of [1, 3, 5]) expect((await untilEnded(client, id)).messages()).toHaveLength(2);
    }, initialWindow(0)));

  test("6.9.2 the last of two INITIAL_WINDOW_SIZE in one frame counts", () =>
    withClient(async (client) => {
      client.send(h2.settings([Setting.initialWindowSize, 50_000], [Setting.initialWindowSize, 7]));
      produce(client, 1, 1, 100);
      await client.until("seven bytes", () => client.stream(1).dataBytes >= 7);
      await client.barrier();
      expect(client.stream(1).dataBytes).toBe(7);
    }));

  test("6.9.1 all streams together stay within the connection's window", () =>
    withClient(async (client) => {
      const ids = [1, 3, 5, 7];
      for (const id of ids) produce(client, id, 10, 10_000);
      const total = (): number => ids.reduce((sum, id) => sum + client.stream(id).dataBytes, 0);
      await client.until("the connection's window to fill", () => total() >= h2.DEFAULT_WINDOW_BYTES);
      await client.barrier();
      expect(total()).toBe(h2.DEFAULT_WINDOW_BYTES);
      client.send(h2.windowUpdate(0, 1000));
      await client.until("a thousand bytes more", () => total() >= h2.DEFAULT_WINDOW_BYTES + 1000);
      await client.barrier();
      expect(total()).toBe(h2.DEFAULT_WINDOW_BYTES + 1000);
      client.send(h2.windowUpdate(0, 10_000_000));
      for (const id of ids) expect((await untilEnded(client, id)).messages()).toHaveLength(10);
    }, initialWindow(1_000_000)));

  test("6.9.1 a stream without window does not hold up the others", () =>
    withClient(async (client) => {
      produce(client, 1, 1, 10_000);
      await client.until("its window to be used", () => client.stream(1).dataBytes >= 100);
      await expectAlive(client);
      expect(client.stream(1).dataBytes).toBe(100);
    }, initialWindow(100)));

  test("4.2 DATA and HEADERS stay within the client's MAX_FRAME_SIZE", () =>
    withClient(async (client) => {
      produce(client, 1, 1, 60_000);
      await untilEnded(client, 1);
      const longest = Math.max(...client.received.map((frame) => frame.payload.length));
      expect(longest).toBeLessThanOrEqual(h2.DEFAULT_MAX_FRAME_BYTES);
    }, initialWindow(1_000_000)));

  test("6.9 a large upload at the pace of the server's WINDOW_UPDATEs arrives whole", () =>
    withClient(async (client) => {
      const messages = 60;
      const bytes = h2.message(Buffer.alloc(20_000, 1));
      const frames = Array.from({ length: messages }, () => cut(1, bytes)).flat();
      let sent = 0;
      client.send(client.headers(1, request(Method.collect)));
      await client.barrier();
      for (const frame of frames) {
        const length = frame.length - h2.FRAME_HEADER_BYTES;
        await client.until(
          "room in both windows",
          () => Math.min(granted(client, 0), granted(client, 1)) >= sent + length,
        );
        client.send(frame);
        sent += length;
      }
      client.send(h2.data(1, ""));
      const record = await untilEnded(client, 1);
      expect(record.messages()).toEqual([h2.u32(messages, messages * 20_000)]);
    }));

  test("6.9.1 padding is given back to both windows", () =>
    withClient(async (client) => {
      client.send(client.headers(1, request(Method.collect)));
      await client.barrier();
      const frame = h2.data(1, h2.padded(Buffer.alloc(0), 255), Flag.padded);
      let paddingSent = 0;
      for (let count = 0; count < 1000; count++) {
        await client.until(
          "room",
          () => Math.min(granted(client, 0), granted(client, 1)) >= paddingSent + 256,
        );
        client.send(frame);
        paddingSent += 256;
      }
      client.send(h2.data(1, ""));
      expect((await untilEnded(client, 1)).messages()).toEqual([h2.u32(0, 0)]);
    }));

  test("6.9 DATA of a stream that was reset is given back to the connection", () =>
    withClient(async (client) => {
      let used = 0;
      for (let id = 1; id < 40; id += 2) {
        await client.until("room on the connection", () => granted(client, 0) >= used + 40_000);
        client.send(
          client.headers(id, request(Method.ignore)),
          ...cut(id, Buffer.alloc(40_000)),
          h2.rstStream(id),
        );
        used += 40_000;
      }
      expect(used).toBeGreaterThan(CONNECTION_WINDOW_BYTES);
      await expectAlive(client);
    }));

  /** Bytes that the server has allowed so far on a stream, or on the connection (stream 0). */
  function granted(client: RawClient, streamId: number): number {
    let bytes = streamId === 0 ? h2.DEFAULT_WINDOW_BYTES : WINDOWS.streamWindowBytes;
    for (const frame of client.received) {
      if (frame.type === h2.FrameType.windowUpdate && frame.streamId === streamId)
        bytes += frame.payload.readUInt32BE(0);
    }
    return bytes;
  }
});
