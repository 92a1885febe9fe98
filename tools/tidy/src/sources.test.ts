import { expect, test } from "vitest";
import {
  absolute,
  findInLines,
  ownSourceFiles,
  ownTextFiles,
  readText,
  repositoryFiles,
} from "./repository.js";

const linesMax = 500;

/** These tests name what they look for. */
const self = "tools/tidy/src/sources.test.ts";

const sources = ownSourceFiles().filter((path) => path !== self);
const texts = ownTextFiles().filter((path) => path !== self);

test(`no source file is longer than ${linesMax} lines`, () => {
  const long = sources.map((path) => ({ path, lines: readText(path).split("\n").length - 1 }));
  expect(long.filter(({ lines }) => lines > linesMax)).toEqual([]);
});

test("nothing is left for later", () => {
  const found = texts.flatMap((path) =>
    findInLines(path, (line) => /\b(FIXME|TODO|XXX|HACK|WIP)\b/.exec(line)?.[0]),
  );
  expect(found).toEqual([]);
});

test("no test is singled out, and none is skipped for good without a reason on its line, in its name or on the line above", () => {
  const found = sources
    .filter((path) => /\.test\.tsx?$/.test(path))
    .flatMap((path) => {
      const lines = readText(path).split("\n");
      return findInLines(path, (line, index) => {
        if (/\b(test|it|describe|suite)(\.\w+)*\.only\b/.test(line)) return "singled out";
        const skips = /\b(test|it|describe|suite)(\.\w+)*\.(skip|todo)\b|\bctx\.skip\(\)/.test(line);
        const reason =
          line.includes("//") ||
          /\b(absent|missing|needs)\b/.test(line) ||
          /^\s*(\/\/|\*|\/\*\*)/.test(lines[index - 1] ?? "");
        return skips && !reason ? "skipped without a reason" : undefined;
      });
    });
  expect(found).toEqual([]);
});

test("every test file asserts something, itself or through its room's testing folder", () => {
  const tests = sources.filter((path) => /\.test\.tsx?$/.test(path));
  const silent = tests.filter(
    (path) => !/\bexpect|\bassert|\bfc\.|from "[^"]*\/testing\//.test(readText(path)),
  );
  expect(silent).toEqual([]);
});

test("no line ends in white space, and every file ends with one line break", () => {
  const found = texts.flatMap((path) => [
    ...findInLines(path, (line) => (/[ \t\r]$/.test(line) ? "white space at the end" : undefined)),
    ...(/[^\n]\n$/.test(readText(path)) || readText(path) === "" ? [] : [`${path}: end of file`]),
  ]);
  expect(found).toEqual([]);
});

test("exports have names", () => {
  const found = sources
    .filter((path) => !/(^|\/)[a-z.]+\.config\.(ts|mjs)$/.test(path))
    .flatMap((path) =>
      findInLines(path, (line) =>
        /^export default\b|export \{[^}]*\bas default\b/.test(line) ? "default export" : undefined,
      ),
    );
  expect(found).toEqual([]);
});

test("files are named in kebab-case", () => {
  const named = sources.filter((path) => /^(packages|apps|tools)\//.test(path));
  expect(
    named.filter(
      (path) => !/^[a-z0-9-]+(\.[a-z0-9-]+)*\.(ts|tsx|mjs)$/.test(absolute(path).split("/").at(-1)!),
    ),
  ).toEqual([]);
});

test("the top level holds the plan of the house and nothing else", () => {
  const allowed =
    /^(\..+|package(-lock)?\.json|nx\.json|tsconfig(\.base)?\.json|(eslint|vitest)\.config\.\w+|README\.md|LICENSE|NOTICE|apps|packages|tools|docs|deploy)$/;
  const top = new Set(repositoryFiles().map((path) => path.split("/")[0]!));
  expect([...top].filter((name) => !allowed.test(name))).toEqual([]);
});
