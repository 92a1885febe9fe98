import { describe, expect, test } from "vitest";
import * as h2 from "./testing/frames.js";
import { closed, connectionError, ignored, ok } from "./testing/outcome.js";
import { RawClient } from "./testing/raw-client.js";
import { request } from "./testing/requests.js";
import { describeRows, row } from "./testing/rows.js";
import { startTestServer } from "./testing/test-server.js";

const BY_HAND = { handshake: false } as const;
const HELLO = Buffer.concat([h2.PREFACE, h2.settings()]);

describeRows("RFC 9113 section 3: connection preface", [
  row("3.4 preface and SETTINGS", (client) => void client.send(HELLO), ignored(), BY_HAND),
  row(
    "3.4 preface and SETTINGS, one byte at a time",
    (client) => client.sendSlowly(HELLO),
    ignored(),
    BY_HAND,
  ),
  row(
    "3.4 preface, SETTINGS and a request in one packet",
    (client) => {
      client.send(HELLO, client.headers(1, request()), h2.data(1, h2.message()));
    },
    ok(1, "hello"),
    BY_HAND,
  ),
  row(
    "3.4 a request before the server's SETTINGS are acknowledged",
    (client) => {
      client.send(HELLO, client.headers(1, request()), h2.data(1, h2.message()), h2.settingsAck());
    },
    ok(1, "hello"),
    BY_HAND,
  ),
  ...[
    ["a wrong end", `${h2.PREFACE.toString("latin1").slice(0, 20)}XX\r\n`],
    ["a wrong version", "PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n"],
    ["lower case", h2.PREFACE.toString("latin1").toLowerCase()],
    ["zeros", "\0".repeat(24)],
    ["a TLS client hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".padEnd(300, "\x7f")],
    ["an HTTP/1.1 request, without a server for it", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"],
  ].map(([what, bytes]) =>
    row(
      `3.4 ${what} instead of the preface`,
      (client) => void client.send(Buffer.from(bytes as string, "latin1")),
      closed(),
      BY_HAND,
    ),
  ),
  ...(
    [
      ["PING", () => h2.ping("too soon")],
      ["WINDOW_UPDATE", () => h2.windowUpdate(0, 1)],
      ["GOAWAY", () => h2.goaway(0)],
      ["an unknown frame", () => h2.frame({ type: 0xff })],
      ["HEADERS", (client: RawClient) => client.headers(1, request())],
      ["DATA", () => h2.data(1, "x")],
    ] as const
  ).map(([what, first]) =>
    row(
      `3.4 ${what} instead of the first SETTINGS`,
      (client) => void client.send(h2.PREFACE, first(client)),
      connectionError("PROTOCOL_ERROR"),
      BY_HAND,
    ),
  ),
  row(
    "3.4 a client that leaves within the preface",
    (client) => {
      client.send(h2.PREFACE.subarray(0, 10));
      client.end();
    },
    closed(),
    BY_HAND,
  ),
  row(
    "3.4 a client that leaves after the preface",
    (client) => {
      client.send(h2.PREFACE);
      client.end();
    },
    closed(),
    BY_HAND,
  ),
  row("3.4 a client that leaves at once", (client) => client.end(), closed(), BY_HAND),
]);

describe("the server's preface", () => {
  test("3.4 is a SETTINGS frame with legal values, before anything else", async () => {
    const server = await startTestServer();
    const client = await RawClient.connect(server.port);
    try {
      await client.barrier();
      const [first] = client.received;
      expect(first).toMatchObject({ type: h2.FrameType.settings, flags: 0, streamId: 0 });
      const payload = first?.payload ?? Buffer.alloc(0);
      expect(payload.length % 6).toBe(0);
      const entries = new Map<number, number>();
      for (let at = 0; at < payload.length; at += 6)
        entries.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
      expect(entries.get(h2.Setting.enablePush) ?? 0).toBe(0);
      expect(entries.get(h2.Setting.initialWindowSize) ?? 0).toBeLessThanOrEqual(h2.WINDOW_BYTES_MAX);
      const maxFrameSize = entries.get(h2.Setting.maxFrameSize) ?? h2.DEFAULT_MAX_FRAME_BYTES;
      expect(maxFrameSize).toBeGreaterThanOrEqual(h2.DEFAULT_MAX_FRAME_BYTES);
      expect(maxFrameSize).toBeLessThan(2 ** 24);
    } finally {
      client.destroy();
      await server.close();
    }
  });
});
