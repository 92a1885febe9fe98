/**
 * The gRPC protocol over HTTP/2: what hostile or broken requests are answered with. Where the protocol's text leaves the
 * status open it is grpc-go's, because etcd's clients have seen no other server.
 */
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { GrpcStatus } from "../status.js";
import * as h2 from "./testing/frames.js";
import { expectAlive, ok, status, untilEnded } from "./testing/outcome.js";
import { RawClient } from "./testing/raw-client.js";
import { Method, request } from "./testing/requests.js";
import type { FieldChanges, MethodName } from "./testing/requests.js";
import { describeRows, row } from "./testing/rows.js";
import type { Row } from "./testing/rows.js";
import { PINGS_ALLOWED, startTestServer } from "./testing/test-server.js";
import type { TestServer } from "./testing/test-server.js";

const { Flag } = h2;
const kib = 1024;
/** Below the smallest window, so that no row need wait for WINDOW_UPDATE. */
const MESSAGE_BYTES_MAX = 32 * kib;
const COMPRESSED = 1;

/** A request whose DATA is `body`, whole, with END_STREAM. */
const call =
  (body: Uint8Array, changes: FieldChanges = {}, method: MethodName = Method.echo) =>
  (client: RawClient): void => {
    client.send(client.headers(1, request(method, changes)));
    for (let at = 0; at < body.length; at += h2.DEFAULT_MAX_FRAME_BYTES) {
      client.send(h2.data(1, body.subarray(at, at + h2.DEFAULT_MAX_FRAME_BYTES), Flag.none));
    }
    client.send(h2.data(1, ""));
  };

/** A row of the table below: the call fails with a status. */
const fails = (title: string, code: number, act: Row["act"], http?: string): Row =>
  row(`gRPC ${title}`, act, status(1, code, http));

const succeeds = (title: string, act: Row["act"], ...messages: string[]): Row =>
  row(`gRPC ${title}`, act, ok(1, ...messages));

const both = (...parts: Uint8Array[]): Buffer => Buffer.concat(parts);
const hello = h2.message();

