import { Prng } from "@quorate/std";
import { expect, test } from "vitest";
import { checkAppendLists } from "./check-append-lists.js";
import type { ListOperation, ListTransaction } from "./list-history.js";

const read = (key: string, ...elements: number[]): ListOperation => ({ kind: "read", key, elements });
const append = (key: string, ...elements: number[]): ListOperation => ({ kind: "append", key, elements });

/** One after the other, a millisecond each, unless told otherwise. */
function history(
  ...steps: (Partial<ListTransaction> & Pick<ListTransaction, "operations">)[]
): ListTransaction[] {
  return steps.map((step, id) => ({
    id,
    client: 0,
    outcome: "ok",
    revision: undefined,
    startMs: 2 * id,
    endMs: 2 * id + 1,
    ...step,
  }));
}

/** A serial store, played by chance. */
function play(seed: number, count: number): ListTransaction[] {
  const prng = new Prng(seed);
  const lists = new Map<string, number[]>();
  let element = 0;
  let revision = 1;
  return history(
    ...Array.from({ length: count }, () => {
      const operations: ListOperation[] = [];
      for (const key of ["x", "y", "z"]) {
        const list = lists.get(key) ?? [];
        if (prng.chance(0.6)) operations.push(read(key, ...list));
        if (!prng.chance(0.3)) continue;
        operations.push(append(key, ++element));
        lists.set(key, [...list, element]);
      }
      if (operations.some(({ kind }) => kind === "append")) revision += 1;
      return { operations, revision };
    }),
    { operations: [...lists].map(([key, list]) => read(key, ...list)), revision },
  );
}

test.each([1, 2, 3])("a serial history is good (seed %i)", (seed) => {
  expect(checkAppendLists(play(seed, 300))).toEqual([]);
});

test("operations at the same time may have any order", () => {
  const together = { startMs: 0, endMs: 100 };
  const steps = play(4, 60).map((each) => ({ ...each, ...together, operations: [...each.operations] }));
  expect(checkAppendLists(steps)).toEqual([]);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])("a read that shows too little is found (mutation %i)", (seed) => {
  const steps = play(seed, 200);
  const victims = steps.filter(({ operations }) =>
    operations.some(({ kind, elements }) => kind === "read" && elements.length > 3),
  );
  const victim = new Prng(seed).pick(victims);
  const mutated = steps.map((step) =>
    step !== victim
      ? step
      : {
          ...step,
          operations: step.operations.map((each) =>
            each.kind === "read" ? { ...each, elements: each.elements.slice(0, -1) } : each,
          ),
        },
  );
  expect(checkAppendLists(mutated)).not.toEqual([]);
});

test("an element that was acknowledged and is not there", () => {
  const steps = history(
    { operations: [append("x", 1)] },
    { operations: [append("x", 2)] },
    { operations: [read("x", 1)] },
  );
  expect(checkAppendLists(steps)[0]).toMatch(/^2 was appended to x by T1, and is not there/);
});

test("a write without an answer may be there or not", () => {
  const lost = { operations: [append("x", 1)], outcome: "unknown" } as const;
  expect(checkAppendLists(history(lost, { operations: [read("x")] }))).toEqual([]);
  expect(
    checkAppendLists(history(lost, { operations: [read("x")] }, { operations: [read("x", 1)] })),
  ).toEqual([]);
  const back = history(lost, { operations: [read("x", 1)] }, { operations: [read("x")] });
  expect(checkAppendLists(back)[0]).toMatch(/^real-time/);
});

test("G0: two writers overtake each other", () => {
  const steps = history(
    { operations: [append("x", 1), append("y", 1001)], startMs: 0, endMs: 9 },
    { operations: [append("x", 2), append("y", 1002)], startMs: 0, endMs: 9 },
    { operations: [read("x", 1, 2)], startMs: 10, endMs: 11 },
    { operations: [read("y", 1002, 1001)], startMs: 10, endMs: 11 },
  );
  expect(checkAppendLists(steps)[0]).toMatch(/^G0/);
});

test("G1a, G1b: what was refused, and half of a write", () => {
  const refused = history(
    { operations: [append("x", 1)], outcome: "failed" },
    { operations: [read("x", 1)] },
  );
  expect(checkAppendLists(refused)[0]).toMatch(/^G1a/);
  const half = history(
    { operations: [append("x", 1, 2)], outcome: "unknown" },
    { operations: [read("x", 1)] },
  );
  expect(checkAppendLists(half)[0]).toMatch(/^G1b/);
});

test("G1c: two transactions that have seen each other", () => {
  const steps = history(
    { operations: [append("x", 1), read("y", 2)], startMs: 0, endMs: 9 },
    { operations: [append("y", 2), read("x", 1)], startMs: 0, endMs: 9 },
  );
  expect(checkAppendLists(steps)[0]).toMatch(/^G1c/);
});

test("G-single and G2: reads that missed writes", () => {
  const single = history(
    { operations: [append("x", 1), append("y", 2)], startMs: 0, endMs: 9 },
    { operations: [read("x", 1), read("y")], startMs: 0, endMs: 9 },
    { operations: [read("y", 2)], startMs: 10, endMs: 11 },
  );
  expect(checkAppendLists(single)[0]).toMatch(/^G-single/);
  const double = history(
    { operations: [read("x"), append("y", 1)], startMs: 0, endMs: 9 },
    { operations: [read("y"), append("x", 2)], startMs: 0, endMs: 9 },
    { operations: [read("x", 2), read("y", 1)], startMs: 10, endMs: 11 },
  );
  expect(checkAppendLists(double)[0]).toMatch(/^G2/);
});

test("a stale read breaks real time only", () => {
  const steps = history(
    { operations: [append("x", 1)], outcome: "unknown", startMs: 0, endMs: 1 },
    { operations: [read("x", 1)] },
    { operations: [read("x")] },
  );
  expect(checkAppendLists(steps)[0]).toMatch(/^real-time/);
});

test("revisions against the order", () => {
  const steps = history(
    { operations: [append("x", 1)], revision: 8, startMs: 0, endMs: 9 },
    { operations: [append("x", 2)], revision: 7, startMs: 0, endMs: 9 },
    { operations: [read("x", 1, 2)], revision: 8, startMs: 10, endMs: 11 },
  );
  expect(checkAppendLists(steps)[0]).toMatch(/^revisions contradict the order \(ww\)/);
});

test("what nobody wrote, and what is there twice", () => {
  expect(checkAppendLists(history({ operations: [read("x", 9)] }))[0]).toMatch(/^nobody wrote 9/);
  const twice = history({ operations: [append("x", 1)] }, { operations: [read("x", 1, 1)] });
  expect(checkAppendLists(twice)[0]).toMatch(/^an element is twice/);
});

test("two thousand transactions over three lists", () => {
  expect(checkAppendLists(play(9, 2000))).toEqual([]);
});
