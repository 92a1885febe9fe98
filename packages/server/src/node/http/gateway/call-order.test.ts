import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { CallOrder, WAITING_MAX } from "./call-order.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface FakeSocket {
  destroyed: boolean;
  isPaused: boolean;
  readonly pause: () => void;
  readonly resume: () => void;
}

function connection(): { readonly request: IncomingMessage; readonly socket: FakeSocket } {
  const socket = {
    destroyed: false,
    isPaused: false,
    pause: () => void (socket.isPaused = true),
    resume: () => void (socket.isPaused = false),
  };
  return { request: { socket } as unknown as IncomingMessage, socket };
}
const response = (): ServerResponse & EventEmitter =>
  new EventEmitter() as unknown as ServerResponse & EventEmitter;

test("calls of one connection follow one another, each in a turn of its own; other connections go on", async () => {
  const order = new CallOrder();
  const begun: string[] = [];
  const [one, other] = [connection(), connection()];
  const [a1, a2, a3] = [response(), response(), response()];
  order.enter(one.request, a1, () => begun.push("a1"));
  order.enter(one.request, a2, () => begun.push("a2"));
  order.enter(one.request, a3, () => begun.push("a3"));
  order.enter(other.request, response(), () => begun.push("b1"));
  expect(begun).toEqual(["a1", "b1"]);
  a1.emit("close");
  expect(begun).toHaveLength(2);
  await turn();
  await turn();
  expect(begun).toEqual(["a1", "b1", "a2"]);
  a2.emit("close");
  await turn();
  a3.emit("close");
  order.enter(one.request, response(), () => begun.push("a4"));
  expect(begun.slice(3)).toEqual(["a3", "a4"]);
});

test("what waited on a connection that is gone is not begun", async () => {
  const order = new CallOrder();
  const { request, socket } = connection();
  const first = response();
  let begun = 0;
  order.enter(request, first, () => (begun += 1));
  order.enter(request, response(), () => (begun += 1));
  socket.destroyed = true;
  first.emit("close");
  await turn();
  expect(begun).toBe(1);
});

test("while many wait their connection is not read", async () => {
  const order = new CallOrder();
  const { request, socket } = connection();
  const responses = Array.from({ length: WAITING_MAX + 4 }, response);
  const paused = responses.map((each) => {
    order.enter(request, each, () => undefined);
    return socket.isPaused;
  });
  expect(paused.indexOf(true)).toBe(WAITING_MAX);
  const stillPaused: boolean[] = [];
  for (const each of responses) {
    each.emit("close");
    await turn();
    stillPaused.push(socket.isPaused);
  }
  expect(stillPaused.indexOf(false)).toBe(3);
  expect(stillPaused.lastIndexOf(true)).toBe(2);
});
