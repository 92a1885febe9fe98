import { expect, test } from "vitest";
import { longestGapWithin, longestWriteGap } from "./write-gap.js";

test.each([
  [
    "between two writes inside the window",
    [0, 10, 20, 90, 100],
    15,
    200,
    { fromMs: 20, toMs: 90, gapMs: 70 },
  ],
  ["that began before the window", [0, 10, 95, 100], 15, 200, { fromMs: 10, toMs: 95, gapMs: 85 }],
  ["that ends after the window", [0, 10, 20, 500, 501], 15, 200, { fromMs: 20, toMs: 500, gapMs: 480 }],
  [
    "but none from after the window",
    [0, 10, 20, 30, 210, 900],
    15,
    200,
    { fromMs: 30, toMs: 210, gapMs: 180 },
  ],
])("the longest gap is the one %s", (_name, times, fromMs, toMs, expected) => {
  expect(longestGapWithin(times, fromMs, toMs)).toMatchObject(expected);
});

test("when no write comes any more, the gap lasts to the end of the window", () => {
  expect(longestGapWithin([0, 10], 50, 150)).toEqual({ fromMs: 10, toMs: 150, gapMs: 140 });
});

test("a gap is looked for behind the last mark of a label", () => {
  const marks = [
    { label: "killed", atMs: 0 },
    { label: "killed", atMs: 100 },
  ];
  const history = { marks, successMs: [1, 60, 99, 130, 140] };
  expect(longestWriteGap(history, { after: "killed", windowMs: 50 })).toEqual({
    fromMs: 99,
    toMs: 130,
    gapMs: 31,
  });
  expect(() => longestWriteGap(history, { after: "stopped", windowMs: 50 })).toThrow(
    'there is no mark "stopped"',
  );
});