describeRows(
  "gRPC message framing",
  [
    fails(
      "a message beyond the limit",
      GrpcStatus.resourceExhausted,
      call(h2.message(Buffer.alloc(MESSAGE_BYTES_MAX + 1))),
    ),
    fails("a declared length beyond the limit, and no more", GrpcStatus.resourceExhausted, (client) => {
      client.send(
        client.headers(1, request()),
        h2.data(1, h2.message("", 0, MESSAGE_BYTES_MAX + 1), Flag.none),
      );
    }),
    fails("a declared length of 2^32 - 1", GrpcStatus.resourceExhausted, (client) => {
      client.send(client.headers(1, request()), h2.data(1, h2.message("abc", 0, 2 ** 32 - 1), Flag.none));
    }),
    fails("a declared length of 2^31", GrpcStatus.resourceExhausted, call(h2.message("abc", 0, 2 ** 31))),
    succeeds(
      "a message of exactly the limit",
      call(h2.message(Buffer.alloc(MESSAGE_BYTES_MAX, 0x61))),
      "a".repeat(MESSAGE_BYTES_MAX),
    ),
    fails(
      "the compressed flag without grpc-encoding",
      GrpcStatus.internal,
      call(h2.message("x", COMPRESSED)),
    ),
    fails(
      "the compressed flag with grpc-encoding identity",
      GrpcStatus.internal,
      call(h2.message("x", COMPRESSED), { "grpc-encoding": "identity" }),
    ),
    fails(
      "a compressed message in an unknown encoding",
      GrpcStatus.unimplemented,
      call(h2.message("x", COMPRESSED), { "grpc-encoding": "snappy" }),
    ),
    fails(
      "gzip that is none",
      GrpcStatus.internal,
      call(h2.message("no gzip", COMPRESSED), { "grpc-encoding": "gzip" }),
    ),
    fails(
      "gzip cut short",
      GrpcStatus.internal,
      call(h2.message(gzipSync("hello hello").subarray(0, 15), COMPRESSED), { "grpc-encoding": "gzip" }),
    ),
    fails(
      "gzip that expands beyond the limit",
      GrpcStatus.resourceExhausted,
      call(h2.message(gzipSync(Buffer.alloc(20_000 * kib)), COMPRESSED), { "grpc-encoding": "gzip" }),
    ),
    succeeds(
      "gzip",
      call(h2.message(gzipSync("squeezed"), COMPRESSED), { "grpc-encoding": "gzip" }),
      "squeezed",
    ),
    succeeds("an uncompressed message of a gzip call", call(hello, { "grpc-encoding": "gzip" }), "hello"),
    succeeds("grpc-encoding identity", call(hello, { "grpc-encoding": "identity" }), "hello"),
    ...[2, 3, 0x80, 0xff].map((flag) =>
      fails(
        `the flag octet ${flag}`,
        GrpcStatus.internal,
        call(h2.message("x", flag), { "grpc-encoding": "gzip" }),
      ),
    ),
    fails("a message cut short", GrpcStatus.internal, call(h2.message("abc", 0, 10))),
    fails("a prefix cut short", GrpcStatus.internal, call(hello.subarray(0, 3))),
    fails("a prefix without its message", GrpcStatus.internal, call(h2.message("", 0, 5))),
    fails("no message for a unary call", GrpcStatus.internal, call(Buffer.alloc(0))),
    fails("no DATA at all for a unary call", GrpcStatus.internal, (client) => {
      client.send(client.headers(1, request(), Flag.endHeaders | Flag.endStream));
    }),
    fails(
      "no message for a server-streaming call",
      GrpcStatus.internal,
      call(Buffer.alloc(0), {}, Method.produce),
    ),
    fails("two messages for a unary call", GrpcStatus.internal, call(both(hello, hello))),
    fails(
      "two messages for a server-streaming call",
      GrpcStatus.internal,
      call(both(h2.message(h2.u32(0, 0)), hello), {}, Method.produce),
    ),
    fails(
      "a message and a half for a unary call",
      GrpcStatus.internal,
      call(both(hello, hello.subarray(0, 7))),
    ),
    succeeds("a message of no bytes", call(h2.message("")), ""),
    succeeds(
      "messages of no bytes",
      call(both(h2.message(""), h2.message(""), hello), {}, Method.chat),
      "",
      "",
      "hello",
    ),
    succeeds(
      "three messages in one frame",
      call(both(h2.message("a"), h2.message("b"), h2.message("c")), {}, Method.chat),
      "a",
      "b",
      "c",
    ),
    succeeds(
      "no message for a client-streaming call",
      call(Buffer.alloc(0), {}, Method.collect),
      "\0".repeat(8),
    ),
    succeeds("no message for a bidirectional call", call(Buffer.alloc(0), {}, Method.chat)),
    succeeds(
      "a message one byte per DATA frame",
      (client) => {
        client.send(client.headers(1, request()));
        for (const byte of hello) client.send(h2.data(1, Uint8Array.of(byte), Flag.none));
        client.send(h2.data(1, ""));
      },
      "hello",
    ),
    succeeds(
      "two messages cut in the middle of the second prefix",
      (client) => {
        const bytes = both(h2.message("first"), h2.message("second"));
        client.send(client.headers(1, request(Method.chat)));
        client.send(h2.data(1, bytes.subarray(0, 12), Flag.none), h2.data(1, bytes.subarray(12)));
      },
      "first",
      "second",
    ),
    succeeds(
      "a message one byte per packet",
      (client) => client.sendSlowly(both(client.headers(1, request()), h2.data(1, hello))),
      "hello",
    ),
    fails(
      "a cut message after a good one",
      GrpcStatus.internal,
      call(both(hello, h2.message("abc", 0, 10)), {}, Method.collect),
    ),
    fails(
      "a bad flag after a good message",
      GrpcStatus.internal,
      call(both(hello, h2.message("x", 2)), {}, Method.collect),
    ),
    fails(
      "a message beyond the limit after a good one",
      GrpcStatus.resourceExhausted,
      call(both(hello, h2.message("", 0, MESSAGE_BYTES_MAX + 1)), {}, Method.collect),
    ),
  ],
  { maxReceiveMessageBytes: MESSAGE_BYTES_MAX },
);

