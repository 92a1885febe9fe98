/**
 * Looks for seeds that catch each mutant, and writes them to `caught.json`:
 * `node search.cjs PACKAGES FIRST COUNT [NAME...]`. Two mutants are hunted at a time.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hunt, type Catch } from "./mutate.js";
import { MUTATIONS } from "./mutations.js";

const [packages = "", firstText = "1", countText = "100", ...names] = process.argv.slice(2);
const path = join(packages, "sim/src/mutations/testing/caught.json");
const scratch = mkdtempSync(join(tmpdir(), "mutants-"));
const caught = JSON.parse(readFileSync(path, "utf8")) as Record<string, Catch>;
const waiting = MUTATIONS.filter(({ name }) => names.length === 0 || names.includes(name));
let survivors = 0;

async function search(): Promise<void> {
  for (let mutation = waiting.shift(); mutation !== undefined; mutation = waiting.shift()) {
    const { name } = mutation;
    const found = await hunt(
      { packages, scratch, mutation },
      { first: Number(firstText), count: Number(countText) },
    );
    process.stdout.write(
      `${name}: ${found === undefined ? "survived" : `${found.seed} ${found.violation}`}\n`,
    );
    if (found === undefined) survivors += 1;
    else caught[name] = found;
    const sorted = Object.fromEntries(Object.entries(caught).sort(([a], [b]) => (a < b ? -1 : 1)));
    writeFileSync(path, `${JSON.stringify(sorted, undefined, 2)}\n`);
  }
}

void Promise.all([search(), search()]).then(() => {
  rmSync(scratch, { recursive: true, force: true });
  process.exitCode = survivors === 0 ? 0 : 1;
});
