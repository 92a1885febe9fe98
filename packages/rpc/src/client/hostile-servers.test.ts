/** Servers that break rules or try to use up memory: each costs its call or its connection, and never more. */
import { afterEach, expect, test } from "vitest";
import * as wire from "../conformance/testing/frames.js";
import { GrpcStatus } from "../status.js";
import { openChannel, RecordedCall, unary } from "../testing/client-calls.js";
import { until } from "../testing/interop-server.js";
import type { GrpcChannel } from "./channel.js";
import type { GrpcChannelOptions } from "./options.js";
import { RawServer, type RawPeer } from "./testing/raw-server.js";

const { ErrorCode, Flag, FrameType } = wire;
const open: { stop(): void | Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.stop();
});

async function connect(
  options: Partial<GrpcChannelOptions> = {},
  greet?: (peer: RawPeer) => void,
): Promise<{ server: RawServer; channel: GrpcChannel }> {
  const server = await RawServer.start(greet);
  const channel = openChannel(server.port, options);
  open.push(server, {
    stop: () => {
      channel.close();
    },
  });
  return { server, channel };
}

/** Waits for the request on stream 1. */
async function peerOf(server: RawServer): Promise<RawPeer> {
  await until(() => (server.peers[0]?.of(FrameType.headers).length ?? 0) > 0);
  return server.peers[0] as RawPeer;
}

const head = [
  [":status", "200"],
  ["content-type", "application/grpc"],
] as const;
const ok = [["grpc-status", "0"]] as const;
const endHeaders = Flag.endHeaders;
const endBoth = Flag.endHeaders | Flag.endStream;
/** Answers the call on stream 1 as it should be. */
const answer = (peer: RawPeer): Uint8Array[] => [
  wire.headers(1, peer.block(head), endHeaders),
  wire.data(1, wire.message("fine"), 0),
  wire.headers(1, peer.block(ok), endBoth),
];

/** What a server sends instead of an answer; the connection must end with GOAWAY of this code, and the call as unavailable. */
const connectionErrors: readonly (readonly [
  what: string,
  code: number,
  send: (peer: RawPeer) => readonly Uint8Array[],
])[] = [
  [
    "a frame above the limit",
    ErrorCode.FRAME_SIZE_ERROR,
    () => [wire.frame({ type: 0, streamId: 1, length: 16_385 })],
  ],
  [
    "PUSH_PROMISE",
    ErrorCode.PROTOCOL_ERROR,
    () => [wire.frame({ type: 5, streamId: 1, flags: 4 }, wire.u32(2))],
  ],
  ["SETTINGS that ask for pushes", ErrorCode.PROTOCOL_ERROR, () => [wire.settings([2, 1])]],
  [
    "SETTINGS of a broken length",
    ErrorCode.FRAME_SIZE_ERROR,
    () => [wire.frame({ type: 4 }, new Uint8Array(5))],
  ],
  ["a window above the limit", ErrorCode.FLOW_CONTROL_ERROR, () => [wire.settings([4, 2 ** 31])]],
  [
    "a header block on a stream that nobody opened",
    ErrorCode.PROTOCOL_ERROR,
    (peer) => [wire.headers(3, peer.block(head), endHeaders)],
  ],
  [
    "a header block on a stream of its own",
    ErrorCode.PROTOCOL_ERROR,
    (peer) => [wire.headers(2, peer.block(head), endHeaders)],
  ],
  ["DATA on a stream that nobody opened", ErrorCode.PROTOCOL_ERROR, () => [wire.data(5, "x")]],
  ["DATA on the connection", ErrorCode.PROTOCOL_ERROR, () => [wire.data(0, "x")]],
  ["RST_STREAM on a stream that nobody opened", ErrorCode.PROTOCOL_ERROR, () => [wire.rstStream(7)]],
  ["WINDOW_UPDATE of nothing", ErrorCode.PROTOCOL_ERROR, () => [wire.windowUpdate(0, 0)]],
  [
    "WINDOW_UPDATE beyond the limit",
    ErrorCode.FLOW_CONTROL_ERROR,
    () => [wire.windowUpdate(0, wire.WINDOW_BYTES_MAX)],
  ],
  [
    "a frame within a header block",
    ErrorCode.PROTOCOL_ERROR,
    (peer) => [wire.headers(1, peer.block(head), 0), wire.ping("x")],
  ],
  ["CONTINUATION of nothing", ErrorCode.PROTOCOL_ERROR, () => [wire.continuation(1, new Uint8Array(1))]],
  [
    "padding larger than its frame",
    ErrorCode.PROTOCOL_ERROR,
    () => [wire.frame({ type: 0, streamId: 1, flags: Flag.padded }, Uint8Array.of(9, 1))],
  ],
  [
    "a block that can't be decoded",
    ErrorCode.COMPRESSION_ERROR,
    () => [wire.headers(1, Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff), endHeaders)],
  ],
  ["a short PING", ErrorCode.FRAME_SIZE_ERROR, () => [wire.frame({ type: 6 }, new Uint8Array(4))]],
  ["a short GOAWAY", ErrorCode.FRAME_SIZE_ERROR, () => [wire.frame({ type: 7 }, new Uint8Array(4))]],
  [
    "PING of a stream",
    ErrorCode.PROTOCOL_ERROR,
    () => [wire.frame({ type: 6, streamId: 1 }, new Uint8Array(8))],
  ],
];

