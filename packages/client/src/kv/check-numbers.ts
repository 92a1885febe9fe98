/** Numbers of callers, as programs without types may have them: what is none is told before anything waits for it. */

const INT64_MAX = 2n ** 63n - 1n;

/** @throws TypeError or RangeError for what is no revision, and none left out. */
export function checkRevision(name: string, revision: bigint | undefined): void {
  if (revision === undefined) return;
  if (typeof revision !== "bigint") throw new TypeError(`${name} is a bigint, not ${String(revision)}`);
  if (revision < 0n) throw new RangeError(`${name} is not below 0: ${revision}`);
  if (revision > INT64_MAX) throw new RangeError(`${name} is beyond all revisions: ${revision}`);
}

/** @throws RangeError for what is no whole number above 0; Infinity is one. */
export function checkCount(name: string, count: number): void {
  if (count === Infinity || (Number.isSafeInteger(count) && count > 0)) return;
  throw new RangeError(`${name} is a whole number above 0, not ${String(count)}`);
}
