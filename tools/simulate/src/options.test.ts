import { expect, test } from "vitest";
import { OptionsError, parseOptions } from "./options.js";

test("numbers, words and what is left out", () => {
  expect(parseOptions(["--seed", "7", "--workers=2", "--no-shrink", "--ploy", "untold"])).toEqual({
    seed: 7,
    seconds: 60,
    from: undefined,
    count: undefined,
    ploy: "untold",
    workers: 2,
    shrinks: false,
    lines: 100,
    wantsSpeed: false,
    wantsHelp: false,
  });
});

test.each([
  [["--seconds", "abc"], "--seconds takes a whole number"],
  [["--seconds=-1"], "--seconds takes a whole number"],
  [["--seed", ""], '--seed takes a whole number that is not negative, not ""'],
  [["--count", "1e3"], "--count takes a whole number"],
  [["--workers", "0"], "--workers must be a number from 1 to 256"],
  [["--workers", "999999"], "--workers must be a number from 1 to 256"],
  [["--bogus"], "Unknown option '--bogus'"],
  [["foo"], "Unexpected argument 'foo'"],
])("%j is refused with a reason", (args, reason) => {
  expect(() => parseOptions(args)).toThrow(OptionsError);
  expect(() => parseOptions(args)).toThrow(reason);
});
