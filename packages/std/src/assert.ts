/**
 * Fail-stop checks for our own mistakes. A refusal (a proper answer to a proper request) is a value, never an assertion.
 */

/** Raised when an invariant of ours does not hold; nobody handles it: the process stops, loudly, with the numbers. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/** Throws `AssertionError` with `message` unless `condition` holds. A function builds the message only on failure. */
export function assert(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new AssertionError(typeof message === "string" ? message : message());
}

/** Marks a branch that the types say cannot be reached; throws when it is reached all the same. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
