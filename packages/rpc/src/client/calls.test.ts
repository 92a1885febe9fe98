/** Calls of all kinds, against our own server. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GrpcStatus } from "../status.js";
import { openChannel, RecordedCall, textOf, unary } from "../testing/client-calls.js";
import { startInteropServer, uint32, until, type InteropServer } from "../testing/interop-server.js";
import type { GrpcChannel } from "./channel.js";

let server: InteropServer;
let channel: GrpcChannel;
beforeAll(async () => {
  server = await startInteropServer({ server: { maxReceiveMessageBytes: 64 * 1024 * 1024 } });
  channel = openChannel(server.port.port, { maxReceiveMessageBytes: 64 * 1024 * 1024 });
});
afterAll(async () => {
  channel.close();
  await server.close();
});

describe("a unary call", () => {
  test("brings its answer", async () => {
    const { end, message } = await unary(channel, "Unary", "hello");
    expect([end.code, end.sent, textOf(message)]).toEqual([GrpcStatus.ok, true, "hello"]);
  });

  test("gets bytes that nobody else has", async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => unary(channel, "Unary", `m${i}`)));
    expect(answers.map(({ message }) => textOf(message))).toEqual(answers.map((_, i) => `m${i}`));
    const buffers = new Set(answers.map(({ message }) => message?.buffer));
    expect(buffers.size).toBe(answers.length);
    expect(answers[0]?.message?.constructor).toBe(Uint8Array);
  });

  test("may be empty both ways", async () => {
    const { end, message } = await unary(channel, "Unary");
    expect([end.code, message?.length]).toEqual([0, 0]);
  });

  test.each([100, 16_378, 16_379, 16_380, 70_000, 5_000_000])("carries %d bytes both ways", async (bytes) => {
    const body = Buffer.alloc(bytes, "abcdefg");
    const { end, message } = await unary(channel, "Unary", body);
    expect(end.code).toBe(0);
    expect(Buffer.from(message ?? []).equals(body)).toBe(true);
  });

  test("tells a refusal in its words, whatever letters they have", async () => {
    const text = "nein: 100% übel\n— 残念";
    const { end, message } = await unary(
      channel,
      "Fail",
      Buffer.concat([Uint8Array.of(9), Buffer.from(text)]),
    );
    expect(end).toMatchObject({ code: GrpcStatus.failedPrecondition, message: text, sent: true });
    expect(message).toBeUndefined();
  });

  test("of a method that nobody serves is told so", async () => {
    expect((await unary(channel, "/no.Such/Method")).end.code).toBe(GrpcStatus.unimplemented);
  });

  test("takes metadata along and brings some back", async () => {
    const metadata = { "x-text": "a text", "x-data-bin": Buffer.from([1, 2, 255]).toString("base64") };
    const call = new RecordedCall(channel, "Metadata", { metadata, message: new Uint8Array(1) });
    const end = await call.ended;
    expect(call.head?.get("x-text")).toBe("a text");
    expect([...(end.metadata.getBytes("x-data-bin") ?? [])]).toEqual([1, 2, 255]);
    expect(end.metadata.get("x-trailing")).toBe("yes");
  });

  test.each([
    ["a name of gRPC's own", { "grpc-timeout": "1S" }],
    ["a name that is none", { "X-Upper": "v" }],
    ["a name of the transport's", { te: "trailers" }],
    ["a line break", { "x-text": "a\nb" }],
    ["letters that are not latin1", { "x-text": "残念" }],
  ])("is not sent with metadata that has %s", async (_, metadata) => {
    const { end } = await unary(channel, "Unary", "", { metadata });
    expect(end).toMatchObject({ code: GrpcStatus.internal, sent: false });
  });

  test("of many at once is answered as it was asked, when metadata and time differ from call to call", async () => {
    const calls = Array.from({ length: 300 }, async (_, i) => {
      const metadata = { "x-text": `text ${i % 7}`, [`x-name-${i % 90}`]: "v".repeat(i % 60) };
      const call = new RecordedCall(channel, "Metadata", {
        metadata,
        timeoutMs: 5_000 + i * 100,
        message: Buffer.from(`m${i}`),
      });
      const { code } = await call.ended;
      return [code, call.head?.get("x-text"), textOf(call.messages[0])];
    });
    const answers = await Promise.all(calls);
    expect(answers).toEqual(answers.map((_, i) => [0, `text ${i % 7}`, `m${i}`]));
  });
});

describe("the time of a call", () => {
  test("ends it at both ends", async () => {
    const before = server.cancelled.length;
    const { end } = await unary(channel, "Never", "", { timeoutMs: 50 });
    expect(end).toMatchObject({ code: GrpcStatus.deadlineExceeded, sent: true });
    await until(() => server.cancelled.length > before);
  });

  test("does not end one that is answered", async () => {
    expect((await unary(channel, "Later", "x", { timeoutMs: 5_000 })).end.code).toBe(0);
  });
});

describe("cancelling", () => {
  test("ends a call at both ends, and telling it again changes nothing", async () => {
    const before = server.cancelled.length;
    const call = new RecordedCall(channel, "Never", { message: new Uint8Array(0) });
    await until(() => channel.openCount > 0);
    call.call.cancel();
    call.call.cancel();
    expect(await call.ended).toMatchObject({ code: GrpcStatus.cancelled, sent: true });
    await until(() => server.cancelled.length > before);
  });

  test("within a message's listener ends what follows", async () => {
    const call = new RecordedCall(channel, "Count", { message: uint32(1_000) });
    call.onEach = () => {
      call.call.cancel();
    };
    expect((await call.ended).code).toBe(GrpcStatus.cancelled);
    expect(call.messages).toHaveLength(1);
  });
});

describe("streams", () => {
  test("of a server arrive complete and in order", async () => {
    const call = new RecordedCall(channel, "Count", { message: uint32(5_000) });
    expect((await call.ended).code).toBe(0);
    expect(call.messages.map((each) => Buffer.from(each).readUInt32BE(0))).toEqual(
      Array.from({ length: 5_000 }, (_, i) => i),
    );
  });

  test("of a server that fails bring what came before", async () => {
    const call = new RecordedCall(channel, "CountAndFail", { message: new Uint8Array(0) });
    expect(await call.ended).toMatchObject({ code: GrpcStatus.aborted, message: "enough" });
    expect(call.messages.map(([first]) => first)).toEqual([0, 1, 2]);
  });

  test("of a client are counted by the server, at the pace that it takes them", async () => {
    const call = new RecordedCall(channel, "Sum");
    let waits = 0;
    for (let i = 0; i < 2_000; i++) {
      if (call.call.send(Buffer.alloc(1_000, i))) continue;
      waits++;
      const { drains } = call;
      await until(() => call.drains > drains);
    }
    call.call.end();
    expect((await call.ended).code).toBe(0);
    const answer = Buffer.from(call.messages[0] ?? []);
    expect([answer.readUInt32BE(0), answer.readUInt32BE(4)]).toEqual([2_000, 2_000_000]);
    expect(waits).toBeGreaterThan(0);
  });

  test("both ways echo", async () => {
    const call = new RecordedCall(channel, "Bidi");
    for (let i = 0; i < 20; i++) call.call.send(Buffer.from(`${i}`));
    await until(() => call.messages.length === 20);
    call.call.send(Buffer.alloc(100_000, 7));
    call.call.end();
    expect((await call.ended).code).toBe(0);
    expect(call.messages.slice(0, 20).map(textOf)).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
    expect(call.messages[20]).toHaveLength(100_000);
  });

  test("that are paused bring a window's worth at most, and the rest later", async () => {
    const total = 20_000;
    const call = new RecordedCall(channel, "Count", { message: uint32(total) });
    call.onEach = () => {
      if (call.messages.length === 10) call.call.pause();
    };
    await until(() => call.messages.length > 10);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const { streamWindowBytesMax } = channel.options.limits;
    expect(call.messages.length * 1_000).toBeLessThanOrEqual(streamWindowBytesMax);
    // Others are not held up.
    expect((await unary(channel, "Unary", "x")).end.code).toBe(0);
    call.onEach = () => undefined;
    call.call.resume();
    expect((await call.ended).code).toBe(0);
    expect(call.messages).toHaveLength(total);
  });

  test("that were ended by the server take no more, and are not missed", async () => {
    const call = new RecordedCall(channel, "Hold");
    await until(() => server.held.length > 0);
    server.held.shift()?.fail(GrpcStatus.aborted, "no more");
    expect(await call.ended).toMatchObject({ code: GrpcStatus.aborted, message: "no more" });
    expect(call.call.send(new Uint8Array(10))).toBe(true);
    expect(channel.openCount).toBe(0);
  });

  test("a thousand of them, opened and cancelled, leave nothing", async () => {
    const calls = Array.from({ length: 1_000 }, () => new RecordedCall(channel, "Bidi"));
    for (const { call } of calls) call.send(Buffer.from("x"));
    await until(() => calls.every(({ messages }) => messages.length === 1));
    for (const { call } of calls) call.cancel();
    expect((await Promise.all(calls.map(({ ended }) => ended))).every(({ code }) => code === 1)).toBe(true);
    expect([channel.openCount, channel.waitingCount, channel.wheel.size]).toEqual([0, 0, 0]);
    expect((await unary(channel, "Unary", "x")).end.code).toBe(0);
  });
});

describe("limits on messages", () => {
  test("refuse what is larger than the client takes", async () => {
    const narrow = openChannel(server.port.port, { maxReceiveMessageBytes: 1_000 });
    const { end } = await unary(narrow, "Large", uint32(1_001));
    expect(end).toMatchObject({ code: GrpcStatus.resourceExhausted, sent: true });
    expect((await unary(narrow, "Large", uint32(1_000))).message).toHaveLength(1_000);
    narrow.close();
  });

  test("refuse what is larger than it sends", async () => {
    const narrow = openChannel(server.port.port, { maxSendMessageBytes: 1_000 });
    const { end } = await unary(narrow, "Unary", Buffer.alloc(1_001));
    expect(end).toMatchObject({ code: GrpcStatus.resourceExhausted, sent: false });
    const stream = new RecordedCall(narrow, "Bidi");
    stream.call.send(Buffer.alloc(1_001));
    expect((await stream.ended).code).toBe(GrpcStatus.resourceExhausted);
    narrow.close();
  });
});