test.each(connectionErrors)("%s costs the connection", async (_, code, send) => {
  const { server, channel } = await connect();
  const call = unary(channel, "Unary", "x");
  const peer = await peerOf(server);
  peer.send(...send(peer));
  expect((await call).end).toMatchObject({ code: GrpcStatus.unavailable, sent: true });
  await until(() => peer.of(FrameType.goaway).length > 0);
  expect(peer.of(FrameType.goaway)[0]?.payload.readUInt32BE(4)).toBe(code);
  await until(() => peer.isClosed);
  expect([channel.openCount, channel.waitingCount]).toEqual([0, 0]);
});

/** Floods: each stays within what the limit allows, which is set low here. */
const floods: readonly (readonly [
  what: string,
  limits: object,
  send: (peer: RawPeer) => readonly Uint8Array[],
])[] = [
  [
    "CONTINUATION frames without end",
    { continuationFramesMax: 4 },
    (peer) => [
      wire.headers(1, peer.block(head), 0),
      ...Array.from({ length: 10 }, () => wire.continuation(1, new Uint8Array(0), 0)),
    ],
  ],
  [
    "a header block without end",
    { headerBlockBytesMax: 10_000 },
    () => [wire.headers(1, new Uint8Array(9_000), 0), wire.continuation(1, new Uint8Array(9_000), 0)],
  ],
  [
    "SETTINGS again and again",
    { settingsBurstMax: 5, settingsPerSecond: 0.001 },
    () => Array.from({ length: 8 }, () => wire.settings()),
  ],
  [
    "SETTINGS of many parameters",
    { settingsEntriesMax: 4 },
    () => [wire.settings(...Array.from({ length: 5 }, () => [9, 1] as const))],
  ],
  ...(
    [
      ["PING", () => wire.ping("x")],
      ["PRIORITY", () => wire.priority(1, 0)],
      ["WINDOW_UPDATE", () => wire.windowUpdate(0, 1)],
      ["unknown types", () => wire.frame({ type: 77 }, new Uint8Array(3))],
      ["acknowledged PINGs", () => wire.ping("x", Flag.ack)],
      ["GOAWAY", () => wire.goaway(wire.WINDOW_BYTES_MAX)],
    ] as const
  ).map(
    ([name, make]) =>
      [
        `frames of ${name} without use`,
        { idleFrameBurstMax: 20, idleFramesPerSecond: 0.001 },
        () => Array.from({ length: 60 }, make),
      ] as const,
  ),
  [
    "empty DATA without end",
    { idleFrameBurstMax: 20, idleFramesPerSecond: 0.001 },
    (peer) => [
      wire.headers(1, peer.block(head), endHeaders),
      ...Array.from({ length: 60 }, () => wire.data(1, "", 0)),
    ],
  ],
];

