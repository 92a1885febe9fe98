/** What every transport on Node keeps: the promises of the port `transport.ts`, with either of them. */
import { getEventListeners } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { BidiCall, UnaryCall } from "@quorate/rpc";
import { create, etcdserverpb, GrpcStatus, toBinary } from "@quorate/proto";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { TRANSPORTS } from "../testing/bench.js";
import { startScriptedServer, until, type Script, type ScriptedServer } from "../testing/scripted-server.js";
import { startTestServer, type TestServer } from "../testing/test-server.js";
import type { Channel, Transport } from "../transport.js";
import { createClient, type TransportName } from "./create-client.js";
import { createGrpcTransport } from "./grpc-transport.js";
import { createSocketTransport } from "./socket-transport.js";
import type { GrpcTransportOptions } from "./transport-options.js";

const { range, rangeStream, put } = etcdserverpb.KV.method;
const { watch } = etcdserverpb.Watch.method;
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

const createTransport: Readonly<Record<TransportName, (options?: GrpcTransportOptions) => Transport>> = {
  "grpc-js": createGrpcTransport,
  sockets: createSocketTransport,
};

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

test("a transport that there is not is refused", () => {
  const transport = "carrier pigeons" as TransportName;
  expect(() => createClient({ endpoints: "a:1", transport })).toThrow(TypeError);
});

