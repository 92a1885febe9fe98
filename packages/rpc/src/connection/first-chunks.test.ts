/** Connections that come in crowds, over real sockets. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { connect as connectHttp2 } from "node:http2";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { preface } from "../http2/frame.js";
import { createGrpcServer, type GrpcServer } from "../server.js";
import { GrpcStatus } from "../status.js";

/** So slow that a millisecond's budget is spent by each look at the clock. */
let nowMs: number;
let grpc: GrpcServer;
let server: Server;
let port: number;

beforeEach(async () => {
  nowMs = 0;
  grpc = createGrpcServer({ nowMs: () => (nowMs += 1), limits: { newcomersMs: 1 } });
  grpc.addService("echo.Echo", {
    Say: { kind: "unary", handler: (call, message) => call.reply(Buffer.from(message)) },
  });
  server = createServer({ allowHalfOpen: true }, (socket) => grpc.handleSocket(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ({ port } = server.address() as AddressInfo);
});
afterEach(async () => {
  grpc.close();
  await new Promise((resolve) => server.close(resolve));
});

/** @returns the status, and what came back. */
function say(text: string): Promise<[string, string]> {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const body = Buffer.from(text);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  const stream = session.request({
    ":method": "POST",
    ":path": "/echo.Echo/Say",
    "content-type": "application/grpc",
    te: "trailers",
  });
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let status = "";
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("trailers", (trailers) => (status = String(trailers["grpc-status"])));
    stream.on("error", reject);
    stream.on("close", () => {
      session.destroy();
      resolve([status, Buffer.concat(chunks).subarray(5).toString()]);
    });
    // In two parts, of which the second may come while the first waits in the lane.
    stream.write(head);
    stream.end(body);
  });
}

test("are all served, whole and in order, however little is done at a time", async () => {
  const texts = Array.from({ length: 200 }, (_, i) => `${i} `.repeat(i * 20));
  const answers = await Promise.all(texts.map(say));
  expect(answers).toEqual(texts.map((text) => [String(GrpcStatus.ok), text]));
});

test("whose prefaces come together are accepted a few at a time", async () => {
  const sockets = await Promise.all(
    Array.from({ length: 100 }, async () => {
      const socket = connect(port, "127.0.0.1");
      await new Promise((resolve) => socket.once("connect", resolve));
      return socket;
    }),
  );
  // By now all are listened to: what follows is read in one turn.
  expect(await say("before")).toEqual(["0", "before"]);
  const accepted = (): number => grpc.counters.connectionsTotal;
  for (const socket of sockets) socket.write(preface);
  let most = 0;
  for (let before = accepted(); accepted() < sockets.length + 1; before = accepted()) {
    await turn();
    most = Math.max(most, accepted() - before);
  }
  expect(most).toBeLessThan(10);
  for (const socket of sockets) socket.destroy();
});

test("that leave while they wait, politely or not, leave nothing behind", async () => {
  const sockets: Socket[] = Array.from({ length: 100 }, () => connect(port, "127.0.0.1"));
  await Promise.all(
    sockets.map(async (socket, i) => {
      await new Promise((resolve) => socket.once("connect", resolve));
      socket.on("error", () => undefined);
      socket.write(i % 3 === 0 ? preface : preface.subarray(0, 5));
      if (i % 2 === 0) socket.resetAndDestroy();
      else socket.destroy();
    }),
  );
  expect(await say("still here")).toEqual(["0", "still here"]);
  await grpc.drain(10_000);
  expect([grpc.counters.connectionsOpen, grpc.counters.connectionErrors]).toEqual([0, 0]);
});
