import { expect, test } from "vitest";
import { checkFencing } from "./check-fencing.js";
import type { FencedHold, FencedWrite } from "./fence-history.js";

const hold = (client: number, token: number, fromMs: number, untilMs: number): FencedHold => ({
  client,
  lease: BigInt(client),
  token,
  fromMs,
  promise: { fromMs, forMs: untilMs - fromMs },
  releasedMs: Infinity,
});
const write = (client: number, token: number, revision: number, atMs: number): FencedWrite => ({
  client,
  token,
  outcome: "ok",
  revision,
  startMs: atMs,
  endMs: atMs + 1,
});
const HOLDS = [hold(1, 10, 0, 1000), hold(2, 20, 1200, 2000)];

test("holders that follow one another", () => {
  expect(
    checkFencing(HOLDS, [write(1, 10, 11, 5), write(1, 10, 12, 500), write(2, 20, 21, 1300)], 0.1),
  ).toEqual([]);
});

test("a sleeper that is refused after its time", () => {
  const refused: FencedWrite = { ...write(1, 10, 22, 1400), outcome: "refused" };
  expect(checkFencing(HOLDS, [write(2, 20, 21, 1300), refused], 0.1)).toEqual([]);
});

test.each([
  [
    "a sleeper that wrote behind the next holder",
    HOLDS,
    [write(2, 20, 21, 1300), write(1, 10, 22, 1400)],
    /token 10 at revision 22/,
  ],
  [
    "a holder that is refused in its time",
    HOLDS,
    [{ ...write(1, 10, 22, 500), outcome: "refused" }],
    /was refused at 501/,
  ],
  ["two holders at once", [hold(1, 10, 0, 1000), hold(2, 20, 500, 2000)], [], /client 2 got the lock at 500/],
  ["one token for two", [hold(1, 10, 0, 10), hold(2, 10, 500, 900)], [], /have the same token/],
] as const)("%s", (_, holds, writes, expected) => {
  expect(checkFencing(holds, writes, 0.1)[0]).toMatch(expected);
});
