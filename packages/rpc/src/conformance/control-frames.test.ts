import { describe, expect, test } from "vitest";
import * as h2 from "./testing/frames.js";
import { callEcho, connectionError, ignored, ok, streamError } from "./testing/outcome.js";
import { RawClient } from "./testing/raw-client.js";
import { Method, request } from "./testing/requests.js";
import { describeRows, row } from "./testing/rows.js";
import { startTestServer } from "./testing/test-server.js";

const { Flag, FrameType, Setting } = h2;

/** A control frame with `bytes` zeros. */
const sized = (type: number, bytes: number, streamId: number, flags: number = Flag.none): Buffer =>
  h2.frame({ type, flags, streamId }, Buffer.alloc(bytes));

describeRows("RFC 9113 section 6.4: RST_STREAM", [
  row("6.4 on stream 0", (client) => void client.send(h2.rstStream(0)), connectionError("PROTOCOL_ERROR")),
  row(
    "6.4 on an idle stream",
    (client) => void client.send(h2.rstStream(9)),
    connectionError("PROTOCOL_ERROR"),
  ),
  ...[0, 3, 5].map((bytes) =>
    row(
      `6.4 of ${bytes} bytes`,
      (client) => {
        client.send(client.headers(1, request(Method.hold)), sized(FrameType.rstStream, bytes, 1));
      },
      connectionError("FRAME_SIZE_ERROR"),
    ),
  ),
]);

describeRows("RFC 9113 section 6.5: SETTINGS", [
  row(
    "6.5 on a stream",
    (client) => void client.send(h2.frame({ type: FrameType.settings, streamId: 1 })),
    connectionError("PROTOCOL_ERROR"),
  ),
  ...[1, 5, 7].map((bytes) =>
    row(
      `6.5 of ${bytes} bytes`,
      (client) => void client.send(sized(FrameType.settings, bytes, 0)),
      connectionError("FRAME_SIZE_ERROR"),
    ),
  ),
  row(
    "6.5 an acknowledgement with a payload",
    (client) => void client.send(sized(FrameType.settings, 6, 0, Flag.ack)),
    connectionError("FRAME_SIZE_ERROR"),
  ),
  row(
    "6.5 an acknowledgement nobody waits for",
    (client) => void client.send(h2.settingsAck(), h2.settingsAck()),
    ignored(),
  ),
  ...(
    [
      ["ENABLE_PUSH of 2", Setting.enablePush, 2, "PROTOCOL_ERROR"],
      ["ENABLE_PUSH of 2^32 - 1", Setting.enablePush, 2 ** 32 - 1, "PROTOCOL_ERROR"],
      ["INITIAL_WINDOW_SIZE of 2^31", Setting.initialWindowSize, 2 ** 31, "FLOW_CONTROL_ERROR"],
      ["INITIAL_WINDOW_SIZE of 2^32 - 1", Setting.initialWindowSize, 2 ** 32 - 1, "FLOW_CONTROL_ERROR"],
      ["MAX_FRAME_SIZE of 0", Setting.maxFrameSize, 0, "PROTOCOL_ERROR"],
      ["MAX_FRAME_SIZE of 2^14 - 1", Setting.maxFrameSize, 2 ** 14 - 1, "PROTOCOL_ERROR"],
      ["MAX_FRAME_SIZE of 2^24", Setting.maxFrameSize, 2 ** 24, "PROTOCOL_ERROR"],
    ] as const
  ).flatMap(([what, id, value, code]) => [
    row(`6.5.2 ${what}`, (client) => void client.send(h2.settings([id, value])), connectionError(code)),
    row(
      `6.5.2 ${what} in the first SETTINGS`,
      (client) => void client.send(h2.PREFACE, h2.settings([id, value])),
      connectionError(code),
      { handshake: false },
    ),
    row(
      `6.5.2 ${what} after a legal value`,
      (client) => void client.send(h2.settings([Setting.maxConcurrentStreams, 5], [id, value])),
      connectionError(code),
    ),
  ]),
  ...(
    [
      ["HEADER_TABLE_SIZE of 0", Setting.headerTableSize, 0],
      ["HEADER_TABLE_SIZE of 2^32 - 1", Setting.headerTableSize, 2 ** 32 - 1],
      ["ENABLE_PUSH of 0", Setting.enablePush, 0],
      ["ENABLE_PUSH of 1", Setting.enablePush, 1],
      ["MAX_CONCURRENT_STREAMS of 0", Setting.maxConcurrentStreams, 0],
      ["INITIAL_WINDOW_SIZE of 2^31 - 1", Setting.initialWindowSize, 2 ** 31 - 1],
      ["MAX_FRAME_SIZE of 2^14", Setting.maxFrameSize, 2 ** 14],
      ["MAX_FRAME_SIZE of 2^24 - 1", Setting.maxFrameSize, 2 ** 24 - 1],
      ["MAX_HEADER_LIST_SIZE of 2^32 - 1", Setting.maxHeaderListSize, 2 ** 32 - 1],
      ["an unknown parameter", 0xf0f0, 2 ** 32 - 1],
      ["parameter 0", 0, 1],
      ["ENABLE_CONNECT_PROTOCOL (RFC 8441)", 8, 1],
    ] as const
  ).map(([what, id, value]) =>
    row(`6.5.2 ${what} is fine`, (client) => void client.send(h2.settings([id, value])), ignored()),
  ),
]);

