import { existsSync, statSync } from "node:fs";
import { posix } from "node:path";
import { expect, test } from "vitest";
import { absolute, findInLines, ownTextFiles, readText } from "./repository.js";

const documents = ownTextFiles().filter((path) => path.endsWith(".md"));

test("every document has exactly one title, on its first line", () => {
  const found = documents.filter((path) => {
    const prose = withoutCode(readText(path));
    return !prose.startsWith("# ") || (prose.match(/^# /gm) ?? []).length !== 1;
  });
  expect(found).toEqual([]);
});

test("every relative link leads somewhere, down to the heading", () => {
  const broken = documents.flatMap((path) =>
    findInLines(path, (line) => {
      for (const [, target] of line.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (target === undefined || /^[a-z]+:/.test(target)) continue;
        const [file = "", anchor] = target.split("#");
        const to = file === "" ? path : posix.join(posix.dirname(path), file);
        if (!existsSync(absolute(to))) return `no such file: ${target}`;
        if (anchor !== undefined && statSync(absolute(to)).isFile() && !anchorsOf(readText(to)).has(anchor))
          return `no such heading: ${target}`;
      }
      return undefined;
    }),
  );
  expect(broken).toEqual([]);
});

test("decisions are numbered from 0001 without gaps, and dated", () => {
  const decisions = documents.filter((path) => path.startsWith("docs/decisions/"));
  const numbers = decisions.map((path) => Number(/\/(\d{4})-[a-z0-9-]+\.md$/.exec(path)?.[1]));
  expect(numbers).toEqual(decisions.map((_, index) => index + 1));
  expect(decisions.filter((path) => !/^Date: \d{4}-\d{2}-\d{2}$/m.test(readText(path)))).toEqual([]);
});

/** Headings as the link targets that a renderer makes of them. */
function anchorsOf(markdown: string): Set<string> {
  const headings = [...withoutCode(markdown).matchAll(/^#+ (.*)$/gm)].map(([, text = ""]) => text);
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, "")
        .trim()
        .replace(/\s/g, "-"),
    ),
  );
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, "");
}
