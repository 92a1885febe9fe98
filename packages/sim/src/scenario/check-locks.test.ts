import { expect, test } from "vitest";
import { checkLocks } from "./check-locks.js";

const hold = (client: number, fromMs: number, untilMs: number) => ({
  client,
  lease: 1n,
  fromMs,
  promise: { fromMs, forMs: untilMs - fromMs },
  releasedMs: Infinity,
});

test("one after the other is sound", () => {
  expect(checkLocks([hold(2, 1000, 2000), hold(1, 0, 1000)], [], 0)).toEqual([]);
});

test("one while another one's lease lives is not", () => {
  const [violation, ...others] = checkLocks([hold(1, 0, 1000), hold(2, 990, 2000)], [], 0);
  expect(violation).toContain(
    "client 2 got the lock at 990.0 ms, while client 1 had it from 0.0 to 1000.0 ms",
  );
  expect(others).toEqual([]);
});

test("clocks that go too fast make leases shorter", () => {
  expect(checkLocks([hold(1, 0, 1000), hold(2, 950, 2000)], [], 0.1)).toEqual([]);
});

test("and shorter as a whole: also by what was over when the lock was had", () => {
  const late = { ...hold(1, 1800, 2800), promise: { fromMs: 0, forMs: 2000 } };
  expect(checkLocks([late, hold(2, 1850, 4000)], [], 0.1)).toEqual([]);
  expect(checkLocks([{ ...late, fromMs: 1000 }, hold(2, 1750, 4000)], [], 0.1)).toHaveLength(1);
});

test("what was let go is free", () => {
  expect(checkLocks([{ ...hold(1, 0, 1000), releasedMs: 500 }, hold(2, 510, 2000)], [], 0)).toEqual([]);
});

test("a revoked lease that was renewed is told", () => {
  expect(checkLocks([], [{ lease: 10n, revokedMs: 1, renewedMs: 2 }], 0)).toEqual([
    "lease a was revoked at 1.0 ms and renewed at 2.0 ms",
  ]);
});
