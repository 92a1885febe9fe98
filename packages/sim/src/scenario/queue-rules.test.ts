import type { QueueLevel } from "@quorate/server/world";
import { expect, test } from "vitest";
import { QueueRules } from "./queue-rules.js";

const level = (held: number, name = "queuedCountMax"): QueueLevel => ({ name, held, limit: 40 });

function rulesOf(...moments: (readonly QueueLevel[])[]): QueueRules {
  const rules = new QueueRules();
  for (const levels of moments) rules.look("m1", levels);
  return rules;
}

test("queues that fill up to their limit and empty again", () => {
  const rules = rulesOf([level(0)], [level(40), level(3, "readersWaitingMax")], [level(12)]);
  expect(rules.violations).toEqual([]);
  expect([...rules.fullest]).toEqual([
    ["queuedCountMax", 1],
    ["readersWaitingMax", 3 / 40],
  ]);
});

test("a queue that holds one more than its limit is named, once", () => {
  const { violations } = rulesOf([level(40)], [level(41), level(0, "readersWaitingMax")], [level(90)]);
  expect(violations).toEqual(["m1 holds 41 of what queuedCountMax limits to 40"]);
});

test("each queue beyond its limit is named", () => {
  const { violations } = rulesOf([level(41), level(50, "readersWaitingMax")]);
  expect(violations).toHaveLength(2);
  expect(violations[1]).toContain("readersWaitingMax");
});
