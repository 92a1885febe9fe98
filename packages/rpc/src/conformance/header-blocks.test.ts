import * as h2 from "./testing/frames.js";
import { connectionError, eitherError, ignored, ok } from "./testing/outcome.js";
import type { RawClient } from "./testing/raw-client.js";
import { Method, request } from "./testing/requests.js";
import { describeRows, row } from "./testing/rows.js";

const { Flag, FrameType } = h2;

/** The first `bytes` bytes of a request's block in a HEADERS frame without END_HEADERS, and the rest. */
function begin(client: RawClient, flags: number = Flag.none, bytes: number = 5): Uint8Array {
  const block = client.encoder.encode(request());
  client.send(h2.headers(1, block.subarray(0, bytes), flags));
  return block.subarray(bytes);
}

const finish = h2.data(1, h2.message());

describeRows("RFC 9113 sections 6.1 and 6.2: DATA, HEADERS and their padding", [
  ...[0, 1, 255].map((padBytes) =>
    row(
      `6.1 DATA with ${padBytes} bytes of padding`,
      (client) => {
        const payload = h2.padded(h2.message(), padBytes);
        client.send(client.headers(1, request()), h2.data(1, payload, Flag.endStream | Flag.padded));
      },
      ok(1, "hello"),
    ),
  ),
  row(
    "6.1 DATA with nothing but padding, then the message",
    (client) => {
      client.send(
        client.headers(1, request()),
        h2.data(1, h2.padded(Buffer.alloc(0), 9), Flag.padded),
        finish,
      );
    },
    ok(1, "hello"),
  ),
  row(
    "6.1 empty DATA frames around the message",
    (client) => {
      const empty = h2.data(1, "", Flag.none);
      client.send(
        client.headers(1, request()),
        empty,
        h2.data(1, h2.message(), Flag.none),
        empty,
        h2.data(1, ""),
      );
    },
    ok(1, "hello"),
  ),
  row(
    "6.1 a pad length equal to the payload's",
    (client) => {
      const payload = h2.padded(Buffer.from("abcd"), 0, 5);
      client.send(client.headers(1, request()), h2.data(1, payload, Flag.padded));
    },
    connectionError("PROTOCOL_ERROR"),
  ),
  row(
    "6.1 a pad length beyond the payload's",
    (client) => {
      client.send(
        client.headers(1, request()),
        h2.data(1, h2.padded(Buffer.from("abcd"), 0, 255), Flag.padded),
      );
    },
    connectionError("PROTOCOL_ERROR"),
  ),
  row(
    "6.1 padded DATA without a pad length",
    (client) => void client.send(client.headers(1, request()), h2.data(1, "", Flag.padded)),
    connectionError("PROTOCOL_ERROR", "FRAME_SIZE_ERROR"),
  ),
  row(
    "6.1 DATA on stream 0",
    (client) => void client.send(h2.data(0, "x")),
    connectionError("PROTOCOL_ERROR"),
  ),

  ...[0, 1, 255].map((padBytes) =>
    row(
      `6.2 HEADERS with ${padBytes} bytes of padding`,
      (client) => {
        const payload = h2.padded(client.encoder.encode(request()), padBytes);
        client.send(h2.headers(1, payload, Flag.endHeaders | Flag.padded), finish);
      },
      ok(1, "hello"),
    ),
  ),
  row(
    "6.2 HEADERS with priority",
    (client) => {
      const payload = Buffer.concat([h2.priorityFields(0x8000_0000), client.encoder.encode(request())]);
      client.send(h2.headers(1, payload, Flag.endHeaders | Flag.priority), finish);
    },
    ok(1, "hello"),
  ),
  row(
    "6.2 HEADERS with padding and priority",
    (client) => {
      const content = Buffer.concat([h2.priorityFields(7), client.encoder.encode(request())]);
      client.send(
        h2.headers(1, h2.padded(content, 40), Flag.endHeaders | Flag.priority | Flag.padded),
        finish,
      );
    },
    ok(1, "hello"),
  ),
  row(
    "6.2 padded HEADERS without a pad length",
    (client) => void client.send(h2.headers(1, Buffer.alloc(0), Flag.endHeaders | Flag.padded)),
    connectionError("PROTOCOL_ERROR", "FRAME_SIZE_ERROR"),
  ),
  row(
    "6.2 HEADERS with a pad length beyond the payload's",
    (client) => {
      const payload = h2.padded(client.encoder.encode(request()), 0, 250);
      client.send(h2.headers(1, payload, Flag.endHeaders | Flag.padded));
    },
    connectionError("PROTOCOL_ERROR"),
  ),
  row(
    "6.2 HEADERS whose padding reaches into the priority fields",
    (client) => {
      const payload = h2.padded(h2.priorityFields(0), 0, 3);
      client.send(h2.headers(1, payload, Flag.endHeaders | Flag.padded | Flag.priority));
    },
    connectionError("PROTOCOL_ERROR", "FRAME_SIZE_ERROR"),
  ),
  row(
    "6.2 HEADERS too short for the priority fields",
    (client) => void client.send(h2.headers(1, Buffer.alloc(4), Flag.endHeaders | Flag.priority)),
    connectionError("PROTOCOL_ERROR", "FRAME_SIZE_ERROR"),
  ),
  row(
    "6.2 HEADERS with END_STREAM for a call that needs no message",
    (client) =>
      void client.send(client.headers(1, request(Method.collect), Flag.endHeaders | Flag.endStream)),
    ok(1, "\0".repeat(8)),
  ),
]);

