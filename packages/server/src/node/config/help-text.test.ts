import { expect, test } from "vitest";
import { FLAG_TABLE } from "./flag-table.js";
import { helpText, UNGROUPED_TITLE } from "./help-text.js";

test("every flag stands once, with its default, in one of etcd's groups", () => {
  const shown = [...helpText().matchAll(/^ {2}--([\w-]+) '(.*)'$/gm)].map(([, name = "", fallback = ""]) => ({
    name,
    fallback,
  }));
  const known = FLAG_TABLE.map(({ name, fallback }) => ({ name, fallback }));
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
  expect(shown.sort(byName)).toEqual(known.sort(byName));
  expect(helpText()).not.toContain("(unknown)");
  expect(helpText()).not.toContain(`${UNGROUPED_TITLE}:`);
});

test("groups come in etcd's order", () => {
  const titles = [...helpText().matchAll(/^(\w[\w ]*):$/gm)].map(([, title]) => title);
  expect(titles).toEqual([
    "Usage",
    "Member",
    "Clustering",
    "Security",
    "Auth",
    "Profiling and monitoring",
    "Logging",
    "Distributed tracing",
    "Features",
    "Unsafe",
  ]);
});

test("gates stand with their stage and default, flags that do nothing say so", () => {
  expect(helpText()).toContain("InitialCorruptCheck=true|false (ALPHA, default false)");
  expect(helpText()).toContain("FastLeaseKeepAlive=true|false (BETA, default true)");
  expect(helpText()).toMatch(/--memory-mlock 'false'\n.*\(Without effect\.\)\n/);
});
