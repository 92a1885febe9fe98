import { consolepb } from "@quorate/proto";
import { equalBytes } from "../../text/bytes.js";

export interface HistoryChange {
  readonly kind: "created" | "changed" | "deleted";
  readonly words: string;
  /** Size of the value from then on; absent when the key was deleted. */
  readonly bytes?: number;
}

/** What a state changed. @param before the state before it; absent when the store does not remember one. */
export function describeChange(
  { key }: consolepb.HistoryState,
  before: consolepb.HistoryState | undefined,
  end: consolepb.HistoryEnd,
): HistoryChange {
  if (key === undefined) return { kind: "deleted", words: "Deleted" };
  const bytes = key.value.length;
  if (key.version === 1n) return { kind: "created", words: "Created", bytes };
  if (before?.key === undefined) {
    const words = end === consolepb.HistoryEnd.COMPACTED ? "Oldest that is left" : `Version ${key.version}`;
    return { kind: "changed", words, bytes };
  }
  const isSame = equalBytes(before.key.value, key.value);
  const words = isSame
    ? before.key.lease === key.lease
      ? "Written again, the same"
      : "Only the lease changed"
    : `Version ${key.version}`;
  return { kind: "changed", words, bytes };
}
