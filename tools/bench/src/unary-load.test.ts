/** The load client against Node's own HTTP/2 server: an implementation that is not ours. */
import { createServer, type Http2Server, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { frame, framePrefixBytes } from "./messages.js";
import { runUnaryLoad } from "./unary-load.js";

let server: Http2Server;
afterEach(() => server.close());

/** Answers every call with what `answer` makes of its message. */
async function listen(
  answer: (stream: ServerHttp2Stream, message: Buffer, path: string) => void,
): Promise<number> {
  server = createServer();
  server.on("stream", (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () =>
      answer(stream, Buffer.concat(chunks).subarray(framePrefixBytes), String(headers[":path"])),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

function reply(stream: ServerHttp2Stream, message: Uint8Array): void {
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  stream.end(frame(message));
}

const load = { path: "/a.B/C", connections: 3, streams: 4 };

test("every request carries its own message and is answered once", async () => {
  const seen: string[] = [];
  const port = await listen((stream, message, path) => {
    seen.push(`${path} ${message.toString()}`);
    reply(stream, Buffer.from("ok"));
  });
  const result = await runUnaryLoad({
    ...load,
    port,
    requests: 200,
    message: (index) => Buffer.from(`m${index}`),
  });
  expect(seen.sort()).toEqual(Array.from({ length: 200 }, (_, index) => `/a.B/C m${index}`).sort());
  expect(result).toMatchObject({ requests: 200, dataBytes: 200 * (framePrefixBytes + 2) });
  expect(Math.min(...result.microseconds)).toBeGreaterThan(0);
});

test("messages larger than a frame, together larger than the connection's window, all arrive", async () => {
  let bytes = 0;
  const port = await listen((stream, message) => {
    bytes += message.length;
    reply(stream, Buffer.from("ok"));
  });
  const message = Buffer.alloc(40_000, "x");
  await runUnaryLoad({ ...load, port, requests: 50, message: () => message });
  expect(bytes).toBe(50 * message.length);
});

test("a refusal ends the run", async () => {
  const port = await listen((stream) => {
    stream.respond(
      { ":status": 200, "grpc-status": "8", "grpc-message": "too many requests" },
      { endStream: true },
    );
  });
  const run = runUnaryLoad({ ...load, port, requests: 10, message: () => Buffer.from("m") });
  await expect(run).rejects.toThrow("refused");
});

test("a connection that breaks ends the run", async () => {
  const port = await listen((stream) => stream.session?.destroy());
  const run = runUnaryLoad({ ...load, port, requests: 10, message: () => Buffer.from("m") });
  await expect(run).rejects.toThrow();
});
