import { expect, test } from "vitest";
import { TIMED_EVERY, WatchMeters } from "./watch-meters.js";

test("each response counts, one in so many is timed, and the timed ones stand for the others", () => {
  const meters = new WatchMeters();
  let timed = 0;
  for (let i = 0; i < 2 * TIMED_EVERY + 3; i++) {
    if (!meters.startSending(2)) continue;
    timed += 1;
    meters.sent(0.004, 2);
  }
  expect(timed).toBe(3);
  expect(meters.events).toBe(2 * (2 * TIMED_EVERY + 3));
  meters.settle();
  meters.settle();
  expect(meters.eventSeconds.count).toBe(2 * TIMED_EVERY + 3);
  expect(meters.perEventSeconds.count).toBe(2 * TIMED_EVERY + 3);
  expect(meters.eventSeconds.countUpTo(0.002)).toBe(0);
  expect(meters.perEventSeconds.countUpTo(0.002)).toBe(2 * TIMED_EVERY + 3);
  expect(meters.perEventSeconds.sum).toBeCloseTo(0.002 * (2 * TIMED_EVERY + 3));
});
