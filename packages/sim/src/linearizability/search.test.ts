import { Prng } from "@quorate/std";
import { describe, expect, test } from "vitest";
import { isLinearizableByDefinition } from "../testing/brute-force.js";
import { describeCounterExample } from "./describe.js";
import type { Timed } from "./model.js";
import { REGISTER } from "./register.js";
import type { RegisterOperation, RegisterValue } from "./register.js";
import { searchOrder } from "./search.js";

type History = Timed<RegisterOperation>[];

function read(client: number, value: RegisterValue, start: number, end: number): Timed<RegisterOperation> {
  return { operation: { kind: "read", client, value }, start, end };
}

function write(client: number, value: RegisterValue, start: number, end: number): Timed<RegisterOperation> {
  return { operation: { kind: "write", client, value, isKnown: end !== Infinity }, start, end };
}

describe("an order is found or refused", () => {
  test("of nothing", () => {
    expect(searchOrder(REGISTER, [])).toEqual({ kind: "linearizable", configurations: 1 });
  });

  test("two overlapping writes may be read in either order, but not in both", () => {
    const writes = [write(1, 1, 0, 10), write(2, 2, 0, 10)];
    expect(searchOrder(REGISTER, [...writes, read(3, 1, 11, 12)]).kind).toBe("linearizable");
    expect(searchOrder(REGISTER, [...writes, read(3, 2, 11, 12)]).kind).toBe("linearizable");
    expect(searchOrder(REGISTER, [...writes, read(3, 1, 11, 12), read(3, 2, 13, 14)]).kind).toBe("violation");
  });

  test("a write that ends as a read starts may come after it", () => {
    expect(searchOrder(REGISTER, [write(1, 1, 0, 5), read(2, null, 5, 6)]).kind).toBe("linearizable");
    expect(searchOrder(REGISTER, [write(1, 1, 0, 5), read(2, null, 5.5, 6)]).kind).toBe("violation");
  });

  test("a write without an answer may take effect long after, or never, but not before it was sent", () => {
    const lost = write(1, 7, 10, Infinity);
    const after = [read(2, null, 20, 21), read(2, 7, 22, 23)];
    expect(searchOrder(REGISTER, [lost, ...after]).kind).toBe("linearizable");
    expect(searchOrder(REGISTER, [lost, read(2, null, 20, 21)]).kind).toBe("linearizable");
    expect(searchOrder(REGISTER, [lost, read(2, 7, 1, 2)]).kind).toBe("violation");
    expect(searchOrder(REGISTER, [lost, read(2, 7, 20, 21), read(2, null, 22, 23)]).kind).toBe("violation");
  });

  test("one lost write explains one appearance of its value, two lost writes explain two", () => {
    const appearances = [read(9, 1, 10, 11), write(9, 2, 12, 13), read(9, 1, 14, 15)];
    expect(searchOrder(REGISTER, [write(1, 1, 0, Infinity), ...appearances]).kind).toBe("violation");
    const two = [write(1, 1, 0, Infinity), write(2, 1, 0, Infinity), ...appearances];
    expect(searchOrder(REGISTER, two).kind).toBe("linearizable");
  });
});

test("hundreds of lost writes of few values cost few configurations", () => {
  const history: History = [];
  for (let index = 0; index < 300; index += 1) history.push(write(index, index % 5, index, Infinity));
  for (let index = 0; index < 300; index += 1) {
    history.push(read(1, (index * 3) % 5, 1000 + 2 * index, 1001 + 2 * index));
  }
  const result = searchOrder(REGISTER, history);
  // Each value can be had 60 times, and each read needs another one than the last.
  expect(result.kind).toBe("linearizable");
  if (result.kind === "linearizable") expect(result.configurations).toBeLessThan(2_000);
});

test("a search that meets its limit says which, and decides nothing", () => {
  const history: History = [];
  for (let client = 0; client < 12; client += 1) history.push(write(client, client, 0, 100));
  history.push(read(99, 99, 101, 102));
  const result = searchOrder(REGISTER, history, { configurationsMax: 50 });
  expect(result).toMatchObject({ kind: "undecided", limit: "configurationsMax" });
});

