/**
 * Clients that mean harm. Each meets a server process of its own; the connection must end or the attack be harmless, the
 * server's memory must stay bounded, and the calls of another client must be answered all the while.
 */
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HpackEncoder } from "../hpack/hpack-encoder.js";
import type { HeaderField } from "../hpack/hpack-encoder.js";
import { statelessField } from "../hpack/hpack-literal.js";
import type { GrpcServerOptions } from "../options.js";
import { Bystander, many, pour } from "./testing/flood.js";
import * as h2 from "./testing/frames.js";
import { RawClient } from "./testing/raw-client.js";
import type { RawClientOptions } from "./testing/raw-client.js";
import { Method, request, requestWith } from "./testing/requests.js";
import { ServerBundle } from "./testing/start-server-process.js";

const { ErrorCode, Flag, Setting } = h2;
const kib = 1024;
const mib = 1024 * kib;

/** What one attacker may add to the server's live memory, measured after a collection while its connection is open. */
const LIVE_GROWTH_BYTES_MAX = 24 * mib;
/** What an attack may add to the process's peak, uncollected garbage and the young generation included. */
const PEAK_GROWTH_BYTES_MAX = 192 * mib;
const BYSTANDER_CALLS_MIN = 20;

interface Flood {
  readonly name: string;
  readonly attack: (client: RawClient) => Promise<unknown>;
  /** Codes of the GOAWAY that ends the connection; empty: it must end somehow; undefined: it may go on. */
  readonly ends?: readonly (keyof typeof ErrorCode)[];
  readonly options?: GrpcServerOptions;
  readonly connect?: RawClientOptions;
}

const CALM = ["ENHANCE_YOUR_CALM"] as const;

/** Ids for streams of an attack. */
function ids(): () => number {
  let last = -1;
  return () => (last += 2);
}

/** A block that means the same at any time. */
const blockOf = (fields: readonly HeaderField[]): Buffer =>
  Buffer.concat(fields.map(({ name, value }) => statelessField(name, value)));

const holdBlock = blockOf(request(Method.hold));
const echoBlock = blockOf(request());

/** DATA frames of the largest size that carry `bytes`. */
function inFrames(streamId: number, bytes: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += h2.DEFAULT_MAX_FRAME_BYTES) {
    frames.push(h2.data(streamId, bytes.subarray(at, at + h2.DEFAULT_MAX_FRAME_BYTES), Flag.none));
  }
  return frames;
}

const openHold = (id: number): Buffer => h2.headers(id, holdBlock, Flag.endHeaders);

/** Opens stream 1 and pours `frame` after it. */
const pourOnStream = (frame: Buffer) => async (client: RawClient) => {
  client.send(openHold(1));
  return await pour(client, () => many(50, () => frame));
};

const pourFrame = (frame: Buffer) => (client: RawClient) => pour(client, () => many(50, () => frame));

/** Pours what `perStream` makes of ever new streams. */
const pourStreams = (perStream: (id: number) => Buffer) => (client: RawClient) => {
  const next = ids();
  return pour(client, () => many(20, () => perStream(next())));
};

const beginBlock = h2.headers(1, holdBlock.subarray(0, 3), Flag.none);

