/** The scripts are worth something: with the bug in our own code, they show it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { BUGS } from "./catalogue.js";
import { MUTANTS } from "./testing/mutants.js";
import { playMutant } from "./testing/play-mutant.js";

const packages = fileURLToPath(new URL("../../../", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "bugs-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test.each(MUTANTS)("shown without: $rule", { timeout: 300_000 }, async ({ bugs, edits }) => {
  const names = BUGS.map(({ name }) => name);
  for (const bug of bugs) expect(names).toContain(bug);
  const lines = await playMutant({ packages, program: join(scratch, `${bugs[0] ?? ""}.cjs`), edits, bugs });
  expect(lines).not.toEqual([]);
  for (const bug of bugs) {
    const told = lines.find((line) => line.startsWith(`${bug}: `) || line.startsWith("unhandled: "));
    expect(told).toBeDefined();
    expect(told).not.toBe(`${bug}: sound`);
  }
});