test.each(floods)("%s end the connection calmly", async (_, limits, send) => {
  const { server, channel } = await connect({ limits });
  const call = unary(channel, "Unary", "x");
  const peer = await peerOf(server);
  peer.send(...send(peer));
  expect((await call).end).toMatchObject({ code: GrpcStatus.unavailable, sent: true });
  await until(() => peer.of(FrameType.goaway).length > 0);
  expect(peer.of(FrameType.goaway)[0]?.payload.readUInt32BE(4)).toBe(ErrorCode.ENHANCE_YOUR_CALM);
});

test("a header block that takes its time ends the connection", async () => {
  const { server, channel } = await connect({ limits: { headerBlockTimeoutMs: 30 } });
  const call = unary(channel, "Unary", "x");
  const peer = await peerOf(server);
  peer.send(wire.headers(1, peer.block(head), 0));
  expect((await call).end.code).toBe(GrpcStatus.unavailable);
});

test("more bytes than the window has room for end the connection", async () => {
  const limits = { streamWindowBytes: 65_535, streamWindowBytesMax: 65_535 };
  const { server, channel } = await connect({ limits, maxReceiveMessageBytes: 10_000_000 });
  const call = new RecordedCall(channel, "Unary", { message: new Uint8Array(1) });
  call.call.pause();
  const peer = await peerOf(server);
  const chunk = new Uint8Array(16_000);
  peer.send(
    wire.headers(1, peer.block(head), endHeaders),
    wire.data(1, wire.message(new Uint8Array(0), 0, 5_000_000), 0),
    ...Array.from({ length: 5 }, () => wire.data(1, chunk, 0)),
  );
  expect((await call.ended).code).toBe(GrpcStatus.unavailable);
  await until(() => peer.of(FrameType.goaway).length > 0);
  expect(peer.of(FrameType.goaway)[0]?.payload.readUInt32BE(4)).toBe(ErrorCode.FLOW_CONTROL_ERROR);
});

