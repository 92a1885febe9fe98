import { once } from "node:events";
import { connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import * as grpc from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import type { InteropOptions, InteropServer } from "../testing/interop-server.js";
import {
  callUnary,
  connectClient,
  pass,
  startInteropServer,
  uint32,
  until,
} from "../testing/interop-server.js";

/** The flag of grpc-js for a message that goes uncompressed. */
const noCompress = 2;

let echo: InteropServer | undefined;

afterEach(async () => {
  await echo?.close();
  echo = undefined;
});

async function start(options: InteropOptions = {}): Promise<InteropServer> {
  echo = await startInteropServer(options);
  return echo;
}

test("drain lets open calls end, refuses new connections, and resolves when all is quiet", async () => {
  const { server, address, held } = await start();
  const client = connectClient(address);
  const call = client.makeBidiStreamRequest("/test.Echo/Hold", pass, pass);
  const statuses: number[] = [];
  call.on("error", () => undefined).on("status", (status: grpc.StatusObject) => statuses.push(status.code));
  call.resume();
  await until(() => held.length === 1);
  let drained = false;
  const done = server.drain(60_000).then(() => (drained = true));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(drained).toBe(false);
  expect(held[0]?.send(Buffer.from("still here"))).toBe(true);
  held[0]?.end();
  await done;
  await until(() => statuses.length === 1);
  expect(statuses).toEqual([0]);
  expect(server.counters.connectionsOpen).toBe(0);
  client.close();
});

test("drain sends two GOAWAYs: the first still takes calls, the second tells the last one", async () => {
  const { server, address, held } = await start();
  const session = connect(`http://${address}`);
  const goaways: number[] = [];
  session.on("goaway", (_code, lastStreamId) => goaways.push(lastStreamId));
  const stream = session.request({
    ":method": "POST",
    ":path": "/test.Echo/Hold",
    "content-type": "application/grpc",
  });
  stream.on("error", () => undefined);
  await until(() => held.length === 1);
  const done = server.drain(60_000);
  await until(() => goaways.length === 2);
  expect(goaways).toEqual([2 ** 31 - 1, 1]);
  held[0]?.end();
  stream.resume();
  await done;
  await until(() => session.destroyed);
});

test("drain cuts off what is open when the grace has passed, and tells the handler", async () => {
  const { server, address, held, cancelled } = await start();
  const client = connectClient(address);
  client.makeBidiStreamRequest("/test.Echo/Hold", pass, pass).on("error", () => undefined);
  await until(() => held.length === 1);
  await server.drain(50);
  expect(cancelled).toEqual(["connection-lost"]);
  client.close();
});

test("drain with nothing open resolves at once, undecided connections included", async () => {
  const { server, port } = await start();
  const silent = connectTcp(port.port, "127.0.0.1");
  await once(silent, "connect");
  silent.on("error", () => undefined);
  await server.drain(60_000);
  expect(server.counters.connectionsOpen).toBe(0);
});

test("gzip requests are inflated in order with plain ones", async () => {
  const { address } = await start();
  const client = connectClient(address, { "grpc.default_compression_algorithm": 2 });
  const body = Buffer.alloc(500_000, "compress me ");
  expect((await callUnary(client, { method: "Unary", body })).response?.equals(body)).toBe(true);
  const call = client.makeBidiStreamRequest("/test.Echo/Bidi", pass, pass);
  const sizes: number[] = [];
  call.on("data", (message: Buffer) => sizes.push(message.length));
  const expected = [100_000, 0, 7, 200_000, 1];
  for (const [i, size] of expected.entries()) {
    const flags = i % 2 === 1 ? noCompress : 0;
    call.write(Buffer.alloc(size, 7), flags as unknown as BufferEncoding);
  }
  call.end();
  await once(call, "status");
  expect(sizes).toEqual(expected);
  client.close();
});

test("a message that inflates beyond the limit is refused", async () => {
  const { address } = await start({ server: { maxReceiveMessageBytes: 10_000 } });
  const client = connectClient(address, { "grpc.default_compression_algorithm": 2 });
  const { error } = await callUnary(client, { method: "Unary", body: Buffer.alloc(1_000_000) });
  expect(error?.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
  client.close();
});

test("responses are compressed when the option is on, streams and large messages in order", async () => {
  const { address, server } = await start({ server: { compressResponses: true } });
  const client = connectClient(address);
  const before = server.counters.bytesSent;
  expect((await callUnary(client, { method: "Large", body: uint32(1_000_000) })).response?.length).toBe(
    1_000_000,
  );
  expect(server.counters.bytesSent - before).toBeLessThan(50_000);
  const call = client.makeBidiStreamRequest("/test.Echo/Bidi", pass, pass);
  const messages: Buffer[] = [];
  call.on("data", (message: Buffer) => messages.push(message));
  const sizes = [3, 50_000, 1, 2, 3_000, 0];
  for (const size of sizes) call.write(Buffer.alloc(size, size & 0xff));
  call.end();
  const [status] = (await once(call, "status")) as [grpc.StatusObject];
  expect(status.code).toBe(0);
  expect(messages.map((message) => message.length)).toEqual(sizes);
  const failing = await callUnary(client, { method: "Fail", body: Buffer.from([5, 0x6e, 0x6f]) });
  expect([failing.error?.code, failing.error?.details]).toEqual([5, "no"]);
  client.close();
});

test("a compressed server stream that is cancelled leaves nothing behind", async () => {
  const { address, server } = await start({ server: { compressResponses: true } });
  const client = connectClient(address);
  const call = client.makeServerStreamRequest("/test.Echo/Count", pass, pass, uint32(5_000));
  call.on("error", () => undefined);
  await once(call, "data");
  call.cancel();
  await until(() => server.counters.callsOpen === 0);
  const { response } = await callUnary(client, { method: "Unary", body: Buffer.from("alive") });
  expect(response?.toString()).toBe("alive");
  client.close();
});

test("the server's own deadline ends a call whose client does not", async () => {
  const { address, cancelled } = await start();
  const session = connect(`http://${address}`);
  const stream = session.request({
    ":method": "POST",
    ":path": "/test.Echo/Hold",
    "content-type": "application/grpc",
    "grpc-timeout": "40m",
  });
  const [headers] = (await once(stream, "response")) as [Record<string, string>];
  expect(headers["grpc-status"]).toBe("4");
  expect(headers["grpc-message"]).toBe("context deadline exceeded");
  expect(cancelled).toEqual(["deadline-exceeded"]);
  session.destroy();
});

test("a silent peer is pinged, and lost when it does not answer", async () => {
  const { server, port } = await start({ server: { keepaliveTimeMs: 40, keepaliveTimeoutMs: 40 } });
  const answering = connect(`http://127.0.0.1:${port.port}`);
  await once(answering, "connect");
  const silent = connectTcp(port.port, "127.0.0.1");
  silent.write(
    Buffer.concat([
      Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
      Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]),
    ]),
  );
  const received: Buffer[] = [];
  silent.on("data", (chunk) => received.push(chunk));
  await once(silent, "close");
  const ping = Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0]);
  expect(Buffer.concat(received).includes(ping)).toBe(true);
  await until(() => server.counters.connectionsOpen === 1);
  expect(answering.closed).toBe(false);
  answering.destroy();
});

