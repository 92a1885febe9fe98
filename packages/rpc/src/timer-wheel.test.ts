import { Prng } from "@quorate/std";
import { expect, test, vi } from "vitest";
import { Alarm, TimerWheel } from "./timer-wheel.js";

function wheelAt(): { wheel: TimerWheel; clock: { now: number } } {
  const clock = { now: 1_000 };
  return { clock, wheel: new TimerWheel({ tickMs: 10, slotCount: 8, nowMs: () => clock.now }) };
}

test("entries expire at the first tick at or after their time, against a plain list, over many turns of the ring", () => {
  const { wheel, clock } = wheelAt();
  const prng = new Prng(7);
  const due = new Map<Alarm, number>();
  const alarms = Array.from({ length: 200 }, () => {
    const alarm: Alarm = new Alarm(() => {
      const time = due.get(alarm);
      expect(time).toBeDefined();
      expect(clock.now).toBeGreaterThanOrEqual(time ?? Infinity);
      due.delete(alarm);
    });
    return alarm;
  });
  for (let round = 0; round < 2_000; round++) {
    const alarm = prng.pick(alarms);
    if (prng.chance(0.3)) {
      wheel.stop(alarm);
      due.delete(alarm);
    } else {
      const time = clock.now + prng.below(500);
      wheel.startAt(alarm, time);
      due.set(alarm, time);
    }
    clock.now += prng.below(15);
    wheel.advance();
    for (const time of due.values()) expect(time).toBeGreaterThan(clock.now - 10);
    expect(wheel.size).toBe(due.size);
  }
  clock.now += 1_000;
  wheel.advance();
  expect(due.size).toBe(0);
  wheel.close();
});

test("an entry may start itself again while it expires, and stop another that is due", () => {
  const { wheel, clock } = wheelAt();
  let rings = 0;
  const stopped = new Alarm(() => {
    throw new Error("was stopped");
  });
  const again: Alarm = new Alarm(() => {
    rings++;
    wheel.stop(stopped);
    wheel.startIn(again, 10);
  });
  wheel.startIn(stopped, 10);
  wheel.startIn(again, 10);
  for (let i = 0; i < 3; i++) {
    clock.now += 10;
    wheel.advance();
  }
  expect(rings).toBe(3);
  wheel.close();
  expect(wheel.size).toBe(0);
});

test("a wheel that slept for long expires everything that is due, and nothing else", () => {
  const { wheel, clock } = wheelAt();
  const rung: number[] = [];
  for (const delay of [50, 5_000, 100_000, 10_000_000]) {
    wheel.startIn(new Alarm(() => rung.push(delay)), delay);
  }
  clock.now += 200_000;
  wheel.advance();
  expect(rung.sort((a, b) => a - b)).toEqual([50, 5_000, 100_000]);
  expect(wheel.size).toBe(1);
  wheel.close();
});

test("the wheel turns by itself on the real clock", async () => {
  const wheel = new TimerWheel({ tickMs: 5, slotCount: 16, nowMs: () => performance.now() });
  const started = performance.now();
  const keepAlive = setInterval(() => undefined, 1_000);
  await new Promise<void>((resolve) => {
    wheel.startIn(new Alarm(resolve), 30);
  });
  clearInterval(keepAlive);
  expect(performance.now() - started).toBeGreaterThanOrEqual(29);
});

test("the system timer sleeps until somebody is due, and is woken earlier for one that comes earlier", async () => {
  const wheel = new TimerWheel({ tickMs: 5, slotCount: 16, nowMs: () => performance.now() });
  const timers = vi.spyOn(globalThis, "setTimeout");
  const order: string[] = [];
  try {
    const last = new Promise<void>((resolve) => {
      // Several turns of the ring away: its bucket wakes us once a turn.
      wheel.startIn(
        new Alarm(() => {
          order.push("late");
          resolve();
        }),
        400,
      );
    });
    wheel.startIn(new Alarm(() => order.push("early")), 20);
    const stopped = new Alarm(() => order.push("stopped"));
    wheel.startIn(stopped, 10);
    wheel.stop(stopped);
    const keepAlive = setInterval(() => undefined, 1_000);
    await last;
    clearInterval(keepAlive);
    expect(order).toEqual(["early", "late"]);
    expect(timers.mock.calls.length).toBeLessThan(400 / 5 / 4);
  } finally {
    timers.mockRestore();
    wheel.close();
  }
});