describeRows("RFC 9113 section 6.10: CONTINUATION", [
  row(
    "6.10 a block in three frames",
    (client) => {
      const rest = begin(client);
      client.send(
        h2.continuation(1, rest.subarray(0, 7), Flag.none),
        h2.continuation(1, rest.subarray(7)),
        finish,
      );
    },
    ok(1, "hello"),
  ),
  row(
    "6.10 a block that begins with nothing",
    (client) => void client.send(h2.continuation(1, begin(client, Flag.none, 0)), finish),
    ok(1, "hello"),
  ),
  row(
    "6.10 an empty CONTINUATION ends the block",
    (client) => {
      const rest = begin(client);
      client.send(h2.continuation(1, rest, Flag.none), h2.continuation(1, Buffer.alloc(0)), finish);
    },
    ok(1, "hello"),
  ),
  row(
    "6.10 a block cut at every byte of its first fields",
    (client) => {
      const rest = begin(client, Flag.none, 1);
      for (let at = 0; at < 8; at++) client.send(h2.continuation(1, rest.subarray(at, at + 1), Flag.none));
      client.send(h2.continuation(1, rest.subarray(8)), finish);
    },
    ok(1, "hello"),
  ),
  row(
    "6.10 END_STREAM of HEADERS holds after CONTINUATION",
    (client) => {
      const block = client.encoder.encode(request(Method.collect));
      client.send(h2.headers(1, block.subarray(0, 3), Flag.endStream), h2.continuation(1, block.subarray(3)));
    },
    ok(1, "\0".repeat(8)),
  ),
  row(
    "6.10 trailers in two frames",
    (client) => {
      client.send(client.headers(1, request()), h2.data(1, h2.message(), Flag.none));
      const block = client.encoder.encode([{ name: "x-trailer", value: "some value" }]);
      client.send(h2.headers(1, block.subarray(0, 2), Flag.endStream), h2.continuation(1, block.subarray(2)));
    },
    ok(1, "hello"),
  ),
  ...(
    [
      ["DATA", () => h2.data(1, "x")],
      ["HEADERS on the same stream", (client: RawClient) => client.headers(1, request())],
      ["HEADERS on another stream", (client: RawClient) => client.headers(3, request())],
      ["PRIORITY", () => h2.priority(1, 0)],
      ["RST_STREAM", () => h2.rstStream(1)],
      ["SETTINGS", () => h2.settings()],
      ["PING", () => h2.ping("between")],
      ["GOAWAY", () => h2.goaway(0)],
      ["WINDOW_UPDATE", () => h2.windowUpdate(0, 1)],
      ["an unknown frame", () => h2.frame({ type: 0x30, streamId: 1 })],
      ["CONTINUATION on another stream", () => h2.continuation(3, Buffer.alloc(0), Flag.none)],
      ["CONTINUATION on stream 0", () => h2.continuation(0, Buffer.alloc(0), Flag.none)],
    ] as const
  ).map(([what, between]) =>
    row(
      `6.10 ${what} within a header block`,
      (client) => {
        begin(client);
        client.send(between(client));
      },
      connectionError("PROTOCOL_ERROR"),
    ),
  ),
  row(
    "6.10 CONTINUATION after END_HEADERS",
    (client) => {
      client.send(client.headers(1, request(Method.hold)), h2.continuation(1, Uint8Array.of(0x82)));
    },
    connectionError("PROTOCOL_ERROR"),
  ),
  row(
    "6.10 CONTINUATION after DATA",
    (client) => {
      client.send(client.headers(1, request(Method.chat)), h2.data(1, h2.message(), Flag.none));
      client.send(h2.continuation(1, Uint8Array.of(0x82)));
    },
    connectionError("PROTOCOL_ERROR"),
  ),
  row(
    "6.10 CONTINUATION before anything",
    (client) => void client.send(h2.continuation(1, client.encoder.encode(request()))),
    connectionError("PROTOCOL_ERROR"),
  ),
]);

describeRows("RFC 9113 sections 6.3 and 6.6: PRIORITY and PUSH_PROMISE", [
  row(
    "6.3 PRIORITY on stream 0",
    (client) => void client.send(h2.priority(0, 1)),
    connectionError("PROTOCOL_ERROR"),
  ),
  ...[0, 4, 6].map((bytes) =>
    row(
      `6.3 PRIORITY of ${bytes} bytes`,
      (client) => {
        client.send(client.headers(1, request(Method.hold)));
        client.send(h2.frame({ type: FrameType.priority, streamId: 1 }, Buffer.alloc(bytes)));
      },
      eitherError(1, "FRAME_SIZE_ERROR"),
    ),
  ),
  row(
    "6.3 PRIORITY on open, higher and even streams",
    (client) => {
      client.send(
        client.headers(1, request(Method.hold)),
        h2.priority(1, 0),
        h2.priority(99, 1),
        h2.priority(4, 99),
      );
    },
    ignored(),
  ),
  row(
    "6.6 PUSH_PROMISE from a client",
    (client) => {
      client.send(client.headers(1, request(Method.hold)));
      const payload = Buffer.concat([h2.u32(2), client.encoder.encode(request())]);
      client.send(h2.frame({ type: FrameType.pushPromise, flags: Flag.endHeaders, streamId: 1 }, payload));
    },
    connectionError("PROTOCOL_ERROR"),
  ),
]);
