/** Connections of a channel: how they come about, what ends them, and what becomes of the calls. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import {
  frame,
  goaway,
  headers,
  ping,
  settings,
  FrameType,
  ErrorCode,
  windowUpdate,
} from "../conformance/testing/frames.js";
import { GrpcStatus } from "../status.js";
import * as certificates from "../testing/certificates.js";
import { openChannel, RecordedCall, textOf, unary } from "../testing/client-calls.js";
import {
  startInteropServer,
  until,
  type InteropOptions,
  type InteropServer,
} from "../testing/interop-server.js";
import { GrpcChannel } from "./channel.js";
import type { ConnectionEvent, GrpcChannelOptions } from "./options.js";
import { RawServer } from "./testing/raw-server.js";

const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function serve(options: InteropOptions = {}): Promise<InteropServer> {
  const server = await startInteropServer(options);
  cleanups.push(() => server.close());
  return server;
}

async function serveRaw(...args: Parameters<typeof RawServer.start>): Promise<RawServer> {
  const server = await RawServer.start(...args);
  cleanups.push(() => server.stop());
  return server;
}

function open(port: number, options: Partial<GrpcChannelOptions> = {}): GrpcChannel {
  const channel = openChannel(port, options);
  cleanups.push(() => {
    channel.close();
  });
  return channel;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const notSent = { code: GrpcStatus.unavailable, sent: false };
const maybeSent = { code: GrpcStatus.unavailable, sent: true };

describe("a connection that does not come about", () => {
  test("where nobody listens: all who wait are told, and later calls at once until the pause is over", async () => {
    const port = await freePort();
    const events: ConnectionEvent[] = [];
    const channel = open(port, { reconnectMinMs: 60_000, onConnection: (event) => events.push(event) });
    const calls = await Promise.all([unary(channel, "Unary"), unary(channel, "Unary")]);
    for (const { end } of calls) expect(end).toMatchObject(notSent);
    expect(calls[0].end.message).toContain("ECONNREFUSED");
    expect((await unary(channel, "Unary")).end).toMatchObject(notSent);
    expect(events.map(({ kind }) => kind)).toEqual(["failed"]);
  });

  test("is tried again after the pause", async () => {
    const port = await freePort();
    const channel = open(port, { reconnectMinMs: 1 });
    expect((await unary(channel, "Unary")).end).toMatchObject(notSent);
    await serve({ port: { port } });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await unary(channel, "Unary", "x")).end.code).toBe(0);
  });

  test("because the server says nothing is given up in time", async () => {
    const server = await serveRaw(() => undefined);
    const channel = open(server.port, { connectTimeoutMs: 50 });
    const { end } = await unary(channel, "Unary");
    expect(end).toMatchObject(notSent);
    expect(end.message).toContain("50 ms");
    await until(() => server.peers[0]?.isClosed === true);
  });

  test("does not hold up a call whose own time is shorter, nor one that is cancelled", async () => {
    const server = await serveRaw(() => undefined);
    const channel = open(server.port);
    const { end } = await unary(channel, "Unary", "", { timeoutMs: 30 });
    expect(end).toMatchObject({ code: GrpcStatus.deadlineExceeded, sent: false });
    const call = new RecordedCall(channel, "Bidi");
    call.call.cancel();
    expect(await call.ended).toMatchObject({ code: GrpcStatus.cancelled, sent: false });
    expect(channel.waitingCount).toBe(0);
  });
});

describe("a channel", () => {
  test("connects when it is first used, once, and keeps what was asked for meanwhile", async () => {
    const server = await serve();
    const events: ConnectionEvent[] = [];
    const channel = open(server.port.port, { onConnection: (event) => events.push(event) });
    expect(server.server.counters.connectionsTotal).toBe(0);
    const bidi = new RecordedCall(channel, "Bidi");
    bidi.call.send(Buffer.from("early"));
    bidi.call.end();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => unary(channel, "Unary", `${i}`)));
    expect(answers.map(({ message }) => textOf(message))).toEqual(answers.map((_, i) => `${i}`));
    expect((await bidi.ended).code).toBe(0);
    expect(bidi.messages.map(textOf)).toEqual(["early"]);
    expect(server.server.counters.connectionsTotal).toBe(1);
    expect(events).toEqual([{ kind: "connected" }]);
  });

  test("that is closed ends what is under way and takes nothing more", async () => {
    const server = await serve();
    const channel = open(server.port.port);
    const [held, never] = [new RecordedCall(channel, "Hold"), unary(channel, "Never")];
    await until(() => channel.openCount === 2);
    channel.close();
    expect(await held.ended).toMatchObject({ code: GrpcStatus.cancelled, sent: true });
    expect((await never).end.code).toBe(GrpcStatus.cancelled);
    expect((await unary(channel, "Unary")).end).toMatchObject({ code: GrpcStatus.cancelled, sent: false });
    await until(() => server.server.counters.connectionsOpen === 0);
    expect(server.cancelled.length).toBeGreaterThan(0);
  });

  test("that is closed while it connects tells those who wait", async () => {
    const server = await serveRaw(() => undefined);
    const channel = open(server.port);
    const call = unary(channel, "Unary");
    await until(() => server.peers.length > 0);
    channel.close();
    expect((await call).end).toMatchObject({ code: GrpcStatus.cancelled, sent: false });
    await until(() => server.peers[0]?.isClosed === true);
  });

  test("lets as many calls run as the server takes, and the others wait in order", async () => {
    const server = await serve({ server: { maxConcurrentStreams: 2 } });
    const channel = open(server.port.port);
    await unary(channel, "Unary");
    const held = [new RecordedCall(channel, "Hold"), new RecordedCall(channel, "Hold")];
    await until(() => server.held.length === 2);
    const order: string[] = [];
    const waiting = ["a", "b", "c"].map((text) => unary(channel, "Unary", text).then(() => order.push(text)));
    const cancelled = new RecordedCall(channel, "Unary", { message: new Uint8Array(0) });
    expect([channel.openCount, channel.waitingCount]).toEqual([2, 4]);
    cancelled.call.cancel();
    expect(await cancelled.ended).toMatchObject({ code: GrpcStatus.cancelled, sent: false });
    expect(channel.waitingCount).toBe(3);
    held[0]?.call.cancel();
    await Promise.all(waiting);
    expect(order).toEqual(["a", "b", "c"]);
    held[1]?.call.cancel();
  });

  test("lets no more calls wait than the limit says", async () => {
    const server = await serveRaw(() => undefined);
    const channel = open(server.port, { limits: { waitingCallsMax: 3 } });
    const calls = Array.from({ length: 4 }, () => unary(channel, "Unary"));
    const last = await calls[3];
    expect(last?.end).toMatchObject({ code: GrpcStatus.resourceExhausted, sent: false });
    expect(channel.waitingCount).toBe(3);
    channel.close();
    await Promise.all(calls);
  });

  test("has nothing ticking, and no process kept alive, while no call is open", async () => {
    const server = await serve();
    const channel = open(server.port.port);
    await unary(channel, "Unary", "x", { timeoutMs: 5_000 });
    // The server's end of the connection is in this process, too, and keeps it alive.
    const sockets = (): number =>
      process.getActiveResourcesInfo().filter((resource) => resource === "TCPSocketWrap").length;
    expect(channel.wheel.size).toBe(0);
    const idle = sockets();
    const call = new RecordedCall(channel, "Hold");
    await until(() => channel.openCount === 1);
    expect([channel.wheel.size, sockets()]).toEqual([1, idle + 1]);
    call.call.cancel();
    await call.ended;
    expect([channel.wheel.size, sockets()]).toEqual([0, idle]);
  });
});

describe("a connection that is lost", () => {
  test("because the server died: calls may have been begun, and the next one connects anew", async () => {
    const server = await serveRaw();
    const events: ConnectionEvent[] = [];
    const channel = open(server.port, { onConnection: (event) => events.push(event) });
    const calls = [unary(channel, "Unary"), new RecordedCall(channel, "Bidi").ended.then((end) => ({ end }))];
    await until(() => server.peers[0]?.of(FrameType.headers).length === 2);
    server.peers[0]?.socket.resetAndDestroy();
    for (const call of calls) expect((await call).end).toMatchObject(maybeSent);
    await until(() => events.length === 2);
    expect(events.map(({ kind }) => kind)).toEqual(["connected", "lost"]);
    const next = unary(channel, "Unary");
    await until(() => server.peers.length === 2);
    channel.close();
    expect((await next).end.code).toBe(GrpcStatus.cancelled);
  });

  test("because it broke a rule is torn down though the server takes no bytes", async () => {
    const server = await serveRaw((peer) => {
      peer.send(settings([4, 1_000_000]), windowUpdate(0, 100_000_000));
      peer.socket.pause();
    });
    const events: ConnectionEvent[] = [];
    const channel = open(server.port, {
      limits: { outputHighWaterBytes: 20_000_000 },
      onConnection: (event) => events.push(event),
    });
    // More than the kernel takes: the goodbye waits behind it.
    const calls = Array.from({ length: 1_000 }, () => unary(channel, "Unary", new Uint8Array(16_000)));
    await until(() => channel.openCount === 1_000);
    server.peers[0]?.send(ping("unasked"), frame({ type: FrameType.pushPromise, streamId: 1 }));
    for (const call of calls) expect((await call).end).toMatchObject(maybeSent);
    await until(() => events.some(({ kind }) => kind === "lost"));
  });

  test("with no call on it is not missed", async () => {
    const server = await serve();
    const events: ConnectionEvent[] = [];
    const channel = open(server.port.port, { onConnection: (event) => events.push(event) });
    await unary(channel, "Unary");
    server.server.close();
    await until(() => events.length === 2);
    expect(events[1]?.kind).toBe("closed");
  });

  test("because the server went silent is noticed by a ping, while a call is open", async () => {
    const server = await serveRaw();
    const channel = open(server.port, { keepaliveTimeMs: 30, keepaliveTimeoutMs: 30 });
    const { end } = await unary(channel, "Unary");
    expect(end).toMatchObject(maybeSent);
    expect(end.message).toContain("no sign of life");
    expect(server.peers[0]?.of(FrameType.ping)).toHaveLength(1);
  });

  test("is not taken for lost as long as pings are answered", async () => {
    const server = await serve({ server: { keepaliveMinPingIntervalMs: 1 } });
    const channel = open(server.port.port, { keepaliveTimeMs: 20, keepaliveTimeoutMs: 500 });
    const call = new RecordedCall(channel, "Hold");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(call.end).toBeUndefined();
    call.call.cancel();
  });

  test("because the server found pings too frequent: it is pinged half as often from then on", async () => {
    const server = await serveRaw();
    const channel = open(server.port, { keepaliveTimeMs: 40, keepaliveTimeoutMs: 5_000 });
    const first = unary(channel, "Unary");
    await until(() => (server.peers[0]?.of(FrameType.ping).length ?? 0) > 0);
    const begunMs = performance.now();
    server.peers[0]?.send(goaway(0, ErrorCode.ENHANCE_YOUR_CALM, "too_many_pings"));
    const { end } = await first;
    expect(end).toMatchObject(notSent);
    expect(end.message).toContain("too_many_pings");
    const second = unary(channel, "Unary");
    await until(() => (server.peers[1]?.of(FrameType.ping).length ?? 0) > 0);
    expect(performance.now() - begunMs).toBeGreaterThanOrEqual(79);
    channel.close();
    await second;
  });

  test("in the middle of a flood of calls: each of them is told once", async () => {
    const server = await serve();
    const channel = open(server.port.port, { reconnectMinMs: 1 });
    let isOver = false;
    const codes = new Map<string, number>();
    const caller = async (): Promise<void> => {
      while (!isOver) {
        const { end } = await unary(channel, "Later", "x".repeat(100));
        codes.set(`${end.code} ${end.sent}`, (codes.get(`${end.code} ${end.sent}`) ?? 0) + 1);
      }
    };
    const callers = Array.from({ length: 50 }, caller);
    for (let i = 0; i < 10; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      server.server.drain(5).catch(() => undefined);
    }
    isOver = true;
    await Promise.all(callers);
    for (const kind of codes.keys()) expect(["0 true", "14 true", "14 false"]).toContain(kind);
    expect([channel.openCount, channel.waitingCount]).toEqual([0, 0]);
  });
});

describe("a server that shuts down gracefully", () => {
  test("serves what it has begun, and new calls go to its successor", async () => {
    const server = await serve();
    const { port } = server.port;
    const channel = open(port);
    const held = new RecordedCall(channel, "Hold");
    await until(() => server.held.length === 1);
    await server.port.close();
    const drained = server.server.drain(10_000);
    const successor = await serve({ port: { port } });
    await until(() => channel.openCount === 1);
    // The goodbye may still be on its way: calls until then are served by the old one or were not begun.
    for (;;) {
      const { end } = await unary(channel, "Unary", "x");
      if (end.code !== 0) expect(end).toMatchObject(notSent);
      if (successor.server.counters.callsTotal > 0) break;
    }
    server.held[0]?.send(Buffer.from("late"));
    server.held[0]?.end();
    expect((await held.ended).code).toBe(0);
    expect(held.messages.map(textOf)).toEqual(["late"]);
    await drained;
  });
});

describe("over TLS", () => {
  const { authority, serverCertificate, serverKey, clientCertificate, clientKey } = certificates;
  const serverTls = { cert: serverCertificate, key: serverKey };

  test("the server's certificate is checked, and calls are served", async () => {
    const server = await serve({ port: { tls: serverTls } });
    const channel = open(server.port.port, { tls: { ca: authority } });
    const body = Buffer.alloc(1_000_000, "tls");
    const { end, message } = await unary(channel, "Unary", body);
    expect(end.code).toBe(0);
    expect(Buffer.from(message ?? []).equals(body)).toBe(true);
  });

  test("a certificate of nobody's, or of another name, is refused before anything is sent", async () => {
    const server = await serve({ port: { tls: serverTls } });
    for (const tls of [{}, { ca: authority, servername: "elsewhere.example" }]) {
      const { end } = await unary(open(server.port.port, { tls }), "Unary");
      expect(end).toMatchObject(notSent);
    }
    expect(server.server.counters.callsTotal).toBe(0);
  });

  test("the client proves who it is where it is asked to", async () => {
    const tls = { ...serverTls, ca: authority, requestCert: true, rejectUnauthorized: true };
    const server = await serve({
      port: { tls },
      methods: {
        Who: { kind: "unary", handler: (call) => call.reply(Buffer.from(call.peerCommonName ?? "nobody")) },
      },
    });
    const own = { ca: authority, cert: clientCertificate, key: clientKey };
    expect(textOf((await unary(open(server.port.port, { tls: own }), "Who")).message)).toBe("alice");
    const { end } = await unary(open(server.port.port, { tls: { ca: authority } }), "Who");
    expect(end.code).toBe(GrpcStatus.unavailable);
  });

  test("a server that does not agree on h2 has been sent nothing", async () => {
    const sockets: Socket[] = [];
    const server = createTlsServer(serverTls, (socket) => sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const channel = open((server.address() as AddressInfo).port, { tls: { ca: authority } });
    const { end } = await unary(channel, "Unary");
    expect(end).toMatchObject(notSent);
    expect(end.message).toContain("h2");
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});

test("a unix socket is an address as any", async () => {
  const folder = mkdtempSync(join(tmpdir(), "rpc-client-"));
  cleanups.push(() => {
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, "server.sock");
  const server = await serve({ port: { path } });
  const channel = new GrpcChannel({ address: { path }, authority: "localhost" });
  cleanups.push(() => {
    channel.close();
  });
  expect(textOf((await unary(channel, "Unary", "by path")).message)).toBe("by path");
  expect(server.server.counters.connectionsTotal).toBe(1);
});

test("pings of the server are answered, and its wishes for the header table are followed", async () => {
  const server = await serveRaw((peer) => {
    peer.send(settings([1, 0]), ping("hi"));
  });
  const channel = open(server.port);
  const calls = Array.from({ length: 3 }, () => unary(channel, "Unary", "x"));
  await until(() => server.peers[0]?.of(FrameType.headers).length === 3);
  const peer = server.peers[0];
  expect(peer?.of(FrameType.ping)[0]?.payload.toString()).toBe("hi......");
  const blocks = peer?.of(FrameType.headers).map(({ payload }) => payload) ?? [];
  // The first one tells the size of the table, none; the next ones are literals, and thus alike.
  expect(blocks[0]?.[0]).toBe(0x20);
  expect(blocks[1]?.equals(blocks[2] ?? Buffer.alloc(0))).toBe(true);
  peer?.send(
    ...[1, 3, 5].map((id) =>
      headers(
        id,
        peer.block([
          [":status", "200"],
          ["grpc-status", "5"],
        ]),
        5,
      ),
    ),
  );
  for (const call of calls) expect((await call).end.code).toBe(GrpcStatus.notFound);
  peer?.send(frame({ type: FrameType.settings, flags: 1 }));
});