test("a counter-example shows the operation that fits nowhere, an order of what came before, and what ran beside", () => {
  const history = [
    write(1, 1, 0, 1),
    write(2, 2, 2, 3),
    read(3, 1, 4, 6),
    write(4, 4, 5, 9),
    write(5, 5, 20, 21),
    read(3, 4, 22, 23),
  ];
  const result = searchOrder(REGISTER, history);
  if (result.kind !== "violation") throw new Error(`it is ${result.kind}`);
  expect(describeCounterExample(REGISTER, result.counterExample)).toBe(
    [
      "no order of the operations allows",
      "  [4, 6] client 3: read -> 1",
      "all that returned before it can be ordered, for example so:",
      "  [0, 1] client 1: write 1 -> ok",
      "  [2, 3] client 2: write 2 -> ok",
      "after which the register holds 2",
      "under way at the same time, and no help in any order:",
      "  [5, 9] client 4: write 4 -> ok",
    ].join("\n"),
  );
});

/** Random clients of a real register: each operation takes effect at a moment of its own between call and return. */
function playRegister(prng: Prng, operationCount: number, clients: number, values = 4): History {
  const freeAt = new Array<number>(clients).fill(0);
  const drafts = Array.from({ length: operationCount }, () => {
    const client = prng.below(clients);
    const start = freeAt[client]! + 1 + prng.below(5);
    const effect = start + prng.below(20);
    const end = effect + prng.below(20);
    freeAt[client] = end;
    return {
      client,
      start,
      effect,
      end,
      dice: prng.float(),
      isLost: prng.chance(0.2),
      takesEffect: prng.chance(0.5),
    };
  });
  drafts.sort((a, b) => a.effect - b.effect);
  let state: RegisterValue = null;
  return drafts.flatMap(({ client, start, end, dice, isLost, takesEffect }) => {
    if (dice < 0.4) return [read(client, state, start, end)];
    const value = prng.below(values);
    if (dice < 0.7) {
      if (!isLost || takesEffect) state = value;
      return [write(client, value, start, isLost ? Infinity : end)];
    }
    const from = prng.below(values);
    const holds: boolean = state === from;
    if (holds && (!isLost || takesEffect)) state = value;
    const answer = isLost ? "unknown" : holds ? "swapped" : "differed";
    const operation: RegisterOperation = { kind: "cas", client, from, to: value, answer };
    return [{ operation, start, end: isLost ? Infinity : end }];
  });
}

test.each([1, 2, 3, 4, 5])("histories of a real register are accepted (seed %i)", (seed) => {
  const prng = new Prng(seed);
  for (let round = 0; round < 30; round += 1) {
    const history = playRegister(prng, 200, 1 + prng.below(8));
    expect(searchOrder(REGISTER, history).kind).toBe("linearizable");
  }
});

test("thousands of operations, with hundreds of lost ones that have values of their own", () => {
  const history = playRegister(new Prng(6), 5000, 5, 1_000_000);
  expect(history.filter(({ end }) => end === Infinity).length).toBeGreaterThan(400);
  expect(searchOrder(REGISTER, history).kind).toBe("linearizable");
});

test.each([11, 12, 13, 14])(
  "small histories, right and wrong, get the verdict of the definition (seed %i)",
  (seed) => {
    const prng = new Prng(seed);
    const seen = { linearizable: 0, violation: 0, undecided: 0 };
    for (let round = 0; round < 400; round += 1) {
      const history = playRegister(prng, 3 + prng.below(5), 1 + prng.below(4)).map((timed) => {
        const { operation } = timed;
        const isChanged = operation.kind === "read" && prng.chance(0.4);
        return isChanged ? { ...timed, operation: { ...operation, value: prng.below(4) } } : timed;
      });
      const { kind } = searchOrder(REGISTER, history);
      seen[kind] += 1;
      const expected = isLinearizableByDefinition(REGISTER, history) ? "linearizable" : "violation";
      expect(kind, JSON.stringify(history)).toBe(expected);
    }
    expect(seen.linearizable).toBeGreaterThan(50);
    expect(seen.violation).toBeGreaterThan(50);
  },
);