describeRows("gRPC requests", [
  ...["", "5", "S", "five S", "5x", "-5S", "+5S", "5.0S", "123456789S", "5 S", "0x5S"].map((timeout) =>
    fails(
      `grpc-timeout ${JSON.stringify(timeout)}`,
      GrpcStatus.internal,
      call(hello, { "grpc-timeout": timeout }),
      "400",
    ),
  ),
  ...["1H", "1M", "30S", "99999999m", "99999999u", "99999999n", "99999999H", "00000005S"].map((timeout) =>
    succeeds(`grpc-timeout ${timeout}`, call(hello, { "grpc-timeout": timeout }), "hello"),
  ),
  fails("grpc-timeout 0n", GrpcStatus.deadlineExceeded, call(hello, { "grpc-timeout": "0n" })),
  ...["!", "a", "abcde", "ab=c", "ab==c", "====", "YWJj YWJj", "YQ=", "YWJj*A"].map((value) =>
    fails(
      `a -bin field of ${JSON.stringify(value)}`,
      GrpcStatus.internal,
      call(hello, { "x-bin": value }),
      "400",
    ),
  ),
  ...["", "YQ", "YQ==", "YWI", "YWI=", "YWJj", "+/+/"].map((value) =>
    succeeds(`a -bin field of ${JSON.stringify(value)}`, call(hello, { "x-bin": value }), "hello"),
  ),
  ...["application/json", "application/grpcx", "text/plain", "application/grp", ""].map((type) =>
    fails(
      `content-type ${JSON.stringify(type)}`,
      GrpcStatus.invalidArgument,
      call(hello, { "content-type": type }),
      "415",
    ),
  ),
  fails("no content-type", GrpcStatus.invalidArgument, call(hello, { "content-type": null }), "415"),
  ...[
    "application/grpc+proto",
    "application/grpc;charset=utf-8",
    "application/grpc+json",
    "application/grpc+",
  ].map((type) => succeeds(`content-type ${type}`, call(hello, { "content-type": type }), "hello")),
  ...["GET", "PUT", "DELETE", "post", "OPTIONS"].map((method) =>
    fails(`:method ${method}`, GrpcStatus.internal, call(hello, { ":method": method }), "405"),
  ),
  ...[
    "/",
    "/Echo",
    "/conformance.Test/",
    "/conformance.Test/Nothing",
    "/nobody.Here/Echo",
    "/conformance.Test/Echo/",
    "//",
    "/conformance.Test/echo",
  ].map((path) => fails(`:path ${path}`, GrpcStatus.unimplemented, call(hello, { ":path": path }))),
  fails(
    "an unknown grpc-encoding, though nothing is compressed",
    GrpcStatus.unimplemented,
    call(hello, { "grpc-encoding": "br" }),
  ),
  succeeds(
    "unknown reserved fields",
    call(hello, { "grpc-nobody": "knows", "grpc-tags-bin": "YQ", "grpc-trace-bin": "" }),
    "hello",
  ),
  fails("an unknown method whose request goes on", GrpcStatus.unimplemented, (client) => {
    client.send(client.headers(1, request(Method.echo, { ":path": "/a/b" })));
    for (let count = 0; count < 50; count++) client.send(h2.data(1, Buffer.alloc(1000), Flag.none));
    client.send(h2.data(1, ""));
  }),
]);

describe("gRPC responses", () => {
  let server: TestServer;
  let client: RawClient;
  beforeAll(async () => {
    server = await startTestServer(PINGS_ALLOWED);
  });
  beforeEach(async () => {
    client = await RawClient.connect(server.port);
  });
  afterEach(() => client.destroy());
  afterAll(async () => {
    await server.close();
  });

  test("an OK response is headers, DATA, trailers", async () => {
    client.send(client.headers(1, request()), h2.data(1, hello));
    const [first, second, ...more] = (await untilEnded(client, 1)).headerLists;
    expect(first?.get(":status")).toBe("200");
    expect(first?.get("content-type")).toMatch(/^application\/grpc/);
    expect(second?.get("grpc-status")).toBe("0");
    expect(second?.has(":status")).toBe(false);
    expect(more).toEqual([]);
  });

  test("a refusal is one header block with END_STREAM", async () => {
    client.send(client.headers(1, request(Method.echo, { ":path": "/a/b" })), h2.data(1, hello));
    const record = await untilEnded(client, 1);
    expect(record.headerLists).toHaveLength(1);
    expect(Object.fromEntries(record.fields)).toMatchObject({ ":status": "200", "grpc-status": "12" });
    expect(record.dataBytes).toBe(0);
  });

  test("a refusal before the request has ended stops the request with RST_STREAM NO_ERROR", async () => {
    client.send(client.headers(1, request(Method.echo, { ":path": "/a/b" })));
    const record = await untilEnded(client, 1);
    expect(record.fields.get("grpc-status")).toBe("12");
    expect(h2.errorName(await client.until("RST_STREAM", () => record.resetCode))).toBe("NO_ERROR");
    await expectAlive(client);
  });

  test("a deadline ends a call that is not answered, with its status or RST_STREAM CANCEL", async () => {
    client.send(client.headers(1, request(Method.hold, { "grpc-timeout": "20m" })), h2.data(1, hello));
    const record = client.stream(1);
    await client.until("the end of the call", () => record.ended || record.resetCode !== undefined);
    if (record.ended) expect(record.fields.get("grpc-status")).toBe("4");
    else expect(h2.errorName(record.resetCode ?? -1)).toBe("CANCEL");
  });

  test("messages of a server-streaming call arrive whole and in number", async () => {
    client.send(h2.windowUpdate(0, 1_000_000), client.headers(1, request(Method.produce)));
    client.send(h2.windowUpdate(1, 1_000_000), h2.data(1, h2.message(h2.u32(300, 1234))));
    const messages = (await untilEnded(client, 1)).messages();
    expect(messages).toHaveLength(300);
    expect(new Set(messages.map((message) => message.length))).toEqual(new Set([1234]));
  });
});
