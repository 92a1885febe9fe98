import { expect, test } from "vitest";
import { findCycles, readImports } from "./import-graph.js";

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
