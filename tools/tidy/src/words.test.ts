import { expect, test } from "vitest";
import { findInLines, ownTextFiles } from "./repository.js";
import { bannedWords } from "./words.js";

/** The lists themselves, and their tests. */
const exempt = new Set([
  "tools/tidy/src/words.ts",
  "tools/tidy/src/words.test.ts",
  "tools/tidy/src/sources.test.ts",
]);

test("no banned word appears", () => {
  const found = ownTextFiles()
    .filter((path) => !exempt.has(path))
    .flatMap((path) =>
      findInLines(path, (line) => {
        for (const { pattern, instead } of bannedWords) {
          const word = pattern.exec(line)?.[0];
          if (word !== undefined) return `"${word}", instead: ${instead}`;
        }
        return undefined;
      }),
    );
  expect(found).toEqual([]);
});

test.for([
  "a file below /tmp/data/x is read",
  "fetched from registry.example.org",
  "see issue 1234",
  "fixed in #12345",
  "keys on the whitelist",
  "utilizes the cache",
  "class WatchManager {",
])("the list knows: %s", (line) => {
  expect(bannedWords.some(({ pattern }) => pattern.test(line))).toBe(true);
});

test.for([
  "the lock's session keeps its lease alive",
  "etcd's --data-dir is relative to the working folder",
  "const tmp = path.join(tmpdir(), name);",
  "a colour such as '#112233'",
  "the watch hub manages nothing",
])("the list leaves alone: %s", (line) => {
  expect(bannedWords.filter(({ pattern }) => pattern.test(line))).toEqual([]);
});
