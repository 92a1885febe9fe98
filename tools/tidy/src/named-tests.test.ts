/** Tables in the documents that name tests speak of tests that exist, word for word. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "./repository.js";

const DOCUMENTS = [
  "docs/internals/security.md",
  "docs/reference/operations-situations-b.md",
  "docs/reference/operations-situations.md",
  "docs/reference/situations.md",
  "docs/reference/store-situations.md",
];
/** `path.test.ts`: title, up to the next one or the end of the cell. */
const NAMED = /`([\w./-]+\.test\.ts)`: (.*?)(?=<br>`| \|)/g;

/** Paths leave out where all of them lie. */
function findFile(path: string): string | undefined {
  const [room = "", ...rest] = path.split("/");
  return [
    join(repositoryRoot, "packages", room, "src", ...rest),
    join(repositoryRoot, "apps/e2e/src", path),
    join(repositoryRoot, "apps", room, "src", ...rest),
  ].find(existsSync);
}

test.each(DOCUMENTS)("%s", (document) => {
  const text = readFileSync(join(repositoryRoot, document), "utf8");
  const missing: string[] = [];
  let count = 0;
  for (const [, path = "", title = ""] of text.matchAll(NAMED)) {
    count += 1;
    const file = findFile(path);
    if (file === undefined) missing.push(`${path}: no such file`);
    else if (!isNamed(readFileSync(file, "utf8"), title)) missing.push(`${path}: no test "${title}"`);
  }
  expect(missing).toEqual([]);
  expect(count).toBeGreaterThan(20);
});

/** What Markdown and strings escape is compared as it is meant. */
function isNamed(source: string, title: string): boolean {
  const meant = source.replaceAll(/\\([`"])/g, "$1");
  return meant.includes(title.trim().replaceAll("\\*", "*"));
}
