import { expect, test } from "vitest";
import type { BidiCall } from "./grpc-call.js";
import { createGrpcServer, type GrpcServer } from "./server.js";
import { GrpcStatus } from "./status.js";
import type { LocalCaller } from "./local-call.js";

interface Heard {
  readonly messages: string[];
  readonly ends: (readonly [code: number, message: string])[];
}

function call(
  server: GrpcServer,
  path: string,
  { timeoutMs, room = true }: { readonly timeoutMs?: number; readonly room?: boolean } = {},
): Heard & { readonly caller: LocalCaller } {
  const heard: Heard = { messages: [], ends: [] };
  const metadata = [["token", "secret"]] as const;
  const caller = server.callLocally(
    { path, metadata, peer: "10.0.0.1:5", authority: "me", timeoutMs },
    {
      onMessage: (message) => {
        heard.messages.push(Buffer.from(message).toString());
        return room;
      },
      onEnd: (code, message) => void heard.ends.push([code, message]),
    },
  );
  return { ...heard, caller };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

test("a unary call sees who it is made for, answers, and is counted", () => {
  const server = createGrpcServer();
  server.addService("test.Echo", {
    Say: {
      kind: "unary",
      handler: (each, message) => {
        const { peer, authority, peerCommonName, metadata } = each;
        expect([peer, authority, peerCommonName, metadata.get("token")]).toEqual([
          "10.0.0.1:5",
          "me",
          undefined,
          "secret",
        ]);
        each.reply(message, 1, 3);
      },
    },
  });
  const { caller, messages, ends } = call(server, "/test.Echo/Say");
  caller.send(bytes("hello"));
  caller.send(bytes("again"));
  expect([messages, ends]).toEqual([["el"], [[GrpcStatus.ok, ""]]]);
  expect(server.methodCounters()[0]).toMatchObject({
    started: 1,
    messagesReceived: 1,
    messagesSent: 1,
    messageBytesReceived: 5,
    messageBytesSent: 2,
  });
  expect(server.counters).toMatchObject({ callsOpen: 0, callsTotal: 1 });
});

test("both sides of a stream go on until each has ended; pauses and full callers hold the other side back", () => {
  const server = createGrpcServer();
  let stream: BidiCall | undefined;
  const taken: string[] = [];
  let drains = 0;
  server.addService("test.Echo", {
    Talk: {
      kind: "bidi",
      handler: (each) => {
        stream = each;
        each.onMessage((message) => void taken.push(Buffer.from(message).toString()));
        each.onEnd(() => each.end());
        each.onDrain(() => (drains += 1));
      },
    },
  });
  const { caller, messages, ends } = call(server, "/test.Echo/Talk", { room: false });
  caller.send(bytes("a"));
  stream?.pause();
  caller.send(bytes("b"));
  caller.end();
  expect([taken, caller.paused()]).toEqual([["a"], true]);
  expect(stream?.send(bytes("x"))).toBe(false);
  caller.drained();
  caller.drained();
  expect([messages, drains]).toEqual([["x"], 1]);
  expect(ends).toEqual([]);
  stream?.resume();
  expect([taken, ends]).toEqual([["a", "b"], [[GrpcStatus.ok, ""]]]);
});

test("who leaves is not told of the end, but the handler is told that nobody waits", () => {
  const server = createGrpcServer();
  const reasons: string[] = [];
  server.addService("test.Echo", {
    Wait: { kind: "unary", handler: (each) => each.onCancel((reason) => void reasons.push(reason)) },
  });
  const { caller, ends } = call(server, "/test.Echo/Wait");
  caller.send(bytes(""));
  caller.cancel();
  caller.cancel();
  expect([reasons, ends]).toEqual([["cancelled"], []]);
  expect(server.counters.callsByStatus[GrpcStatus.cancelled]).toBe(1);
});

test("a call ends at its deadline, one that is due already before its handler runs", async () => {
  const server = createGrpcServer();
  server.addService("test.Echo", { Wait: { kind: "unary", handler: () => undefined } });
  expect(call(server, "/test.Echo/Wait", { timeoutMs: 0 }).ends).toEqual([
    [GrpcStatus.deadlineExceeded, "context deadline exceeded"],
  ]);
  const { caller, ends } = call(server, "/test.Echo/Wait", { timeoutMs: 5 });
  caller.send(bytes(""));
  await expect.poll(() => ends).toEqual([[GrpcStatus.deadlineExceeded, "context deadline exceeded"]]);
});

test("unknown methods and messages that are too large are refused as over a connection", () => {
  const server = createGrpcServer({ maxReceiveMessageBytes: 3 });
  server.addService("test.Echo", { Say: { kind: "unary", handler: (each) => each.reply(bytes("")) } });
  expect(call(server, "/test.Echo/Nothing").ends).toEqual([
    [GrpcStatus.unimplemented, "unknown method Nothing for service test.Echo"],
  ]);
  const { caller, ends } = call(server, "/test.Echo/Say");
  caller.send(bytes("four"));
  expect(ends).toEqual([[GrpcStatus.resourceExhausted, "grpc: received message larger than max (4 vs. 3)"]]);
});