describeRows("RFC 9113 section 6.7: PING", [
  row(
    "6.7 on a stream",
    (client) => void client.send(h2.frame({ type: FrameType.ping, streamId: 1 }, Buffer.alloc(8))),
    connectionError("PROTOCOL_ERROR"),
  ),
  ...[0, 7, 9].flatMap((bytes) => [
    row(
      `6.7 of ${bytes} bytes`,
      (client) => void client.send(sized(FrameType.ping, bytes, 0)),
      connectionError("FRAME_SIZE_ERROR"),
    ),
    row(
      `6.7 reply of ${bytes} bytes`,
      (client) => void client.send(sized(FrameType.ping, bytes, 0, Flag.ack)),
      connectionError("FRAME_SIZE_ERROR"),
    ),
  ]),
  row("6.7 a reply nobody waits for", (client) => void client.send(h2.ping("nobody", Flag.ack)), ignored()),
]);

describeRows("RFC 9113 section 6.8: GOAWAY", [
  row(
    "6.8 on a stream",
    (client) => void client.send(h2.frame({ type: FrameType.goaway, streamId: 1 }, Buffer.alloc(8))),
    connectionError("PROTOCOL_ERROR"),
  ),
  ...[0, 7].map((bytes) =>
    row(
      `6.8 of ${bytes} bytes`,
      (client) => void client.send(sized(FrameType.goaway, bytes, 0)),
      connectionError("FRAME_SIZE_ERROR"),
    ),
  ),
  row(
    "6.8 calls that are open when the client says GOAWAY are answered",
    async (client) => {
      client.send(client.headers(1, request()), h2.goaway(0, 0, "bye"), h2.data(1, h2.message()));
      const record = client.stream(1);
      await client.until("the response", () => record.ended);
      expect(record.messages().map(String)).toEqual(["hello"]);
      client.end();
    },
    { kind: "closed" },
  ),
]);

