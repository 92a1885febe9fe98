/**
 * The repository as its checks see it: the files git knows or would add, and their text.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the top folder, with a slash at the end. */
export const repositoryRoot: string = fileURLToPath(new URL("../../../", import.meta.url));

/** Generated code: written by a program, so read by programs only. */
const generated = /^packages\/proto\/(src\/gen|proto)\//;

/** Files whose text we did not choose word by word. */
const notOurWords = /(^|\/)(testdata|node_modules|dist)\/|^(LICENSE|package-lock\.json)$/;

const textEndings =
  /\.(ts|tsx|mjs|js|json|md|proto|yaml|yml|sh|css|html|txt|svg)$|(^|\/)(\.[a-z]+|run|LICENSE|NOTICE)$/;

/** Paths relative to the top, sorted: tracked files and those a commit could add, without deleted ones. */
export function repositoryFiles(): readonly string[] {
  const listing = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: repositoryRoot,
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  return [...new Set(listing.split("\0"))].filter((path) => path !== "" && existsSync(absolute(path))).sort();
}

/** Text files written by us: neither generated, nor recorded test data, nor somebody's licence. */
export function ownTextFiles(): readonly string[] {
  return repositoryFiles().filter(
    (path) => textEndings.test(path) && !generated.test(path) && !notOurWords.test(path),
  );
}

/** TypeScript and module sources written by us. */
export function ownSourceFiles(): readonly string[] {
  return ownTextFiles().filter((path) => /\.(ts|tsx|mjs)$/.test(path));
}

export function absolute(path: string): string {
  return join(repositoryRoot, path);
}

export function readText(path: string): string {
  return readFileSync(absolute(path), "utf8");
}

/** `path:line: what` for every line of `path` on which `describe` has something to say. */
export function findInLines(
  path: string,
  describe: (line: string, index: number) => string | undefined,
): readonly string[] {
  return readText(path)
    .split("\n")
    .flatMap((line, index) => {
      const what = describe(line, index);
      return what === undefined ? [] : [`${path}:${index + 1}: ${what}`];
    });
}