/** What costs the one call; the next one on the same connection is served. */
const callErrors: readonly (readonly [
  what: string,
  code: number,
  send: (peer: RawPeer) => readonly Uint8Array[],
  options?: Partial<GrpcChannelOptions>,
])[] = [
  ["DATA before the head", GrpcStatus.internal, () => [wire.data(1, wire.message("x"), 0)]],
  [
    "a head twice",
    GrpcStatus.internal,
    (peer) => [wire.headers(1, peer.block(head), 4), wire.headers(1, peer.block(head), 4)],
  ],
  [
    "trailers with a status of HTTP",
    GrpcStatus.internal,
    (peer) => [wire.headers(1, peer.block(head), 4), wire.headers(1, peer.block(head), 5)],
  ],
  ["trailers without a head", GrpcStatus.internal, (peer) => [wire.headers(1, peer.block(ok), endBoth)]],
  [
    "a head without a status",
    GrpcStatus.internal,
    (peer) => [wire.headers(1, peer.block([["content-type", "application/grpc"]]), 4)],
  ],
  [
    "a status that is none",
    GrpcStatus.internal,
    (peer) => [
      wire.headers(
        1,
        peer.block([
          [":status", "2xx"],
          ["content-type", "application/grpc"],
        ]),
        4,
      ),
    ],
  ],
  [
    "names in capitals",
    GrpcStatus.internal,
    (peer) => [wire.headers(1, peer.block([...head, ["X-Y", "z"]]), 4)],
  ],
  [
    "fields of HTTP/1",
    GrpcStatus.internal,
    (peer) => [wire.headers(1, peer.block([...head, ["connection", "close"]]), 4)],
  ],
  [
    "a list of fields that is too long",
    GrpcStatus.resourceExhausted,
    (peer) => [wire.headers(1, peer.block([...head, ["x", "y".repeat(2_000)]]), 4)],
    { limits: { headerListBytesMax: 1_000 } },
  ],
  [
    "trailers that are too long",
    GrpcStatus.resourceExhausted,
    (peer) => [
      wire.headers(1, peer.block(head), 4),
      wire.headers(1, peer.block([...ok, ["x", "y".repeat(2_000)]]), 5),
    ],
    { limits: { headerListBytesMax: 1_000 } },
  ],
  [
    "informational heads without end",
    GrpcStatus.internal,
    (peer) => Array.from({ length: 6 }, () => wire.headers(1, peer.block([[":status", "103"]]), 4)),
  ],
  [
    "a page of HTML",
    GrpcStatus.unavailable,
    (peer) => [
      wire.headers(
        1,
        peer.block([
          [":status", "502"],
          ["content-type", "text/html"],
        ]),
        4,
      ),
      wire.data(1, "<html>"),
    ],
  ],
  [
    "a refusal of HTTP",
    GrpcStatus.unauthenticated,
    (peer) => [wire.headers(1, peer.block([[":status", "401"]]), endBoth)],
  ],
  [
    "another type of content",
    GrpcStatus.unknown,
    (peer) => [
      wire.headers(
        1,
        peer.block([
          [":status", "200"],
          ["content-type", "text/plain"],
        ]),
        4,
      ),
    ],
  ],
  [
    "an end without status",
    GrpcStatus.unknown,
    (peer) => [wire.headers(1, peer.block(head), 4), wire.headers(1, peer.block([["x", "y"]]), 5)],
  ],
  [
    "an end without trailers",
    GrpcStatus.internal,
    (peer) => [wire.headers(1, peer.block(head), 4), wire.data(1, wire.message("x"))],
  ],
  [
    "an end within a message",
    GrpcStatus.internal,
    (peer) => [
      wire.headers(1, peer.block(head), 4),
      wire.data(1, wire.message("x", 0, 100), 0),
      wire.headers(1, peer.block(ok), 5),
    ],
  ],
  [
    "success without a message",
    GrpcStatus.internal,
    (peer) => [wire.headers(1, peer.block(head), 4), wire.headers(1, peer.block(ok), 5)],
  ],
  [
    "two messages where one belongs",
    GrpcStatus.internal,
    (peer) => [
      wire.headers(1, peer.block(head), 4),
      wire.data(1, Buffer.concat([wire.message("x"), wire.message("y")]), 0),
    ],
  ],
  [
    "a compressed message",
    GrpcStatus.internal,
    (peer) => [wire.headers(1, peer.block(head), 4), wire.data(1, wire.message("x", 1), 0)],
  ],
  [
    "a message of a kind that there is not",
    GrpcStatus.internal,
    (peer) => [wire.headers(1, peer.block(head), 4), wire.data(1, wire.message("x", 7), 0)],
  ],
  [
    "a message that is announced too large",
    GrpcStatus.resourceExhausted,
    (peer) => [wire.headers(1, peer.block(head), 4), wire.data(1, wire.message("x", 0, 0xffff_ffff), 0)],
  ],
  [
    "a status beyond gRPC's",
    GrpcStatus.unknown,
    (peer) => [wire.headers(1, peer.block([...head, ["grpc-status", "99"]]), 5)],
  ],
  ["a reset", GrpcStatus.internal, () => [wire.rstStream(1, ErrorCode.INTERNAL_ERROR)]],
  ["a reset that cancels", GrpcStatus.cancelled, () => [wire.rstStream(1, ErrorCode.CANCEL)]],
  [
    "a reset that asks for calm",
    GrpcStatus.resourceExhausted,
    () => [wire.rstStream(1, ErrorCode.ENHANCE_YOUR_CALM)],
  ],
  ["WINDOW_UPDATE of nothing for it", GrpcStatus.internal, () => [wire.windowUpdate(1, 0)]],
];

const callErrorRows = callErrors.map(
  ([what, code, send, options = {}]) => [what, code, send, options] as const,
);