const FLOODS: readonly Flood[] = [
  {
    name: "rapid reset (CVE-2023-44487)",
    attack: pourStreams((id) => Buffer.concat([openHold(id), h2.rstStream(id)])),
    ends: CALM,
  },
  {
    name: "resets provoked from the server by WINDOW_UPDATE of 0 (CVE-2025-8671)",
    attack: pourStreams((id) => Buffer.concat([openHold(id), h2.windowUpdate(id, 0)])),
    ends: CALM,
  },
  {
    name: "resets provoked from the server by malformed requests",
    attack: pourStreams((id) =>
      h2.headers(id, Buffer.concat([holdBlock, statelessField("Bad", "1")]), Flag.endHeaders),
    ),
    ends: CALM,
  },
  {
    name: "calls beyond the announced concurrency",
    attack: pourStreams(openHold),
    options: { maxConcurrentStreams: 10 },
  },
  {
    name: "calls without end, none finished",
    attack: pourStreams(openHold),
    options: { limits: { openCallsMax: 1000 } },
  },
  {
    name: "CONTINUATION without end (CVE-2024-27316)",
    attack: async (client) => {
      const part = h2.continuation(
        1,
        many(1000, () => statelessField("x-name", "a value")),
        Flag.none,
      );
      client.send(beginBlock);
      return await pour(client, () => part);
    },
    ends: CALM,
  },
  {
    name: "empty CONTINUATION without end",
    attack: async (client) => {
      client.send(beginBlock);
      return await pour(client, () => many(50, () => h2.continuation(1, Buffer.alloc(0), Flag.none)));
    },
    ends: CALM,
  },
  {
    name: "SETTINGS flood (CVE-2019-9515)",
    attack: pourFrame(h2.settings([Setting.initialWindowSize, 100])),
    ends: CALM,
  },
  {
    name: "SETTINGS flood, the acknowledgements unread",
    attack: async (client) => {
      client.pauseReading();
      await pour(client, () => many(50, () => h2.settings()));
      client.resumeReading();
    },
    ends: [],
  },
  {
    name: "SETTINGS of thousands of entries",
    attack: (client) =>
      pour(client, () => h2.settings(...new Array<readonly [number, number]>(2700).fill([0xf0, 1]))),
    ends: CALM,
  },
  { name: "acknowledgements of SETTINGS nobody sent", attack: pourFrame(h2.settingsAck()) },
  { name: "PING flood (CVE-2019-9512)", attack: pourFrame(h2.ping("again")), ends: CALM },
  {
    name: "PING flood, the replies unread, pings allowed",
    options: { keepaliveMinPingIntervalMs: 0, keepalivePermitWithoutStream: true },
    attack: async (client) => {
      client.pauseReading();
      await pour(client, () => many(50, () => h2.ping("unread")), 64 * mib);
      client.resumeReading();
    },
  },
  { name: "replies to PINGs nobody sent", attack: pourFrame(h2.ping("reply", Flag.ack)) },
  { name: "empty DATA flood (CVE-2019-9518)", attack: pourOnStream(h2.data(1, "", Flag.none)), ends: CALM },
  {
    name: "DATA of padding alone",
    attack: pourOnStream(h2.data(1, h2.padded(Buffer.alloc(0), 0), Flag.padded)),
    ends: CALM,
  },
  { name: "PRIORITY flood", attack: pourFrame(h2.priority(7, 3)), ends: CALM },
  { name: "unknown-frame flood", attack: pourFrame(h2.frame({ type: 0x77 })), ends: CALM },
  { name: "RST_STREAM flood on a closed stream", attack: pourOnStream(h2.rstStream(1)) },
  { name: "GOAWAY flood", attack: pourFrame(h2.goaway(0)) },
  { name: "WINDOW_UPDATE flood on the connection", attack: pourFrame(h2.windowUpdate(0, 1)), ends: CALM },
  { name: "WINDOW_UPDATE flood on a stream", attack: pourOnStream(h2.windowUpdate(1, 1)), ends: CALM },
  {
    name: "initial window size up and down with many open streams",
    attack: async (client) => {
      const next = ids();
      client.send(many(1000, () => openHold(next())));
      const toggle = Buffer.concat([
        h2.settings([Setting.initialWindowSize, 1]),
        h2.settings([Setting.initialWindowSize, 2]),
      ]);
      return await pour(client, () => toggle);
    },
    ends: CALM,
  },
  {
    name: "responses through windows of one byte (CVE-2019-9511)",
    connect: { settings: [[Setting.initialWindowSize, 1]] },
    attack: async (client) => {
      const streams = 100;
      const next = ids();
      client.send(
        many(streams, () => {
          const id = next();
          return Buffer.concat([
            client.headers(id, request(Method.produce)),
            h2.data(id, h2.message(h2.u32(100, 10_000))),
          ]);
        }),
      );
      let at = 0;
      return await pour(
        client,
        () => many(streams, () => h2.windowUpdate((at++ % streams) * 2 + 1, 1)),
        1 * mib,
      );
    },
  },
  {
    name: "a huge response, unread",
    connect: { settings: [[Setting.initialWindowSize, h2.WINDOW_BYTES_MAX]] },
    options: { limits: { stallTimeoutMs: 300 } },
    attack: async (client) => {
      client.send(h2.windowUpdate(0, h2.WINDOW_BYTES_MAX - h2.DEFAULT_WINDOW_BYTES));
      client.send(
        client.headers(1, request(Method.produce)),
        h2.data(1, h2.message(h2.u32(100_000, 100_000))),
      );
      client.pauseReading();
      await new Promise((resolve) => setTimeout(resolve, 1500));
      client.resumeReading();
    },
    ends: [],
  },
  {
    name: "large responses on many streams, no window for any",
    connect: { settings: [[Setting.initialWindowSize, 0]] },
    options: { limits: { queuedBytesMax: 8 * mib } },
    attack: pourStreams((id) =>
      Buffer.concat([
        h2.headers(
          id,
          Buffer.concat(request(Method.produce).map(({ name, value }) => statelessField(name, value))),
          Flag.endHeaders,
        ),
        h2.data(id, h2.message(h2.u32(10, 1 * mib))),
      ]),
    ),
  },
  {
    name: "unread answers of calls opened in one burst",
    connect: { settings: [[Setting.initialWindowSize, h2.WINDOW_BYTES_MAX]] },
    options: { limits: { queuedBytesMax: 8 * mib } },
    attack: async (client) => {
      client.send(h2.windowUpdate(0, h2.WINDOW_BYTES_MAX - h2.DEFAULT_WINDOW_BYTES));
      client.pauseReading();
      const next = ids();
      client.send(
        many(500, () => {
          const id = next();
          return Buffer.concat([
            client.headers(id, request(Method.large)),
            h2.data(id, h2.message(h2.u32(1 * mib))),
          ]);
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, 500));
      client.resumeReading();
    },
  },
  {
    name: "a preface that never comes",
    connect: { handshake: false },
    options: { limits: { prefaceTimeoutMs: 200 } },
    attack: () => Promise.resolve(),
    ends: [],
  },
  {
    name: "a preface one byte at a time",
    connect: { handshake: false },
    options: { limits: { prefaceTimeoutMs: 200 } },
    attack: async (client) => {
      for (const byte of h2.PREFACE) {
        client.send(Uint8Array.of(byte));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    ends: [],
  },
  {
    name: "a header block that never ends",
    options: { limits: { headerBlockTimeoutMs: 200 } },
    attack: (client) => Promise.resolve(client.send(beginBlock)),
    ends: [],
  },
  {
    name: "a header block that drips",
    options: { limits: { headerBlockTimeoutMs: 200 } },
    attack: async (client) => {
      client.send(beginBlock);
      for (let drops = 0; drops < 12 && !client.closed; drops++) {
        client.send(h2.continuation(1, Uint8Array.of(0x82), Flag.none));
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
    },
    ends: [],
  },
  {
    name: "SETTINGS that the client never acknowledges",
    connect: { handshake: false },
    options: { limits: { settingsAckTimeoutMs: 200 } },
    attack: (client) => Promise.resolve(client.send(h2.PREFACE, h2.settings())),
    ends: ["SETTINGS_TIMEOUT"],
  },
  {
    name: "HPACK bomb: one large entry, referred to by every byte",
    attack: async (client) => {
      const next = ids();
      const insert = new HpackEncoder().encode([{ name: "bomb", value: "x".repeat(4000) }]);
      client.send(h2.headers(next(), Buffer.concat([echoBlock, insert]), Flag.endHeaders));
      const bomb = Buffer.concat([echoBlock, Buffer.alloc(16_000, 0xbe)]);
      return await pour(client, () => h2.headers(next(), bomb, Flag.endHeaders | Flag.endStream));
    },
  },
  {
    name: "header lists of thousands of small fields",
    attack: async (client) => {
      const next = ids();
      const fields = many(2500, () => statelessField("a", ""));
      return await pour(client, () =>
        h2.headers(next(), Buffer.concat([echoBlock, fields]), Flag.endHeaders | Flag.endStream),
      );
    },
  },
  {
    name: "one very large field per request",
    attack: (client) => {
      const next = ids();
      const big = request(Method.hold, { "x-big": "b".repeat(15_000) });
      return pour(client, () => client.headers(next(), big));
    },
    options: { limits: { openCallsMax: 200 } },
  },
  {
    name: "messages announced as large on many streams",
    attack: pourStreams((id) =>
      Buffer.concat([
        h2.headers(id, echoBlock, Flag.endHeaders),
        h2.data(id, h2.message("x", 0, 4 * mib), Flag.none),
      ]),
    ),
    options: { limits: { openCallsMax: 2000 } },
  },
  {
    name: "unfinished messages on many streams",
    attack: pourStreams((id) =>
      Buffer.concat([
        h2.headers(id, echoBlock, Flag.endHeaders),
        h2.data(id, h2.message("", 0, 4 * mib), Flag.none),
        h2.data(id, Buffer.alloc(16_000), Flag.none),
      ]),
    ),
    options: { limits: { inboxBytesMax: 8 * mib } },
  },
  {
    name: "messages in one-byte frames",
    attack: pourOnStream(h2.data(1, "x", Flag.none)),
  },
  {
    name: "compressed messages faster than they can be inflated",
    options: { limits: { inboxBytesMax: 2 * mib } },
    attack: async (client) => {
      const next = ids();
      // Large before and after: the input fills a stream's window, the output takes milliseconds.
      const content = Buffer.concat([randomBytes(56 * kib), Buffer.alloc(3 * mib)]);
      const message = h2.message(gzipSync(content), 1);
      const block = blockOf(request(Method.collect, { "grpc-encoding": "gzip" }));
      const bytesMax = 96 * mib;
      return await pour(
        client,
        () => {
          const id = next();
          return Buffer.concat([h2.headers(id, block, Flag.endHeaders), ...inFrames(id, message)]);
        },
        bytesMax,
      );
    },
  },
  {
    name: "gzip bombs",
    attack: async (client) => {
      const next = ids();
      const bomb = h2.message(gzipSync(Buffer.alloc(12 * mib)), 1);
      return await pour(
        client,
        () => {
          const id = next();
          const headers = client.headers(id, requestWith(["grpc-encoding", "gzip"]));
          return Buffer.concat([headers, h2.data(id, bomb)]);
        },
        200 * bomb.length,
      );
    },
  },
];

describe("floods", () => {
  let bundle: ServerBundle;
  beforeAll(async () => {
    bundle = await ServerBundle.create();
  });
  afterAll(async () => {
    await bundle.remove();
  });

  test.each(FLOODS.map((flood) => [flood.name, flood] as const))("%s", async (_, flood) => {
    const { attack, ends, options, connect } = flood;
    const server = await bundle.start(options);
    const neighbour = await RawClient.connect(server.port);
    const attacker = await RawClient.connect(server.port, connect);
    try {
      const bystander = new Bystander(neighbour);
      await bystander.stop(BYSTANDER_CALLS_MIN);
      const before = await server.report();
      const during = new Bystander(neighbour);
      during.start();
      await attack(attacker);
      await during.stop(BYSTANDER_CALLS_MIN);
      const after = await server.report();
      if (ends !== undefined) {
        await attacker.untilClosed();
        if (ends.length > 0)
          expect(ends, attacker.describe()).toContain(h2.errorName(attacker.goaway?.code ?? -1));
      }
      expect(after.liveBytes - before.liveBytes).toBeLessThan(LIVE_GROWTH_BYTES_MAX);
      expect(after.peakBytes - before.peakBytes).toBeLessThan(PEAK_GROWTH_BYTES_MAX);
    } finally {
      attacker.destroy();
      neighbour.destroy();
      await server.stop();
    }
  });

  test("hundreds of connections that say nothing are closed, and their memory is given back", async () => {
    const server = await bundle.start({ limits: { prefaceTimeoutMs: 300 } });
    const neighbour = await RawClient.connect(server.port);
    const silent = await Promise.all(
      Array.from({ length: 300 }, () => RawClient.connect(server.port, { handshake: false })),
    );
    try {
      await Promise.all(silent.map((client) => client.untilClosed()));
      await new Bystander(neighbour).stop(BYSTANDER_CALLS_MIN);
      expect((await server.report()).connectionsOpen).toBe(1);
    } finally {
      neighbour.destroy();
      for (const client of silent) client.destroy();
      await server.stop();
    }
  });

  test("calls of an attacker that leaves are ended", async () => {
    const server = await bundle.start();
    const attacker = await RawClient.connect(server.port);
    const neighbour = await RawClient.connect(server.port);
    try {
      const next = ids();
      attacker.send(many(500, () => openHold(next())));
      await attacker.barrier();
      expect((await server.report()).callsOpen).toBe(500);
      attacker.destroy();
      // The loss shows at the server when it shows; calls in between prove that it goes on.
      const bystander = new Bystander(neighbour);
      let open = 500;
      for (let calls = 1; open > 0 && calls < 1000; calls++) {
        await bystander.stop(calls);
        open = (await server.report()).callsOpen;
      }
      expect(open).toBe(0);
    } finally {
      neighbour.destroy();
      await server.stop();
    }
  });
});
