import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import type * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { BidiCall } from "../index.js";
import type { InteropServer } from "../testing/interop-server.js";
import { connectClient, pass, startInteropServer, uint32, until } from "../testing/interop-server.js";

let echo: InteropServer;
let client: grpc.Client;

beforeAll(async () => {
  echo = await startInteropServer();
  client = connectClient(echo.address);
});

beforeEach(() => {
  echo.cancelled.length = 0;
  echo.held.length = 0;
});

afterAll(async () => {
  client.close();
  await echo.close();
});

function openBidi(method: string): grpc.ClientDuplexStream<Buffer, Buffer> {
  const call = client.makeBidiStreamRequest(`/test.Echo/${method}`, pass, pass);
  call.on("error", () => undefined);
  return call;
}

async function hold(): Promise<{ call: grpc.ClientDuplexStream<Buffer, Buffer>; held: BidiCall }> {
  const call = openBidi("Hold");
  await until(() => echo.held.length === 1);
  return { call, held: echo.held[0] as BidiCall };
}

async function finished(
  call: grpc.ClientReadableStream<Buffer>,
): Promise<{ messages: Buffer[]; status: grpc.StatusObject }> {
  const messages: Buffer[] = [];
  call.on("data", (message: Buffer) => messages.push(message));
  call.on("error", () => undefined);
  return await new Promise((resolve) => {
    call.on("status", (status) => {
      resolve({ messages, status });
    });
  });
}

test("a server stream of 5000 messages arrives complete and in order", async () => {
  const { messages, status } = await finished(
    client.makeServerStreamRequest("/test.Echo/Count", pass, pass, uint32(5000)),
  );
  expect(status.code).toBe(0);
  expect(messages.map((message) => message.readUInt32BE(0))).toEqual(
    Array.from({ length: 5000 }, (_, i) => i),
  );
});

test("a server stream without messages is OK", async () => {
  const { messages, status } = await finished(
    client.makeServerStreamRequest("/test.Echo/Count", pass, pass, uint32(0)),
  );
  expect(messages).toEqual([]);
  expect(status.code).toBe(0);
});

test("a server stream that fails delivers what came before", async () => {
  const { messages, status } = await finished(
    client.makeServerStreamRequest("/test.Echo/CountAndFail", pass, pass, uint32(0)),
  );
  expect(messages.map((message) => message[0])).toEqual([0, 1, 2]);
  expect([status.code, status.details]).toEqual([10, "enough"]);
});

test("a client that stops reading stops the server, and nothing is lost when it goes on", async () => {
  const call = client.makeServerStreamRequest("/test.Echo/Count", pass, pass, uint32(20_000));
  call.pause();
  const counters = echo.server.methodCounters().find(({ method }) => method === "Count");
  const sentBefore = counters?.messagesSent ?? 0;
  let last = -1;
  await until(() => {
    const sent = (counters?.messagesSent ?? 0) - sentBefore;
    const still = sent > 0 && sent === last;
    last = sent;
    return still;
  });
  expect(last).toBeLessThan(20_000);
  const done = finished(call);
  call.resume();
  expect((await done).messages.length).toBe(20_000);
});

test("a client stream of 3000 messages is counted whole", async () => {
  const answer = await new Promise<Buffer>((resolve, reject) => {
    const call = client.makeClientStreamRequest("/test.Echo/Sum", pass, pass, (error, response) => {
      if (error === null && response !== undefined) resolve(response);
      else reject(error ?? new Error("no response"));
    });
    for (let i = 0; i < 3000; i++) call.write(Buffer.alloc(700));
    call.end();
  });
  expect([answer.readUInt32BE(0), answer.readUInt32BE(4)]).toEqual([3000, 2_100_000]);
});

test("a client stream without messages is answered", async () => {
  const answer = await new Promise<Buffer | undefined>((resolve) => {
    client
      .makeClientStreamRequest("/test.Echo/Sum", pass, pass, (_error, response) => {
        resolve(response);
      })
      .end();
  });
  expect(answer?.readUInt32BE(0)).toBe(0);
});

test("a bidirectional stream echoes messages of all sizes in order", async () => {
  const call = openBidi("Bidi");
  const done = finished(call);
  const sizes = [0, 1, 16_379, 100, 70_000, 5, 1_000_000, 3];
  for (const size of sizes) call.write(Buffer.alloc(size, size & 0xff));
  call.end();
  const { messages, status } = await done;
  expect(messages.map((message) => message.length)).toEqual(sizes);
  expect(status.code).toBe(0);
});

