import { describe, expect, it } from "vitest";
import { matchesContest, viewContests } from "./contest-view.js";
import { Sightings } from "./sightings.js";
import { fakeContest as contest } from "./testing/fake-contests.js";
import type { FakeLine } from "./testing/fake-contests.js";

describe("contests", () => {
  it("are held by the oldest creation, whatever order they arrive in", () => {
    const [view] = viewContests([
      contest("jobs", [
        { lease: 3n, created: 30n },
        { lease: 1n, created: 10n },
        { lease: 2n, created: 20n },
      ]),
    ]);
    expect(view?.holder.lease).toBe(1n);
    expect(view?.waiters.map((waiter) => waiter.lease)).toEqual([2n, 3n]);
    expect(view?.kind).toBe("lock");
    expect(view?.holder).toMatchObject({ identity: "1@10", leftSeconds: 12 });
  });

  it("with something proclaimed are elections", () => {
    const [view] = viewContests([contest("leader", [{ lease: 0x1fn, created: 5n, value: "node-a" }])]);
    expect(view).toMatchObject({ kind: "election", waiters: [] });
  });

  it("without contenders are left out", () => {
    expect(viewContests([contest("gone", [])])).toEqual([]);
  });

  it.each([
    ["", true],
    ["LEAD", true],
    ["1f", true],
    ["node-a", true],
    ["other", false],
  ])("are found by %j: %s", (text, found) => {
    const [view] = viewContests([contest("leader", [{ lease: 0x1fn, created: 5n, value: "Node-A" }])]);
    expect(view !== undefined && matchesContest(view, text)).toBe(found);
  });
});

describe("sightings", () => {
  const look = (lines: readonly FakeLine[]): ReturnType<typeof viewContests> =>
    viewContests([contest("l", lines)]);
  const first = { lease: 1n, created: 10n };
  const second = { lease: 2n, created: 20n };

  it("are lower bounds for what was there at the first look", () => {
    let sightings = new Sightings();
    sightings = sightings.look(look([first]), 1_000);
    sightings = sightings.look(look([first]), 6_000);
    expect(sightings.since("holds", "1@10")).toEqual({ sinceMs: 1_000, exact: false });
  });

  it("are exact for who came or advanced while the page looked on", () => {
    let sightings = new Sightings();
    sightings = sightings.look(look([first]), 1_000);
    sightings = sightings.look(look([first, second]), 2_000);
    expect(sightings.since("waits", "2@20")).toEqual({ sinceMs: 2_000, exact: true });
    sightings = sightings.look(look([second]), 3_000);
    expect(sightings.since("holds", "2@20")).toEqual({ sinceMs: 3_000, exact: true });
    expect(sightings.since("holds", "1@10")).toBeUndefined();
  });

  it("forget who left, so that a new attempt begins anew", () => {
    let sightings = new Sightings();
    sightings = sightings.look(look([first]), 1_000);
    sightings = sightings.look(look([]), 2_000);
    sightings = sightings.look(look([first]), 3_000);
    expect(sightings.since("holds", "1@10")).toEqual({ sinceMs: 3_000, exact: true });
  });
});
