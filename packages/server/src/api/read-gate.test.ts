import { expect, test } from "vitest";
import { READS_BEGUN_PER_TURN, READS_GOING_ON_MAX, ReadGate, type GatedRead } from "./read-gate.js";

/** A gate whose turns end when the test says so, and what has begun. */
class Bench {
  readonly begun: string[] = [];
  readonly gate: ReadGate;
  #endTurns: (() => void)[] = [];
  readonly #ends = new Map<string, () => void>();

  constructor() {
    this.gate = new ReadGate({ yieldTurn: () => new Promise((resolve) => this.#endTurns.push(resolve)) });
  }

  /** Enters reads that are done when they have begun. */
  enterShort(peer: string, count: number): void {
    for (let i = 0; i < count; i++) this.gate.enter(peer, this.#read(`${peer}${i}`, undefined));
  }

  /** Enters reads that go on until `end`. */
  enterLong(peer: string, count: number): void {
    for (let i = 0; i < count; i++) {
      const name = `${peer}${i}`;
      const rest = (): Promise<void> => new Promise((resolve) => this.#ends.set(name, resolve));
      this.gate.enter(peer, this.#read(name, rest));
    }
  }

  get goingOn(): string[] {
    return [...this.#ends.keys()];
  }

  async end(name: string): Promise<void> {
    this.#ends.get(name)?.();
    this.#ends.delete(name);
    await new Promise(setImmediate);
  }

  async endTurn(): Promise<void> {
    for (const end of this.#endTurns.splice(0)) end();
    await new Promise(setImmediate);
  }

  #read(name: string, rest: (() => Promise<void>) | undefined): GatedRead {
    return {
      begin: () => {
        this.begun.push(name);
        return rest;
      },
    };
  }
}

test("with nothing in the way a read begins at once", () => {
  const bench = new Bench();
  bench.enterShort("a", 3);
  expect(bench.begun).toEqual(["a0", "a1", "a2"]);
});

test("of a burst a limited number begins per turn, and connections take turns", async () => {
  const bench = new Bench();
  bench.enterShort("a", 3 * READS_BEGUN_PER_TURN);
  bench.enterShort("b", 2);
  expect(bench.begun.length).toBe(READS_BEGUN_PER_TURN);
  await bench.endTurn();
  expect(bench.begun.length).toBe(2 * READS_BEGUN_PER_TURN);
  const first = READS_BEGUN_PER_TURN;
  expect(bench.begun.slice(first, first + 5)).toEqual([
    `a${first}`,
    "b0",
    `a${first + 1}`,
    "b1",
    `a${first + 2}`,
  ]);
  await bench.endTurn();
  await bench.endTurn();
  expect(bench.begun.length).toBe(3 * READS_BEGUN_PER_TURN + 2);
  expect(new Set(bench.begun).size).toBe(bench.begun.length);
});

test("long reads go on a few at a time; a connection whose read waits for a place begins no other", async () => {
  const bench = new Bench();
  bench.enterLong("a", READS_GOING_ON_MAX + 5);
  expect(bench.goingOn.length).toBe(READS_GOING_ON_MAX);
  expect(bench.begun.length).toBe(READS_GOING_ON_MAX + 1);
  bench.enterShort("b", 4);
  expect(bench.begun.slice(-4)).toEqual(["b0", "b1", "b2", "b3"]);
  await bench.end("a0");
  expect(bench.goingOn.at(-1)).toBe(`a${READS_GOING_ON_MAX}`);
  expect(bench.begun.at(-1)).toBe(`a${READS_GOING_ON_MAX + 1}`);
});

test("places that become free go to the connections in turn", async () => {
  const bench = new Bench();
  bench.enterLong("a", READS_GOING_ON_MAX + 3);
  bench.enterLong("b", 2);
  for (let i = 0; i < 5; i++) await bench.end(`a${i}`);
  const next = READS_GOING_ON_MAX;
  expect(bench.goingOn.slice(-5)).toEqual([`a${next}`, "b0", `a${next + 1}`, "b1", `a${next + 2}`]);
  for (const name of bench.goingOn) await bench.end(name);
  expect(bench.begun.length).toBe(READS_GOING_ON_MAX + 5);
});