test("a bidirectional stream answers before the client has ended", async () => {
  const call = openBidi("Bidi");
  const answer = new Promise<Buffer>((resolve) => call.once("data", resolve));
  call.write(Buffer.from("ping"));
  expect((await answer).toString()).toBe("ping");
  call.end();
  await finished(call);
});

test("a paused handler gets nothing, holds the client back, and gets everything after resume, in order", async () => {
  const { call, held } = await hold();
  const seen: number[] = [];
  held.onMessage((message) => seen.push(Buffer.from(message).readUInt32BE(0)));
  held.onEnd(() => {
    held.end();
  });
  held.pause();
  const body = (i: number): Buffer => Buffer.concat([uint32(i), Buffer.alloc(10_000)]);
  for (let i = 0; i < 200; i++) call.write(body(i));
  call.end();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(seen).toEqual([]);
  expect(echo.server.counters.bytesReceived).toBeGreaterThan(0);
  held.resume();
  await finished(call);
  expect(seen).toEqual(Array.from({ length: 200 }, (_, i) => i));
});

test("a handler may pause after each message", async () => {
  const { call, held } = await hold();
  const seen: number[] = [];
  let nested = false;
  held.onMessage((message) => {
    expect(nested).toBe(false);
    nested = true;
    seen.push(message[0] as number);
    held.pause();
    if (seen.length % 2 === 0) held.resume();
    else
      setImmediate(() => {
        held.resume();
      });
    nested = false;
  });
  held.onEnd(() => {
    held.end();
  });
  for (let i = 0; i < 20; i++) call.write(Buffer.of(i));
  call.end();
  await finished(call);
  expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test("cancelling a stream tells the handler once, and replies to it are ignored", async () => {
  const { call, held } = await hold();
  call.cancel();
  await until(() => echo.cancelled.length > 0);
  expect(held.ended).toBe(true);
  expect(held.send(Buffer.from("too late"))).toBe(true);
  held.end();
  held.fail(5, "too late");
  expect(echo.cancelled).toEqual(["cancelled"]);
});

test("a lost connection tells the handlers of all its streams", async () => {
  const tunnels: Socket[] = [];
  const tunnel = createServer((near) => {
    const far = connect(echo.port.port, "127.0.0.1");
    for (const socket of [near, far]) socket.on("error", () => undefined);
    tunnels.push(near.pipe(far).pipe(near), far);
  }).listen(0, "127.0.0.1");
  await once(tunnel, "listening");
  const other = connectClient(`127.0.0.1:${(tunnel.address() as AddressInfo).port}`);
  for (let i = 0; i < 3; i++)
    other.makeBidiStreamRequest("/test.Echo/Hold", pass, pass).on("error", () => undefined);
  await until(() => echo.held.length === 3);
  for (const socket of tunnels) socket.destroy();
  await until(() => echo.cancelled.length === 3);
  expect(echo.cancelled).toEqual(["connection-lost", "connection-lost", "connection-lost"]);
  other.close();
  tunnel.close();
});

test("send says stop while the client does not read, and bufferedBytes stays bounded", async () => {
  const { call, held } = await hold();
  call.pause();
  let accepted = 0;
  while (held.send(Buffer.alloc(1000))) accepted++;
  expect(accepted).toBeGreaterThan(10);
  expect(held.bufferedBytes).toBeLessThan(70_000);
  let drained = 0;
  held.onDrain(() => drained++);
  call.resume();
  await until(() => drained === 1);
  expect(held.bufferedBytes).toBeLessThanOrEqual(32_768);
  held.end();
  const { status } = await finished(call);
  expect(status.code).toBe(0);
});

test("headers go out with the first message and trailers with the end", async () => {
  const { call, held } = await hold();
  const headers = new Promise<grpc.Metadata>((resolve) => call.on("metadata", resolve));
  const done = finished(call);
  held.setHeader("x-first", "1");
  held.sendParts([Buffer.from("a"), Buffer.from("b")]);
  expect((await headers).get("x-first")).toEqual(["1"]);
  held.setTrailer("x-last", "2");
  held.end();
  const { messages, status } = await done;
  expect(messages.map(String)).toEqual(["ab"]);
  expect(status.metadata.get("x-last")).toEqual(["2"]);
});
