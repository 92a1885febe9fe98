import { describe, expect, it } from "vitest";
import { diffLines } from "./line-diff.js";
import { RateMeter } from "./rate.js";

describe("the rate", () => {
  it("is the average of the last five full seconds", () => {
    const meter = new RateMeter();
    for (let second = 100; second < 110; second++) meter.count(10, second * 1000 + 500);
    expect(meter.perSecond(110_000)).toBe(10);
    expect(meter.perSecond(112_000)).toBe(6);
    expect(meter.perSecond(130_000)).toBe(0);
  });

  it("does not count the second that is under way", () => {
    const meter = new RateMeter();
    meter.count(50, 100_000);
    expect(meter.perSecond(100_900)).toBe(0);
    expect(meter.perSecond(101_000)).toBe(10);
  });

  it("has a course of the last minute, with zeros where nothing came", () => {
    const meter = new RateMeter();
    meter.count(3, 100_000);
    meter.count(4, 102_000);
    const course = meter.course(103_000);
    expect(course.length).toBe(59);
    expect(course.slice(-4)).toEqual([0, 3, 0, 4]);
  });

  it("forgets after a long silence and survives a clock that is set back", () => {
    const meter = new RateMeter();
    meter.count(5, 1_000_000);
    expect(meter.course(2_000_000).every((count) => count === 0)).toBe(true);
    meter.count(7, 1_500_000);
    expect(meter.perSecond(2_001_000)).toBe(7 / 5);
  });
});

describe("a diff by lines", () => {
  const shown = (before: string, after: string): string =>
    diffLines(before, after)
      .map((line) => ({ same: " ", removed: "-", added: "+" })[line.kind] + line.text)
      .join("|");

  it.each([
    ["a", "a", " a"],
    ["a", "b", "-a|+b"],
    ["a\nb\nc", "a\nx\nc", " a|-b|+x| c"],
    ["a\nb\nc\nd", "b\nd\ne", "-a| b|-c| d|+e"],
    ["", "a", "-|+a"],
    ["a\na", "a", " a|-a"],
    ["1\n2\n3\n4", "1\n3\n2\n4", " 1|-2| 3|+2| 4"],
  ])("of %j and %j", (before, after, picture) => {
    expect(shown(before, after)).toBe(picture);
  });

  it("gives up comparing beyond its limit, yet shows both", () => {
    const lines = (word: string): string =>
      Array.from({ length: 2500 }, (_, at) => `${word}${at}`).join("\n");
    const diff = diffLines(lines("a"), lines("b"));
    expect(diff.length).toBe(5000);
    expect(diff[2499]?.kind).toBe("removed");
    expect(diff[2500]?.kind).toBe("added");
  });
});