test("the third hasty ping costs the connection: too_many_pings", async () => {
  const { address } = await start();
  const session = connect(`http://${address}`);
  await once(session, "connect");
  const goaway = once(session, "goaway") as Promise<[number, number, Buffer]>;
  session.on("error", () => undefined);
  for (let i = 0; i < 4; i++) session.ping(() => undefined);
  const [code, , debug] = await goaway;
  expect([code, debug.toString()]).toEqual([0xb, "too_many_pings"]);
});

test("the counters of a server balance after calls of all outcomes", async () => {
  const { address, server } = await start();
  const client = connectClient(address);
  for (const code of [0, 5, 5]) await callUnary(client, { method: "Fail", body: Buffer.of(code) });
  await callUnary(client, { method: "/no.Such/Method", body: Buffer.alloc(0) });
  const { counters } = server;
  await until(() => counters.callsOpen === 0);
  expect(counters.callsTotal).toBe(4);
  expect(counters.callsByStatus.reduce((sum, count) => sum + count)).toBe(4);
  expect([counters.callsByStatus[5], counters.callsByStatus[12]]).toEqual([2, 1]);
  expect(counters.bytesReceived).toBeGreaterThan(100);
  expect(counters.bytesSent).toBeGreaterThan(100);
  client.close();
});

test("an unknown message encoding is refused with the ones that are known", async () => {
  const { address } = await start();
  const session = connect(`http://${address}`);
  const stream = session.request({
    ":method": "POST",
    ":path": "/test.Echo/Unary",
    "content-type": "application/grpc",
    "grpc-encoding": "snappy",
  });
  const [headers] = (await once(stream, "response")) as [Record<string, string>];
  expect(headers["grpc-status"]).toBe("12");
  expect(headers["grpc-message"]).toBe('grpc: Decompressor is not installed for grpc-encoding "snappy"');
  expect(headers["grpc-accept-encoding"]).toBe("identity,gzip");
  session.destroy();
});
