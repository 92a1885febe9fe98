/**
 * Each rule of ours, broken on purpose, is noticed: by the seed that was found to catch it, so that a mutant costs a few seconds.
 * `npm run sim -- --mutants` looks for seeds anew.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { hunt, type Catch } from "./testing/mutate.js";
import { MUTATIONS } from "./testing/mutations.js";

const packages = fileURLToPath(new URL("../../../", import.meta.url));
const caught = JSON.parse(
  readFileSync(new URL("./testing/caught.json", import.meta.url), "utf8"),
) as Readonly<Record<string, Catch>>;
const scratch = mkdtempSync(join(tmpdir(), "mutations-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test.each(MUTATIONS)("$name is caught: $rule", { timeout: 300_000 }, async (mutation) => {
  const known = caught[mutation.name];
  expect(known, "no seed catches it: look for one").toBeDefined();
  const first = known?.seed ?? 0;
  expect(await hunt({ packages, scratch, mutation }, { first, count: 1 })).toBeDefined();
});

const aimed = MUTATIONS.flatMap(({ aimed: aim, ...mutation }) =>
  aim === undefined ? [] : [{ ...aim, mutation, name: mutation.name }],
);

test.each(aimed)(
  "$name is caught by one of the first $seedsMax seeds of $ploy",
  { timeout: 300_000 },
  async ({ mutation, ploy, seedsMax }) => {
    expect(await hunt({ packages, scratch, mutation }, { first: 1, count: seedsMax, ploy })).toBeDefined();
  },
);

const harmless = aimed
  .map(({ mutation, ...aim }) => ({
    ...aim,
    mutation: { ...mutation, edits: mutation.edits.filter(({ isHarmless }) => isHarmless) },
  }))
  .filter(({ mutation }) => mutation.edits.length > 0);

test.each(harmless)(
  "what $name needs besides breaks nothing by itself",
  { timeout: 300_000 },
  async ({ mutation, ploy, seedsMax }) => {
    expect(await hunt({ packages, scratch, mutation }, { first: 1, count: seedsMax, ploy })).toBeUndefined();
  },
);

test("nothing is caught where nothing is broken", { timeout: 300_000 }, async () => {
  expect(await hunt({ packages, scratch, mutation: undefined }, { first: 1, count: 2 })).toBeUndefined();
});