test.each(callErrorRows)("%s costs the call alone", async (_, code, send, options) => {
  const { server, channel } = await connect(options);
  const call = unary(channel, "Unary", "x");
  const peer = await peerOf(server);
  peer.send(...send(peer));
  const { end, message } = await call;
  expect([end.code, end.sent, message]).toEqual([code, true, undefined]);
  const next = unary(channel, "Unary", "y");
  await until(() => peer.of(FrameType.headers).length > 1);
  peer.send(
    wire.headers(3, peer.block(head), endHeaders),
    wire.data(3, wire.message("fine"), 0),
    wire.headers(3, peer.block(ok), endBoth),
  );
  expect((await next).end.code).toBe(0);
  expect(server.peers).toHaveLength(1);
});

test("a stream that was refused was not begun, and neither was what lies behind a GOAWAY", async () => {
  const { server, channel } = await connect();
  const refused = unary(channel, "Unary", "x");
  const peer = await peerOf(server);
  peer.send(wire.rstStream(1, ErrorCode.REFUSED_STREAM));
  expect((await refused).end).toMatchObject({ code: GrpcStatus.unavailable, sent: false });
  const served = unary(channel, "Unary", "y");
  const behind = unary(channel, "Unary", "z");
  await until(() => peer.of(FrameType.headers).length === 3);
  peer.send(wire.goaway(3));
  expect((await behind).end).toMatchObject({ code: GrpcStatus.unavailable, sent: false });
  // New calls go over another connection, and the old one goes on until its last call has ended.
  const elsewhere = unary(channel, "Unary", "w");
  await until(() => (server.peers[1]?.of(FrameType.headers).length ?? 0) > 0);
  peer.send(
    wire.headers(3, peer.block(head), 4),
    wire.data(3, wire.message("a"), 0),
    wire.headers(3, peer.block(ok), 5),
  );
  expect((await served).end.code).toBe(0);
  await until(() => peer.isClosed);
  const other = server.peers[1] as RawPeer;
  other.send(...answer(other));
  expect((await elsewhere).end.code).toBe(0);
});

test("a stream that was refused after its response had begun may have been begun", async () => {
  const { server, channel } = await connect();
  const call = unary(channel, "Unary", "x");
  const peer = await peerOf(server);
  peer.send(wire.headers(1, peer.block(head), endHeaders), wire.rstStream(1, ErrorCode.REFUSED_STREAM));
  expect((await call).end).toMatchObject({ code: GrpcStatus.unavailable, sent: true });
});

test("frames that come late for a call that was given up do no harm", async () => {
  const { server, channel } = await connect();
  const call = new RecordedCall(channel, "Unary", { message: new Uint8Array(1) });
  const peer = await peerOf(server);
  call.call.cancel();
  await until(() => peer.of(FrameType.rstStream).length > 0);
  peer.send(...answer(peer));
  const next = unary(channel, "Unary", "y");
  await until(() => peer.of(FrameType.headers).length > 1);
  peer.send(
    wire.headers(3, peer.block(head), 4),
    wire.data(3, wire.message("a"), 0),
    wire.headers(3, peer.block(ok), 5),
  );
  expect((await next).end.code).toBe(0);
});

test("a server that speaks HTTP/1 has been sent nothing", async () => {
  const { channel } = await connect({}, (peer) => {
    peer.socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  expect((await unary(channel, "Unary", "x")).end).toMatchObject({
    code: GrpcStatus.unavailable,
    sent: false,
  });
});

test("a server that takes no bytes gets no more calls than it may, and holds no more than the limit", async () => {
  const limits = { outputHighWaterBytes: 10_000 };
  const { server, channel } = await connect({ limits }, (peer) => {
    peer.send(wire.settings([4, 1_000_000]));
    peer.send(wire.windowUpdate(0, 1_000_000_000));
    peer.socket.pause();
  });
  const calls = Array.from({ length: 5_000 }, () => unary(channel, "Unary", new Uint8Array(16_000)));
  await until(() => channel.waitingCount > 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  // The kernel takes some megabytes; the rest waits unsent.
  expect(channel.waitingCount).toBeGreaterThan(1_000);
  server.peers[0]?.socket.destroy();
  const unsent = (await Promise.race(calls)).end;
  expect(unsent.code).toBe(GrpcStatus.unavailable);
  channel.close();
  await Promise.all(calls);
});
