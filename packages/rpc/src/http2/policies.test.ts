import { expect, test } from "vitest";
import { PingPolicy } from "./ping-policy.js";
import { ReceiveWindow } from "./receive-window.js";
import { TokenBucket } from "./token-bucket.js";

test("a token bucket gives its burst, then what time brings back, never more than its burst", () => {
  let now = 0;
  const bucket = new TokenBucket(3, 2, () => now);
  expect([bucket.take(), bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, true, false]);
  now = 500;
  expect([bucket.take(), bucket.take()]).toEqual([true, false]);
  now = 1_000_000;
  expect([bucket.take(), bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, true, false]);
});

test("good behaviour gives tokens back, up to the burst", () => {
  const bucket = new TokenBucket(2, 0, () => 0);
  bucket.take();
  bucket.give(100);
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, false]);
});

const strict = { minIntervalMs: 5_000, permitWithoutStream: false };

test("pings that keep the interval are allowed for ever", () => {
  const policy = new PingPolicy(strict);
  for (let i = 0; i < 10; i++) expect(policy.allows(i * 5_000, 1)).toBe(true);
});

test("the third ping that comes too soon is one too many; the first ping never is", () => {
  const policy = new PingPolicy(strict);
  expect([0, 1, 2, 3].map((now) => policy.allows(now, 1))).toEqual([true, true, true, false]);
});

test("without open calls the interval is two hours, unless pings are permitted then", () => {
  const times = [0, 6_000, 12_000, 18_000];
  const policy = new PingPolicy(strict);
  expect(times.map((now) => policy.allows(now, 0))).toEqual([true, true, true, false]);
  const lenient = new PingPolicy({ ...strict, permitWithoutStream: true });
  expect(times.map((now) => lenient.allows(now, 0))).toEqual([true, true, true, true]);
});

test("data that we send wipes the strikes off", () => {
  const policy = new PingPolicy(strict);
  for (let i = 0; i < 100; i++) {
    policy.forgive();
    expect([policy.allows(i, 1), policy.allows(i, 1), policy.allows(i, 1)]).toEqual([true, true, true]);
  }
});

test("a receive window gives credit back once half of it is consumed, and doubles up to its maximum", () => {
  const window = new ReceiveWindow(100, 100, 300);
  window.receive(49);
  expect(window.consume(49)).toBe(0);
  window.receive(1);
  expect(window.consume(1)).toBe(150);
  expect([window.left, window.target]).toEqual([200, 200]);
  window.receive(100);
  expect(window.consume(100)).toBe(200);
  window.receive(150);
  expect(window.consume(150)).toBe(150);
  expect([window.left, window.target]).toEqual([300, 300]);
});

test("a receive window refuses what exceeds it", () => {
  const window = new ReceiveWindow(10, 10, 10);
  window.receive(10);
  expect(() => {
    window.receive(1);
  }).toThrow("1 bytes beyond the window");
});
