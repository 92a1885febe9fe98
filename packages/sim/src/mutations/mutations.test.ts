import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { hunt } from "./testing/mutate.js";
import { MUTATIONS } from "./testing/mutations.js";

const folder = mkdtempSync(join(tmpdir(), "mutations-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(MUTATIONS)("is caught without: $rule", { timeout: 300_000 }, async (mutation) => {
  expect(await hunt(mutation, folder, mutation.seedsMax)).toBeDefined();
});

test("nothing is caught where nothing is broken", { timeout: 300_000 }, async () => {
  expect(await hunt(undefined, folder, 2)).toBeUndefined();
});
