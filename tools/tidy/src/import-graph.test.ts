import { posix } from "node:path";
import { expect, test } from "vitest";
import { findCycles, readImports, targetsOf } from "./import-graph.js";
import { ownSourceFiles, ownTextFiles, readText } from "./repository.js";

const file = (path: string, ...values: string[]) => ({ path, values, all: values });

test("no file imports itself, however long the way", () => {
  expect(findCycles(readImports())).toEqual([]);
});

test("a cycle of three is found once, and what hangs off it is left out", () => {
  const imports = [
    file("p/a.ts", "./b.js"),
    file("p/b.ts", "./q/c.js", "node:fs"),
    file("p/q/c.ts", "../a.js", "./d.js"),
    file("p/q/d.ts"),
  ];
  expect(findCycles(imports)).toEqual([["p/a.ts", "p/b.ts", "p/q/c.ts"]]);
});

test("a file that imports itself is a cycle, a diamond is none", () => {
  expect(findCycles([file("a.ts", "./a.js")])).toEqual([["a.ts"]]);
  expect(
    findCycles([
      file("a.ts", "./b.js", "./c.js"),
      file("b.ts", "./d.js"),
      file("c.ts", "./d.js"),
      file("d.ts"),
    ]),
  ).toEqual([]);
});

test("every file is imported by another one, is a door of its package, or is started", () => {
  const imports = readImports();
  const imported = new Set(imports.flatMap(targetsOf));
  const doors = ownTextFiles()
    .filter((path) => path.endsWith("/package.json"))
    .flatMap((path) =>
      [...readText(path).matchAll(/"\.\/(src\/[^"]+)"/g)].map(([, file]) =>
        posix.join(posix.dirname(path), file!),
      ),
    );
  const starts =
    /\.test(-d)?\.tsx?$|\.config\.(ts|mjs)$|\.mjs$|(\/|-)(index|main|process)\.tsx?$|\.d\.ts$|\/bench\//;
  // Whoever bundles a thread or a program says its path.
  const builds = ownSourceFiles()
    .map(readText)
    .filter((text) => /\bentryPoints: \[/.test(text))
    .join("\n");
  const isBundled = (path: string): boolean => builds.includes(path.replace(/^packages\//, ""));
  const isReached = (path: string): boolean =>
    imported.has(path) || doors.includes(path) || starts.test(path) || isBundled(path);
  expect(imports.map(({ path }) => path).filter((path) => !isReached(path))).toEqual([]);
});
