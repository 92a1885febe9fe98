import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { InteropServer } from "../testing/interop-server.js";
import { callUnary, connectClient, startInteropServer, uint32, until } from "../testing/interop-server.js";

let echo: InteropServer;
let client: grpc.Client;

beforeAll(async () => {
  echo = await startInteropServer({
    server: { maxReceiveMessageBytes: 2_000_000, maxSendMessageBytes: 20_000_000 },
  });
  client = connectClient(echo.address);
});

afterAll(async () => {
  client.close();
  await echo.close();
});

test.each([0, 1, 5, 300, 16_379, 16_380, 16_384, 65_535, 65_536, 1_000_000, 2_000_000])(
  "a unary message of %i bytes comes back whole",
  async (bytes) => {
    const body = Buffer.alloc(bytes);
    for (let i = 0; i < bytes; i++) body[i] = (i * 31) & 0xff;
    const { error, response } = await callUnary(client, { method: "Unary", body });
    expect(error).toBeNull();
    expect(response?.equals(body)).toBe(true);
  },
);

test("a reply may come after the handler has returned", async () => {
  const { response } = await callUnary(client, { method: "Later", body: Buffer.from("late") });
  expect(response?.toString()).toBe("late");
});

test("a response of 10 MiB passes the client's flow control", async () => {
  const bytes = 10 * 1024 * 1024;
  const { error, response } = await callUnary(client, { method: "Large", body: uint32(bytes) });
  expect(error).toBeNull();
  expect(response?.length).toBe(bytes);
  expect(response?.every((byte) => byte === 0x61)).toBe(true);
});

test("1000 calls at once on one connection are all answered, each with its own", async () => {
  const outcomes = await Promise.all(
    Array.from(
      { length: 1000 },
      async (_, i) => await callUnary(client, { method: i % 2 ? "Unary" : "Later", body: uint32(i) }),
    ),
  );
  expect(outcomes.map(({ response }) => response?.readUInt32BE(0))).toEqual(
    Array.from({ length: 1000 }, (_, i) => i),
  );
});

test("twenty responses of 1 MiB at once share the connection", async () => {
  const outcomes = await Promise.all(
    Array.from(
      { length: 20 },
      async () => await callUnary(client, { method: "Large", body: uint32(1 << 20) }),
    ),
  );
  expect(outcomes.map(({ response }) => response?.length)).toEqual(new Array(20).fill(1 << 20));
});

test.each(Array.from({ length: 16 }, (_, i) => i + 1))(
  "status code %i arrives with its text",
  async (code) => {
    const body = Buffer.concat([Uint8Array.of(code), Buffer.from(`etcdserver: why ${code}`)]);
    const { error } = await callUnary(client, { method: "Fail", body });
    expect(error?.code).toBe(code);
    expect(error?.details).toBe(`etcdserver: why ${code}`);
  },
);

test.each(["100% sure", "línea\nnueva", "日本語 – ☃", "tab\tand \u0007 bell"])(
  "the status text %j arrives as it was",
  async (text) => {
    const { error } = await callUnary(client, {
      method: "Fail",
      body: Buffer.concat([Uint8Array.of(9), Buffer.from(text)]),
    });
    expect(error?.details).toBe(text);
  },
);

test("a code outside the table becomes UNKNOWN", async () => {
  const { error } = await callUnary(client, { method: "Fail", body: Buffer.from([77, 0x78]) });
  expect(error?.code).toBe(grpc.status.UNKNOWN);
});

test.each([
  ["/test.Nothing/Unary", "unknown service test.Nothing"],
  ["/test.Echo/Nothing", "unknown method Nothing for service test.Echo"],
  ["/Unary", 'malformed method name: "/Unary"'],
])("%s is refused as UNIMPLEMENTED: %s", async (method, text) => {
  const { error } = await callUnary(client, { method, body: Buffer.alloc(0) });
  expect(error?.code).toBe(grpc.status.UNIMPLEMENTED);
  expect(error?.details).toBe(text);
});

test("metadata arrives in both directions, text and bytes, headers and trailers", async () => {
  const metadata = new grpc.Metadata();
  metadata.add("x-text", "one");
  metadata.add("x-text", "two");
  metadata.add("x-data-bin", Buffer.from([0, 1, 254, 255]));
  const { headers, status } = await callUnary(client, {
    method: "Metadata",
    body: Buffer.alloc(3),
    metadata,
  });
  expect(headers?.get("x-text")).toEqual(["one, two"]);
  expect(status.metadata.get("x-data-bin")).toEqual([Buffer.from([0, 1, 254, 255])]);
  expect(status.metadata.get("x-trailing")).toEqual(["yes"]);
});

test("a request above the limit is refused with both numbers in the text", async () => {
  const { error } = await callUnary(client, { method: "Unary", body: Buffer.alloc(2_000_001) });
  expect(error?.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
  expect(error?.details).toBe("grpc: received message larger than max (2000001 vs. 2000000)");
  const next = await callUnary(client, { method: "Unary", body: Buffer.from("still there") });
  expect(next.response?.toString()).toBe("still there");
});

test("a response above the limit fails the call, not the connection", async () => {
  const { error } = await callUnary(client, { method: "Large", body: uint32(20_000_001) });
  expect(error?.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
});

test("a passed deadline ends the call and tells the handler", async () => {
  echo.cancelled.length = 0;
  const { error } = await callUnary(client, {
    method: "Never",
    body: Buffer.alloc(0),
    options: { deadline: Date.now() + 40 },
  });
  expect(error?.code).toBe(grpc.status.DEADLINE_EXCEEDED);
  await until(() => echo.cancelled.length > 0);
  // Whose clock rings first decides: the client's reset or the server's own deadline.
  expect(["cancelled", "deadline-exceeded"]).toContain(echo.cancelled[0]);
});

test("a cancelled call tells the handler", async () => {
  echo.cancelled.length = 0;
  const before = echo.server.counters.callsOpen;
  const call = client.makeUnaryRequest(
    "/test.Echo/Never",
    Buffer.from,
    Buffer.from,
    Buffer.alloc(0),
    () => undefined,
  );
  await until(() => echo.server.counters.callsOpen === before + 1);
  call.cancel();
  await until(() => echo.cancelled.length > 0);
  expect(echo.cancelled).toEqual(["cancelled"]);
  expect(echo.server.counters.callsOpen).toBe(before);
});

test("calls are counted by method and by status", async () => {
  const counters = echo.server.methodCounters().find(({ method }) => method === "Fail");
  const before = counters?.handledByStatus[grpc.status.ABORTED] ?? 0;
  await callUnary(client, { method: "Fail", body: Buffer.from([grpc.status.ABORTED]) });
  expect(counters?.handledByStatus[grpc.status.ABORTED]).toBe(before + 1);
  expect(counters?.service).toBe("test.Echo");
});
