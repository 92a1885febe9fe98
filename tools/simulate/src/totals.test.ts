import { expect, test } from "vitest";
import { Totals, type RunSummary } from "./totals.js";

const RUN: RunSummary = {
  seed: 1,
  simulatedMs: 1_800_000,
  eventCount: 10,
  operationCount: 5,
  isJudgedInPart: false,
  faults: [["kill", 2]],
  queues: [["queuedCountMax", 0.25]],
  isBroken: false,
  report: undefined,
};

test("runs add up", () => {
  const totals = new Totals();
  totals.add(RUN);
  totals.add({
    ...RUN,
    faults: [
      ["isolate", 1],
      ["kill", 1],
    ],
    queues: [
      ["readersWaitingMax", 0.001],
      ["queuedCountMax", 1],
    ],
    isJudgedInPart: true,
    isBroken: true,
  });
  expect(totals.violations).toBe(1);
  expect(totals.describe(60)).toBe(
    "2 seeds, 1.00 simulated hours in 60 s, 10 checked operations, 20 events\n" +
      "4 faults: isolate 1, kill 3\nfullest queues: queuedCountMax 100 %, readersWaitingMax 0 %\n1 seeds judged in part, 1 violations",
  );
});
