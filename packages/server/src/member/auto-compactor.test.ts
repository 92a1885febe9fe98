import { describe, expect, test } from "vitest";
import { startPeriodicCompactor, startRevisionCompactor, type AutoCompactorParts } from "./auto-compactor.js";

const MINUTE_MS = 60_000;

/** A clock that the test moves; one repeating task. */
class ManualTime {
  nowMs = 0;
  #intervalMs = 0;
  #task: () => void = () => undefined;
  revision = 1;
  leader = true;
  answer = true;
  readonly compacted: [atMinute: number, revision: number][] = [];

  readonly parts: AutoCompactorParts = {
    clock: { monotonicMs: () => this.nowMs, unixMs: () => this.nowMs },
    scheduler: {
      soon: (task) => task(),
      every: (intervalMs, task) => {
        this.#intervalMs = intervalMs;
        this.#task = task;
        return () => undefined;
      },
      after: () => () => undefined,
      yieldTurn: () => Promise.resolve(),
    },
    report: { info: () => undefined, warn: () => undefined },
    revision: () => this.revision,
    isLeader: () => this.leader,
    compact: (revision) => {
      this.compacted.push([this.nowMs / MINUTE_MS, revision]);
      return Promise.resolve(this.answer);
    },
  };

  /** One new revision a minute. */
  async minutes(count: number): Promise<void> {
    for (let minute = 0; minute < count; minute++) {
      this.revision += 1;
      for (const until = this.nowMs + MINUTE_MS; this.nowMs < until;) {
        this.nowMs += this.#intervalMs > MINUTE_MS ? MINUTE_MS : this.#intervalMs;
        if (this.nowMs % this.#intervalMs < 1) this.#task();
        await Promise.resolve();
        await Promise.resolve();
        await Promise.resolve();
      }
    }
  }
}

describe("periodic", () => {
  test("compacts to the revision of one period ago, first after a period, then each hour at most", async () => {
    const time = new ManualTime();
    startPeriodicCompactor(time.parts, 60 * MINUTE_MS);
    await time.minutes(59);
    expect(time.compacted).toEqual([]);
    await time.minutes(62);
    expect(time.compacted.map(([minute]) => minute)).toEqual([60, 120]);
    const [first, second] = time.compacted.map(([, revision]) => revision);
    expect((second ?? 0) - (first ?? 0)).toBe(54);
  });

  test("a failure is tried again at the next sample, a follower does nothing", async () => {
    const time = new ManualTime();
    startPeriodicCompactor(time.parts, 10 * MINUTE_MS);
    time.leader = false;
    await time.minutes(12);
    expect(time.compacted).toEqual([]);
    time.leader = true;
    time.answer = false;
    await time.minutes(2);
    expect(time.compacted.map(([minute]) => minute)).toEqual([13, 14]);
  });
});

describe("revision", () => {
  test("keeps the newest revisions and skips when nothing has changed", async () => {
    const time = new ManualTime();
    startRevisionCompactor(time.parts, 7);
    await time.minutes(5);
    expect(time.compacted).toEqual([]);
    await time.minutes(10);
    expect(time.compacted).toEqual([
      [10, 4],
      [15, 9],
    ]);
  });
});
