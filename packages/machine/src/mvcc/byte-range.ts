/**
 * Comparing and copying ranges of bytes. Short ranges are looped over: a view and a call into the runtime cost more than
 * some forty bytes do.
 */

const LOOP_BYTES_MAX = 40;

/** Copies source[start, end) to `target` at `at`. */
export function copyRange(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): void {
  if (end - start > LOOP_BYTES_MAX) {
    target.set(source.subarray(start, end), at);
    return;
  }
  for (let i = start, j = at; i < end; i++, j++) target[j] = source[i] as number;
}

/** Negative, zero or positive as a[aStart, aEnd) sorts before, with or after b[bStart, bEnd), byte by byte. */
export function compareRanges(
  a: Uint8Array,
  aStart: number,
  aEnd: number,
  b: Uint8Array,
  bStart: number,
  bEnd: number,
): number {
  const size = Math.min(aEnd - aStart, bEnd - bStart);
  for (let i = 0; i < size; i++) {
    const difference = (a[aStart + i] as number) - (b[bStart + i] as number);
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}

/** `compareRanges` of two whole arrays. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return compareRanges(a, 0, a.length, b, 0, b.length);
}
