/**
 * Names of log segments: `<sequence>-<first index>.wal`, both as 16 hexadecimal digits. The sequence counts from 0 without
 * gaps; the first index is one above the newest entry before the segment (0 for the first segment).
 * Source: etcd `server/storage/wal/util.go`.
 */
export interface SegmentName {
  readonly name: string;
  readonly sequence: number;
  readonly firstIndex: number;
}

const PATTERN = /^([0-9a-f]{16})-([0-9a-f]{16})\.wal$/;

export function createSegmentName(sequence: number, firstIndex: number): SegmentName {
  return { name: `${hex16(sequence)}-${hex16(firstIndex)}.wal`, sequence, firstIndex };
}

/** @returns undefined for a name that no log writes. */
export function parseSegmentName(name: string): SegmentName | undefined {
  const match = PATTERN.exec(name);
  if (match === null) return undefined;
  const sequence = Number.parseInt(match[1] as string, 16);
  const firstIndex = Number.parseInt(match[2] as string, 16);
  if (!Number.isSafeInteger(sequence) || !Number.isSafeInteger(firstIndex)) return undefined;
  return { name, sequence, firstIndex };
}

/** The segments among `names`, oldest first. Other files (prepared segments, what repair set aside) are passed over. */
export function listSegments(names: readonly string[]): SegmentName[] {
  const segments: SegmentName[] = [];
  for (const name of names) {
    const segment = parseSegmentName(name);
    if (segment !== undefined) segments.push(segment);
  }
  return segments.sort((a, b) => a.sequence - b.sequence);
}

function hex16(value: number): string {
  return value.toString(16).padStart(16, "0");
}
