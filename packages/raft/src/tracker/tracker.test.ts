import { AssertionError, Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { Inflights } from "./inflights.js";
import { Progress } from "./progress.js";

describe("inflights", () => {
  test("behave like a plain list (random adds, acknowledgements and resets)", () => {
    const prng = new Prng(1);
    for (let round = 0; round < 50; round++) {
      const countMax = 1 + prng.below(20);
      const bytesMax = prng.pick([Infinity, 50]);
      const inflights = new Inflights(countMax, bytesMax);
      let twin: { index: number; bytes: number }[] = [];
      let index = 0;
      for (let i = 0; i < 100; i++) {
        const bytesNow = twin.reduce((sum, one) => sum + one.bytes, 0);
        expect([inflights.count, inflights.bytes]).toEqual([twin.length, bytesNow]);
        expect(inflights.bytesBeforeLast).toBe(bytesNow - (twin.at(-1)?.bytes ?? 0));
        expect(inflights.full).toBe(twin.length >= countMax || bytesNow >= bytesMax);
        if (prng.chance(0.6) && !inflights.full) {
          const one = { index: (index += prng.below(3)), bytes: prng.below(20) };
          inflights.add(one.index, one.bytes);
          twin.push(one);
        } else if (prng.chance(0.9)) {
          const upTo = index - prng.below(10);
          inflights.freeUpTo(upTo);
          while (twin.length > 0 && (twin[0]?.index ?? 0) <= upTo) twin.shift();
        } else {
          inflights.reset();
          twin = [];
        }
      }
    }
  });

  test("adding to a full window is our mistake", () => {
    const inflights = new Inflights(1, Infinity);
    inflights.add(1, 1);
    expect(() => inflights.add(2, 1)).toThrow(AssertionError);
  });

  test("one message may exceed the byte bound", () => {
    const inflights = new Inflights(10, 100);
    inflights.add(1, 99);
    inflights.add(2, 1000);
    expect([inflights.full, inflights.bytes]).toEqual([true, 1099]);
  });
});

describe("progress", () => {
  const create = (match: number, next: number): Progress =>
    new Progress(match, next, false, new Inflights(256, Infinity));

  test.each([
    ["StateProbe", 0, 2],
    ["StateReplicate", 0, 2],
    ["StateSnapshot", 10, 11],
    ["StateSnapshot", 0, 2],
  ] as const)("from %s with pending snapshot %d, probing starts at %d", (state, pending, next) => {
    const progress = create(1, 5);
    progress.state = state;
    progress.pendingSnapshot = pending;
    progress.becomeProbe();
    expect([progress.state, progress.match, progress.next, progress.pendingSnapshot]).toEqual([
      "StateProbe",
      1,
      next,
      0,
    ]);
  });

  test("becoming replicating or waiting for a snapshot sets next", () => {
    const progress = create(1, 5);
    progress.becomeReplicate();
    expect([progress.state, progress.next]).toEqual(["StateReplicate", 2]);
    progress.becomeSnapshot(10);
    expect([progress.state, progress.next, progress.pendingSnapshot, progress.paused]).toEqual([
      "StateSnapshot",
      11,
      10,
      true,
    ]);
  });

  test.each([
    // previously match 3, next 5
    [2, 3, 5, false],
    [3, 3, 5, false],
    [4, 4, 5, true],
    [5, 5, 6, true],
  ])("an acknowledgement of %d: match %d, next %d, news %s", (index, match, next, isNews) => {
    const progress = create(3, 5);
    expect(progress.maybeUpdate(index)).toBe(isNews);
    expect([progress.match, progress.next]).toEqual([match, next]);
  });

  test.each([
    ["StateReplicate", 5, 10, 5, 5, false, 10], // stale: at or below match
    ["StateReplicate", 5, 10, 4, 4, false, 10],
    ["StateReplicate", 5, 10, 9, 9, true, 6], // back to match + 1, whatever the hint
    ["StateProbe", 0, 0, 0, 0, false, 0], // next - 1 is not what was rejected
    ["StateProbe", 0, 10, 5, 5, false, 10],
    ["StateProbe", 0, 10, 9, 9, true, 9],
    ["StateProbe", 0, 2, 1, 1, true, 1],
    ["StateProbe", 0, 1, 0, 0, true, 1],
    ["StateProbe", 0, 10, 9, 2, true, 3],
    ["StateProbe", 0, 10, 9, 0, true, 1],
  ] as const)(
    "%s match %d next %d, rejected %d hint %d: genuine %s, next %d",
    (state, match, next, rejected, hint, genuine, expected) => {
      const progress = create(match, next);
      progress.state = state;
      expect(progress.maybeDecrTo(rejected, hint)).toBe(genuine);
      expect(progress.next).toBe(expected);
    },
  );

  test("a commit index is worth sending only if it can move the follower's", () => {
    const progress = create(3, 5);
    expect(progress.canBumpCommit(4)).toBe(true);
    progress.sentCommit(4);
    expect(progress.canBumpCommit(4)).toBe(false);
    expect(progress.canBumpCommit(9)).toBe(false); // it has nothing beyond 4 to commit
    progress.becomeProbe();
    expect(progress.canBumpCommit(4)).toBe(false); // next is 4: all it may have is 3, and that was sent
  });

  test("entries may not be sent to a follower that waits for a snapshot", () => {
    const progress = create(1, 5);
    progress.becomeSnapshot(3);
    expect(() => progress.sentEntries(1, 1)).toThrow(AssertionError);
  });
});