describe.each(TRANSPORTS)("over %s", (transport) => {
  const cleanups: (() => void | Promise<void>)[] = [];
  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean();
  });
  const open = (endpoint: string, options?: GrpcTransportOptions): Channel => {
    const channel = createTransport[transport](options).connect(endpoint);
    cleanups.push(() => channel.close());
    return channel;
  };
  const script = async (how: Script, port?: number): Promise<ScriptedServer> => {
    const scripted = await startScriptedServer(how, port);
    cleanups.push(() => scripted.stop());
    return scripted;
  };

  describe("an endpoint where no connection comes about", () => {
    test("has not been sent anything", async () => {
      const error: unknown = await open(muteEndpoint)
        .unary(put, { key })
        .catch((reason: unknown) => reason);
      expect(error).toMatchObject({ name: "ChannelError", code: GrpcStatus.Unavailable, sent: false });
    });

    test("costs no write and no stream: they go elsewhere", async () => {
      await using client = createClient({ endpoints: [muteEndpoint, server.endpoint], transport });
      const prefix = `mute/${transport}/`;
      await Promise.all(Array.from({ length: 10 }, (_, i) => client.put(`${prefix}${i}`, "v")));
      expect(await client.count({ prefix })).toBe(10);
      await using watching = client.watch({ prefix });
      await watching.ready;
    });

    test("because nobody listens has not been sent anything", async () => {
      const gone = new Mute();
      const endpoint = await gone.start();
      await gone.stop();
      await expect(open(endpoint).unary(range, { key })).rejects.toMatchObject({
        code: GrpcStatus.Unavailable,
        sent: false,
      });
    });
  });

  test("a closed channel ends what is under way and takes nothing more", async () => {
    const channel = open(muteEndpoint);
    const call = channel.unary(range, { key });
    channel.close();
    await expect(call).rejects.toMatchObject({ code: GrpcStatus.Canceled });
    await expect(channel.unary(range, { key })).rejects.toMatchObject({ sent: false });
    const reading = channel.serverStream(rangeStream, { key })[Symbol.asyncIterator]().next();
    await expect(reading).rejects.toMatchObject({ sent: false });
  });

  test("a deadline is told as such, sent or not", async () => {
    const unsent = open(muteEndpoint).unary(range, { key }, { timeoutMs: 50 });
    await expect(unsent).rejects.toMatchObject({ code: GrpcStatus.DeadlineExceeded, sent: false });
    const silent = await script({ range: () => undefined });
    const channel = open(silent.endpoint);
    // Connected by then: the time is used up by the server.
    await channel.unary(range, { key }, { timeoutMs: 500 }).catch(() => undefined);
    const sent = channel.unary(range, { key }, { timeoutMs: 50 });
    await expect(sent).rejects.toMatchObject({ code: GrpcStatus.DeadlineExceeded, sent: true });
  });

  test("a signal ends a call with its reason, here and at the server, and is not listened to afterwards", async () => {
    const cancelled: string[] = [];
    const held = await script({ range: (call) => call.onCancel((reason) => cancelled.push(reason)) });
    const channel = open(held.endpoint);
    const ending = new AbortController();
    const call = channel.unary(range, { key }, { signal: ending.signal });
    await until(() => held.grpc.counters.callsOpen === 1);
    const reason = new Error("enough");
    ending.abort(reason);
    await expect(call).rejects.toBe(reason);
    await until(() => cancelled.length === 1);
    await expect(channel.unary(range, { key }, { signal: ending.signal })).rejects.toBe(reason);
    expect(held.grpc.counters.callsTotal).toBe(1);
  });

  test("many calls share a signal's one listener", async () => {
    const channel = open(server.endpoint);
    const { signal } = new AbortController();
    await Promise.all(Array.from({ length: 100 }, () => channel.unary(range, { key }, { signal })));
    expect(getEventListeners(signal, "abort").length).toBeLessThanOrEqual(1);
  });

  test("answers larger than the client takes are refused, large ones below that arrive", async () => {
    const client = createClient({ endpoints: server.endpoint, receiveBytesMax: 200_000, transport });
    cleanups.push(() => client.close());
    await client.put(`large/${transport}/a`, "x".repeat(150_000));
    await client.put(`large/${transport}/b`, "y".repeat(150_000));
    expect((await client.get(`large/${transport}/a`))?.value).toHaveLength(150_000);
    await expect(client.getAll({ prefix: `large/${transport}/` })).rejects.toMatchObject({
      code: GrpcStatus.ResourceExhausted,
    });
  });

  test("an answer that is none is told, and may have had an effect", async () => {
    const babbling = await script({ range: (call) => call.reply(Uint8Array.of(0xff, 0xff, 0xff)) });
    await expect(open(babbling.endpoint).unary(range, { key })).rejects.toMatchObject({
      code: GrpcStatus.Internal,
      sent: true,
    });
  });

  test("refusals keep their code and their words", async () => {
    const refusing = await script({
      range: (call) => call.fail(GrpcStatus.FailedPrecondition, "nein: 100% übel"),
    });
    await expect(open(refusing.endpoint).unary(range, { key })).rejects.toMatchObject({
      code: GrpcStatus.FailedPrecondition,
      message: "nein: 100% übel",
      sent: true,
    });
  });

  test("metadata goes with the call", async () => {
    const seen: (string | undefined)[] = [];
    const curious = await script({
      range: (call) => {
        seen.push(call.metadata.get("token"), call.metadata.get("hasleader"));
        call.reply(new Uint8Array(0));
      },
    });
    const channel = open(curious.endpoint);
    await channel.unary(range, { key }, { metadata: { token: "t", hasleader: "true" } });
    await channel.unary(range, { key }, { metadata: {} });
    expect(seen).toEqual(["t", "true", undefined, undefined]);
  });

  describe("a server that goes", () => {
    test("in the middle of a call leaves its fate unknown, and the next call goes to its successor", async () => {
      const first = await script({ range: () => undefined });
      const channel = open(first.endpoint);
      const call = channel.unary(range, { key });
      const reading = channel.bidi(watch);
      const broken = reading[Symbol.asyncIterator]().next();
      await until(() => first.grpc.counters.callsOpen === 2);
      await first.stop();
      await expect(call).rejects.toMatchObject({ code: GrpcStatus.Unavailable, sent: true });
      await expect(broken).rejects.toMatchObject({ name: "ChannelError" });
      await script({}, Number(first.endpoint.split(":")[1]));
      // Channels pause before they connect again.
      let answer: unknown;
      await until(() => {
        channel.unary(range, { key }).then(
          (message) => (answer = message),
          () => undefined,
        );
        return answer !== undefined;
      });
    });

    test("gracefully serves what it has begun, and new calls go to its successor", async () => {
      const begun: UnaryCall[] = [];
      const first = await script({ range: (call) => void begun.push(call) });
      const channel = open(first.endpoint);
      const call = channel.unary(range, { key });
      await until(() => first.grpc.counters.callsOpen === 1);
      await first.unlisten();
      const drained = first.grpc.drain(30_000);
      const second = await script({}, Number(first.endpoint.split(":")[1]));
      await until(() => {
        if (second.grpc.counters.callsTotal > 0) return true;
        channel.unary(range, { key }, { timeoutMs: 1000 }).catch(() => undefined);
        return false;
      });
      for (const each of begun) each.reply(new Uint8Array(0));
      await expect(call).resolves.toMatchObject({ kvs: [] });
      channel.close();
      await drained;
    });
  });

  describe("streams", () => {
    const message = (size: number): Uint8Array =>
      toBinary(
        etcdserverpb.RangeStreamResponseSchema,
        create(etcdserverpb.RangeStreamResponseSchema, {
          rangeResponse: { kvs: [{ key, value: new Uint8Array(size) }] },
        }),
      );

    test("of a reader who takes nothing stop the server, and lose nothing", async () => {
      const total = 30_000;
      let sent = 0;
      const content = message(1_000);
      const streaming = await script({
        rangeStream: (call) => {
          const run = (): void => {
            while (sent < total) {
              sent++;
              if (!call.send(content)) return;
            }
            call.end();
          };
          call.onDrain(run);
          run();
        },
      });
      let read = 0;
      let sentThen = -1;
      for await (const { rangeResponse } of open(streaming.endpoint).serverStream(rangeStream, { key })) {
        read += rangeResponse?.kvs.length ?? 0;
        if (read !== 10) continue;
        // Until the server has not been able to send for a while.
        while (sent !== sentThen) {
          sentThen = sent;
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
        expect(sent).toBeLessThan(total);
      }
      expect(read).toBe(total);
    });

    test("that are left end the call at the server", async () => {
      const cancelled: string[] = [];
      const endless = await script({
        rangeStream: (call) => {
          call.onCancel((reason) => cancelled.push(reason));
          for (let i = 0; i < 5; i++) call.send(message(10));
        },
      });
      for await (const each of open(endless.endpoint).serverStream(rangeStream, { key })) {
        expect(each.rangeResponse?.kvs).toHaveLength(1);
        break;
      }
      await until(() => cancelled.length === 1);
    });

    test("that fail bring what came before, and then the failure", async () => {
      const failing = await script({
        rangeStream: (call) => {
          for (let i = 0; i < 3; i++) call.send(message(10));
          setTimeout(() => call.fail(GrpcStatus.Aborted, "enough"), 50);
        },
      });
      let count = 0;
      const read = async (): Promise<void> => {
        for await (const { rangeResponse } of open(failing.endpoint).serverStream(rangeStream, { key }))
          count += rangeResponse?.kvs.length ?? 0;
      };
      await expect(read()).rejects.toMatchObject({ code: GrpcStatus.Aborted, message: "enough" });
      expect(count).toBe(3);
    });

    test("ask their senders to wait for a server that takes nothing, and end with the reason of their end", async () => {
      let held: BidiCall | undefined;
      const slow = await script({
        watch: (call) => {
          held = call;
          call.pause();
        },
      });
      const stream = open(slow.endpoint).bidi(watch);
      const request = {
        requestUnion: { case: "createRequest", value: { key: new Uint8Array(100_000) } },
      } as const;
      let waiting: Promise<void> | undefined;
      for (let i = 0; i < 1_000 && waiting === undefined; i++) {
        const sending = stream.send(request);
        let isTaken = false;
        void sending.then(() => (isTaken = true));
        await new Promise((resolve) => setTimeout(resolve, 5));
        if (!isTaken) waiting = sending;
      }
      expect(waiting).toBeDefined();
      held?.onMessage(() => undefined);
      held?.resume();
      await waiting;
      held?.fail(GrpcStatus.Aborted, "no more");
      const reading = stream[Symbol.asyncIterator]().next();
      await expect(reading).rejects.toMatchObject({ code: GrpcStatus.Aborted });
      await expect(stream.send(request)).rejects.toMatchObject({ message: "no more" });
    });

    test("a thousand of them, opened and closed, leave nothing", async () => {
      const echoing = await script({
        watch: (call) => {
          call.onMessage(() => call.send(new Uint8Array(0)));
          call.onEnd(() => call.end());
        },
      });
      const channel = open(echoing.endpoint);
      const { signal } = new AbortController();
      const use = async (): Promise<void> => {
        const stream = channel.bidi(watch, { signal });
        await stream.send({ requestUnion: { case: "progressRequest", value: {} } });
        for await (const answer of stream) {
          expect(answer.events).toEqual([]);
          break;
        }
      };
      for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 100 }, use));
      await until(() => echoing.grpc.counters.callsOpen === 0);
      expect(echoing.grpc.counters).toMatchObject({ callsTotal: 1_000, connectionsOpen: 1 });
      expect(getEventListeners(signal, "abort").length).toBeLessThanOrEqual(1);
      channel.close();
      await until(() => echoing.grpc.counters.connectionsOpen === 0);
    });
  });
});
