import { EventEmitter } from "node:events";
import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { AnswerLane, TURN_MS } from "./answer-lane.js";

/** Each piece takes a whole turn's time. */
function slowLane(): AnswerLane {
  let nowMs = 0;
  return new AnswerLane(() => (nowMs += TURN_MS));
}

class FakeResponse extends EventEmitter {
  destroyed = false;
  /** Of its pieces; the client then takes no more until `drain`. */
  room = Infinity;
  readonly written: string[] = [];
  readonly #log: string[] | undefined;

  constructor(log?: string[]) {
    super();
    this.#log = log;
  }

  write(piece: string): boolean {
    this.written.push(piece);
    this.#log?.push(piece);
    return this.written.length < this.room;
  }

  end(): void {
    this.written.push("end");
    this.emit("end");
  }

  destroy(): void {
    this.destroyed = true;
    this.written.push("destroyed");
  }

  get asResponse(): ServerResponse {
    return this as unknown as ServerResponse;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("answers take turns, a piece each, and the loop goes round in between", async () => {
  const log: string[] = [];
  const [one, two] = [new FakeResponse(log), new FakeResponse(log)];
  const lane = slowLane();
  lane.send(one.asResponse, ["a1", "a2", "a3"].values());
  lane.send(two.asResponse, ["b1"].values());
  const seen: number[] = [];
  for (let i = 0; i < 8; i++) {
    await turn();
    seen.push(log.length);
  }
  expect(log).toEqual(["a1", "b1", "a2", "a3"]);
  expect([one.written.at(-1), two.written.at(-1)]).toEqual(["end", "end"]);
  expect(seen.every((count, i) => count - (seen[i - 1] ?? 0) <= 1)).toBe(true);
});

test("nothing is written ahead of a client that does not read, and others go on", async () => {
  const slow = new FakeResponse();
  const quick = new FakeResponse();
  slow.room = 2;
  let made = 0;
  const pieces = function* (): Generator<string, void, void> {
    for (; made < 4; made += 1) yield `p${made}`;
  };
  const lane = slowLane();
  lane.send(slow.asResponse, pieces());
  lane.send(quick.asResponse, ["a", "b", "c"].values());
  for (let i = 0; i < 10; i++) await turn();
  expect([slow.written, made]).toEqual([["p0", "p1"], 1]);
  expect(quick.written).toEqual(["a", "b", "c", "end"]);
  slow.room = Infinity;
  slow.emit("drain");
  for (let i = 0; i < 10; i++) await turn();
  expect(slow.written).toEqual(["p0", "p1", "p2", "p3", "end"]);
});

test("an answer whose client has left is forgotten, one that breaks ends its connection", async () => {
  const [gone, broken] = [new FakeResponse(), new FakeResponse()];
  const breaks = function* (): Generator<string, void, void> {
    yield "half";
    throw new Error("not as it should be");
  };
  const lane = slowLane();
  lane.send(gone.asResponse, ["a", "b"].values());
  lane.send(broken.asResponse, breaks());
  await turn();
  gone.destroyed = true;
  for (let i = 0; i < 10; i++) await turn();
  expect(gone.written).toEqual(["a"]);
  expect(broken.written).toEqual(["half", "destroyed"]);
});
