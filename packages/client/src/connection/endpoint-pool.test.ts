import { expect, test } from "vitest";
import { FakeTransport } from "../testing/fake-transport.js";
import { EndpointPool, FOREIGN_CHANNELS_MAX } from "./endpoint-pool.js";

const transport = (): FakeTransport => new FakeTransport(() => ({}));

test("an endpoint that failed is tried again by one call at a time, and by no write", () => {
  let nowMs = 0;
  const pool = new EndpointPool(transport(), ["a:1", "b:1", "c:1"], { nowMs: () => nowMs });
  const picks = (safety: "read" | "write", count = 6): string[] =>
    Array.from({ length: count }, () => pool.pick(safety).endpoint);
  const a = pool.at("a:1");
  pool.failed(a);
  expect(picks("read")).not.toContain("a:1");
  nowMs = 1000;
  expect(picks("write")).not.toContain("a:1");
  expect(picks("read").filter((endpoint) => endpoint === "a:1")).toHaveLength(1);
  pool.succeeded(a);
  expect(picks("write").filter((endpoint) => endpoint === "a:1")).toHaveLength(2);
});

test("the pause of an endpoint doubles with each failure, up to a bound", () => {
  let nowMs = 0;
  const pool = new EndpointPool(transport(), ["a:1", "b:1"], { nowMs: () => nowMs });
  const pauses: number[] = [];
  for (let i = 0; i < 9; i++) {
    pool.failed(pool.at("a:1"));
    const failedMs = nowMs;
    while (pool.pick("read").endpoint !== "a:1") nowMs += 50;
    pauses.push(nowMs - failedMs);
  }
  expect(pauses).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
});

test("when all have failed, writes go to the one that may be back first", () => {
  let nowMs = 0;
  const pool = new EndpointPool(transport(), ["a:1", "b:1"], { nowMs: () => nowMs });
  pool.failed(pool.at("b:1"));
  nowMs = 10;
  pool.failed(pool.at("a:1"));
  expect(pool.pick("write").endpoint).toBe("b:1");
});

test("channels to members that are not in the list are few", () => {
  const fake = transport();
  const pool = new EndpointPool(fake, ["a:1"]);
  for (let i = 0; i <= FOREIGN_CHANNELS_MAX; i++) pool.at(`member${i}:1`);
  expect(fake.closed).toEqual(["member0:1"]);
  expect(pool.at("member1:1")).toBe(pool.at("member1:1"));
});
