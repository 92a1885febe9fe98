/**
 * How long the suites of faults take: seconds in every run of all tests, minutes with `LONG=1`. `E2E_FAULT_SECONDS` says for how
 * long each scenario is repeated, whichever of the two it is.
 */

export interface SuiteSize {
  readonly isLong: boolean;
  /** For each scenario; a round is always played to its end. */
  readonly secondsEach: number;
  readonly faultMs: number;
  /** A long history has to stay small enough to be judged. */
  readonly operationsPerSecondMax: number;
}

const isLong = process.env["LONG"] === "1";
const chosenSeconds = process.env["E2E_FAULT_SECONDS"];

const usual: SuiteSize = isLong
  ? { isLong, secondsEach: 300, faultMs: 8_000, operationsPerSecondMax: 400 }
  : { isLong, secondsEach: 1, faultMs: 3_000, operationsPerSecondMax: 1_000 };

export const suiteSize: SuiteSize =
  chosenSeconds === undefined ? usual : { ...usual, secondsEach: Number(chosenSeconds) };

/** Replays the choices of a run; servers and machines decide about the rest. */
export const suiteSeed: number = Number(process.env["E2E_SEED"] ?? Date.now() % 1_000_000);
