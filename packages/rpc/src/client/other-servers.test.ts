/** Calls to servers that are not ours: grpc-js, and node:http2 by hand. */
import * as grpc from "@grpc/grpc-js";
import {
  constants,
  createServer as createHttp2Server,
  type Http2Server,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GrpcStatus } from "../status.js";
import { openChannel, RecordedCall, textOf, unary } from "../testing/client-calls.js";
import { pass, uint32, until } from "../testing/interop-server.js";
import type { GrpcChannel } from "./channel.js";

describe("a server of grpc-js", () => {
  const server = new grpc.Server({
    "grpc.max_receive_message_length": -1,
    "grpc.max_concurrent_streams": 50,
  });
  let channel: GrpcChannel;

  beforeAll(async () => {
    const method = (name: string, requestStream: boolean, responseStream: boolean): object => ({
      path: `/test.Echo/${name}`,
      requestStream,
      responseStream,
      requestSerialize: pass,
      requestDeserialize: pass,
      responseSerialize: pass,
      responseDeserialize: pass,
    });
    const service = {
      Unary: method("Unary", false, false),
      Fail: method("Fail", false, false),
      Never: method("Never", false, false),
      Count: method("Count", false, true),
      Sum: method("Sum", true, false),
      Bidi: method("Bidi", true, true),
    } as unknown as grpc.ServiceDefinition;
    server.addService(service, {
      Unary: (call: grpc.ServerUnaryCall<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
        const metadata = new grpc.Metadata();
        metadata.set("x-echo", String(call.metadata.get("x-text")[0] ?? ""));
        call.sendMetadata(metadata);
        done(null, call.request);
      },
      Fail: (_: unknown, done: grpc.sendUnaryData<Buffer>) => {
        const metadata = new grpc.Metadata();
        metadata.set("x-why-bin", Buffer.from([0, 1, 2]));
        done({ code: grpc.status.DATA_LOSS, details: "über 100%", metadata });
      },
      Never: () => undefined,
      Count: (call: grpc.ServerWritableStream<Buffer, Buffer>) => {
        for (let i = 0; i < call.request.readUInt32BE(0); i++) call.write(Buffer.alloc(1_000, i));
        call.end();
      },
      Sum: (call: grpc.ServerReadableStream<Buffer, Buffer>, done: grpc.sendUnaryData<Buffer>) => {
        let bytes = 0;
        call.on("data", (message: Buffer) => (bytes += message.length));
        call.on("end", () => {
          done(null, uint32(bytes));
        });
      },
      Bidi: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
        call.on("data", (message: Buffer) => call.write(message));
        call.on("end", () => {
          call.end();
        });
      },
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    channel = openChannel(port, { maxReceiveMessageBytes: 64 * 1024 * 1024 });
  });
  afterAll(() => {
    channel.close();
    server.forceShutdown();
  });

  test("answers, with metadata, messages of any size", async () => {
    for (const bytes of [0, 10, 20_000, 3_000_000]) {
      const body = Buffer.alloc(bytes, "x");
      const call = new RecordedCall(channel, "Unary", { message: body, metadata: { "x-text": "hi" } });
      expect((await call.ended).code).toBe(0);
      expect(call.head?.get("x-echo")).toBe("hi");
      expect(Buffer.from(call.messages[0] ?? []).equals(body)).toBe(true);
    }
  });

  test("refuses, in words and with details", async () => {
    const { end } = await unary(channel, "Fail");
    expect(end).toMatchObject({ code: GrpcStatus.dataLoss, message: "über 100%" });
    expect([...(end.metadata.getBytes("x-why-bin") ?? [])]).toEqual([0, 1, 2]);
  });

  test("streams every way", async () => {
    const count = new RecordedCall(channel, "Count", { message: uint32(1_000) });
    const sum = new RecordedCall(channel, "Sum");
    for (let i = 0; i < 100; i++) sum.call.send(Buffer.alloc(5_000));
    sum.call.end();
    const bidi = new RecordedCall(channel, "Bidi");
    for (let i = 0; i < 100; i++) bidi.call.send(Buffer.from(`${i}`));
    bidi.call.end();
    for (const { ended } of [count, sum, bidi]) expect((await ended).code).toBe(0);
    expect(count.messages).toHaveLength(1_000);
    expect(Buffer.from(sum.messages[0] ?? []).readUInt32BE(0)).toBe(500_000);
    expect(bidi.messages.map(textOf)).toEqual(Array.from({ length: 100 }, (_, i) => `${i}`));
  });

  test("takes as many calls as it said, a thousand one after another", async () => {
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, i) => unary(channel, "Unary", `${i}`)),
    );
    expect(answers.map(({ message }) => textOf(message))).toEqual(answers.map((_, i) => `${i}`));
  });

  test("is told of a deadline", async () => {
    expect((await unary(channel, "Never", "", { timeoutMs: 50 })).end.code).toBe(GrpcStatus.deadlineExceeded);
  });
});

describe("a server on node:http2", () => {
  const server: Http2Server = createHttp2Server({
    settings: { initialWindowSize: 1_000, headerTableSize: 100 },
  });
  let channel: GrpcChannel;
  let onStream: (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void = () => undefined;

  beforeAll(async () => {
    server.on("stream", (stream, headers) => {
      stream.on("error", () => undefined);
      onStream(stream, headers);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    channel = openChannel((server.address() as AddressInfo).port);
  });
  afterAll(() => {
    channel.close();
    server.close();
  });

  test("sees a request as gRPC has it, over windows of any size", async () => {
    const seen: Record<string, unknown>[] = [];
    let body = Buffer.alloc(0);
    onStream = (stream, headers) => {
      seen.push(headers);
      stream.on("data", (chunk: Buffer) => (body = Buffer.concat([body, chunk])));
      stream.on("end", () => {
        stream.respond(
          { ":status": 200, "content-type": "application/grpc+proto" },
          { waitForTrailers: true },
        );
        stream.on("wantTrailers", () => {
          stream.sendTrailers({ "grpc-status": "0" });
        });
        stream.end(Buffer.from([0, 0, 0, 0, 1, 42]));
      });
    };
    const message = Buffer.alloc(50_000, 1);
    const { end, message: answer } = await unary(channel, "/a.B/C", message, {
      timeoutMs: 3_000,
      metadata: { token: "secret" },
    });
    expect([end.code, answer?.[0]]).toEqual([0, 42]);
    expect(seen[0]).toMatchObject({
      ":method": "POST",
      ":scheme": "http",
      ":path": "/a.B/C",
      te: "trailers",
      "content-type": "application/grpc",
      "grpc-timeout": "3000m",
      token: "secret",
    });
    expect((seen[0] as Record<symbol, unknown>)[sensitive]).toContain("token");
    expect(body.length).toBe(50_005);
  });

  test("that resets, answers no gRPC, or goes", async () => {
    onStream = (stream) => {
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    };
    expect((await unary(channel, "Unary")).end).toMatchObject({ code: GrpcStatus.unavailable, sent: false });
    onStream = (stream) => {
      stream.respond({ ":status": 503 }, { endStream: true });
    };
    expect((await unary(channel, "Unary")).end).toMatchObject({ code: GrpcStatus.unavailable, sent: true });
    onStream = (stream) => {
      stream.session?.destroy();
    };
    expect((await unary(channel, "Unary")).end).toMatchObject({ code: GrpcStatus.unavailable, sent: true });
    await until(() => channel.openCount === 0);
  });
});

/** How node:http2 lists the names that must never be indexed. */
const { sensitiveHeaders: sensitive } = await import("node:http2");