describeRows("RFC 9113 section 6.9: WINDOW_UPDATE", [
  ...[0, 3, 5].map((bytes) =>
    row(
      `6.9 of ${bytes} bytes`,
      (client) => void client.send(sized(FrameType.windowUpdate, bytes, 0)),
      connectionError("FRAME_SIZE_ERROR"),
    ),
  ),
  row(
    "6.9 of 0 on the connection",
    (client) => void client.send(h2.windowUpdate(0, 0)),
    connectionError("PROTOCOL_ERROR"),
  ),
  row(
    "6.9 of 0 on a stream",
    (client) => void client.send(client.headers(1, request(Method.hold)), h2.windowUpdate(1, 0)),
    streamError(1, "PROTOCOL_ERROR"),
  ),
  row(
    "6.9 the reserved bit is left out",
    (client) => void client.send(h2.windowUpdate(0, 0x8000_0001)),
    ignored(),
  ),
  row(
    "6.9 the reserved bit alone is an increment of 0",
    (client) => void client.send(h2.windowUpdate(0, 0x8000_0000)),
    connectionError("PROTOCOL_ERROR"),
  ),
  row(
    "6.9.1 beyond 2^31 - 1 on the connection",
    (client) => void client.send(h2.windowUpdate(0, 2 ** 31 - 1)),
    connectionError("FLOW_CONTROL_ERROR"),
  ),
  row(
    "6.9.1 beyond 2^31 - 1 on the connection, in two steps",
    (client) => void client.send(h2.windowUpdate(0, 2 ** 30), h2.windowUpdate(0, 2 ** 30)),
    connectionError("FLOW_CONTROL_ERROR"),
  ),
  row(
    "6.9.1 beyond 2^31 - 1 on a stream",
    (client) => void client.send(client.headers(1, request(Method.hold)), h2.windowUpdate(1, 2 ** 31 - 1)),
    streamError(1, "FLOW_CONTROL_ERROR"),
  ),
  row(
    "6.9.1 up to 2^31 - 1 exactly",
    (client) => {
      const increment = h2.WINDOW_BYTES_MAX - h2.DEFAULT_WINDOW_BYTES;
      client.send(h2.windowUpdate(0, increment), client.headers(1, request()), h2.windowUpdate(1, increment));
      client.send(h2.data(1, h2.message()));
    },
    ok(1, "hello"),
  ),
  row(
    "6.9.2 INITIAL_WINDOW_SIZE that lifts a stream's window beyond 2^31 - 1",
    (client) => {
      client.send(client.headers(1, request(Method.hold)));
      client.send(h2.windowUpdate(1, h2.WINDOW_BYTES_MAX - h2.DEFAULT_WINDOW_BYTES));
      client.send(h2.settings([Setting.initialWindowSize, h2.DEFAULT_WINDOW_BYTES + 1]));
    },
    connectionError("FLOW_CONTROL_ERROR"),
  ),
]);

describe("replies to control frames", () => {
  test("6.5.3 every SETTINGS frame is acknowledged once, in order with PING replies that carry the same bytes", async () => {
    const server = await startTestServer();
    const client = await RawClient.connect(server.port, { handshake: false });
    try {
      client.send(
        h2.PREFACE,
        h2.settings(),
        h2.ping("first"),
        h2.settings([Setting.enablePush, 0]),
        h2.ping("second"),
      );
      await client.until(
        "the second reply",
        () => client.received.filter((frame) => frame.type === FrameType.ping).length === 2,
      );
      const replies = client.received
        .filter(
          ({ type, flags }) => flags === Flag.ack && (type === FrameType.ping || type === FrameType.settings),
        )
        .map(({ type, payload, streamId }) => [type, streamId, payload.toString("latin1")]);
      expect(replies).toEqual([
        [FrameType.settings, 0, ""],
        [FrameType.ping, 0, "first..."],
        [FrameType.settings, 0, ""],
        [FrameType.ping, 0, "second.."],
      ]);
    } finally {
      client.destroy();
      await server.close();
    }
  });

  test("6.8 GOAWAY of a connection error names the last stream that was worked on", async () => {
    const server = await startTestServer();
    const client = await RawClient.connect(server.port);
    try {
      await callEcho(client, "one");
      client.send(client.headers(2001, request(Method.hold)), h2.ping("last"), h2.windowUpdate(0, 0));
      await client.untilClosed();
      expect(client.goaway).toMatchObject({ code: h2.ErrorCode.PROTOCOL_ERROR, lastStreamId: 2001 });
    } finally {
      client.destroy();
      await server.close();
    }
  });
});
