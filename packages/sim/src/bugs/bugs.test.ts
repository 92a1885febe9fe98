/** Bugs that others had: the situation comes about, and the bug does not. */
import { expect, test } from "vitest";
import { playBug } from "./bug.js";
import { BUGS } from "./catalogue.js";

test.each(BUGS)("$name ($known)", { timeout: 300_000 }, async (bug) => {
  const { happened, violations } = await playBug(bug);
  expect(violations).toEqual([]);
  expect([...happened].sort()).toEqual([...bug.needs].sort());
});
