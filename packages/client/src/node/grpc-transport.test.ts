import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { etcdserverpb, GrpcStatus } from "@quorate/proto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestServer, type TestServer } from "../testing/test-server.js";
import { createClient } from "./create-client.js";
import { createGrpcTransport } from "./grpc-transport.js";

const { range, put } = etcdserverpb.KV.method;
const key = new TextEncoder().encode("k");

/** Takes connections and says nothing: a machine that hangs. */
class Mute {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server = createServer((socket) => {
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

const mute = new Mute();
let muteEndpoint: string;
let server: TestServer;
beforeAll(async () => {
  muteEndpoint = await mute.start();
  server = await startTestServer();
});
afterAll(async () => {
  await mute.stop();
  await server.stop();
});

describe("an endpoint where no connection comes about", () => {
  test("has not been sent anything", async () => {
    const channel = createGrpcTransport().connect(muteEndpoint);
    const error: unknown = await channel.unary(put, { key }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "ChannelError", code: GrpcStatus.Unavailable, sent: false });
    channel.close();
  });

  test("costs no write and no stream: they go elsewhere", async () => {
    await using client = createClient({ endpoints: [muteEndpoint, server.endpoint] });
    await Promise.all(Array.from({ length: 10 }, (_, i) => client.put(`mute/${i}`, "v")));
    expect(await client.count({ prefix: "mute/" })).toBe(10);
    await using watch = client.watch({ prefix: "mute/" });
    await watch.ready;
  });
});

test("an endpoint where nobody listens has not been sent anything", async () => {
  const gone = new Mute();
  const endpoint = await gone.start();
  await gone.stop();
  const channel = createGrpcTransport().connect(endpoint);
  await expect(channel.unary(range, { key })).rejects.toMatchObject({
    code: GrpcStatus.Unavailable,
    sent: false,
  });
  channel.close();
});

test("a closed channel ends what is under way and takes nothing more", async () => {
  const channel = createGrpcTransport().connect(muteEndpoint);
  const call = channel.unary(range, { key });
  channel.close();
  await expect(call).rejects.toMatchObject({ code: GrpcStatus.Canceled });
  await expect(channel.unary(range, { key })).rejects.toMatchObject({ sent: false });
  expect(() => channel.bidi(etcdserverpb.Watch.method.watch)).toThrow("the channel is closed");
});

test("a deadline is told as such", async () => {
  const channel = createGrpcTransport().connect(muteEndpoint);
  const call = channel.unary(range, { key }, { timeoutMs: 50 });
  await expect(call).rejects.toMatchObject({ code: GrpcStatus.DeadlineExceeded, sent: false });
  channel.close();
});

test("answers larger than the client takes are refused", async () => {
  const client = createClient({ endpoints: server.endpoint, receiveBytesMax: 1000 });
  await client.put("large", "x".repeat(5000));
  await expect(client.get("large")).rejects.toMatchObject({ code: GrpcStatus.ResourceExhausted });
  client.close();
});
