/** One key or a range of keys, as people choose it: what is typed, what goes over the wire, and what it is called. */
import { compareBytes, equalBytes, noBytes, prefixRange, zeroByte } from "../../text/bytes.js";
import { escapeBytes, parseEscaped } from "../../text/escape.js";

/** Which keys are meant: the one, all that begin with it, all from it on, or up to (not including) `end`. */
export const REACHES = ["key", "prefix", "from", "until"] as const;
export type Reach = (typeof REACHES)[number];

export const REACH_LABELS: Readonly<Record<Reach, string>> = {
  key: "this key",
  prefix: "prefix",
  from: "from key on",
  until: "key up to end",
};

/** Key and end are escaped text (src/text/escape.ts). */
export interface KeyDraft {
  readonly key: string;
  readonly reach: Reach;
  /** Only with reach `until`. */
  readonly end: string;
}

export interface KeyRange {
  readonly key: Uint8Array;
  /** As etcd's requests take it: empty for the one key, a zero byte for everything from the key on. */
  readonly rangeEnd: Uint8Array;
}

export interface KeyProblem {
  readonly field: "key" | "end";
  readonly text: string;
}

/** A prefix or a start without a text means every key. A range that cannot be used still has bytes, beside its problems. */
export function rangeOf(draft: KeyDraft): {
  readonly range: KeyRange;
  readonly problems: readonly KeyProblem[];
} {
  if (draft.key === "" && (draft.reach === "prefix" || draft.reach === "from")) {
    return { range: prefixRange(noBytes), problems: [] };
  }
  const problems: KeyProblem[] = [];
  const key = rangeOfKey(draft.key, "key", problems);
  if (draft.reach !== "until") {
    const rangeEnd = draft.reach === "from" ? zeroByte : noBytes;
    return { range: draft.reach === "prefix" ? prefixRange(key) : { key, rangeEnd }, problems };
  }
  const rangeEnd = rangeOfKey(draft.end, "end", problems);
  if (rangeEnd.length > 0 && compareBytes(rangeEnd, key) <= 0) {
    problems.push({ field: "end", text: "The end must come after the key." });
  }
  return { range: { key, rangeEnd }, problems };
}

function rangeOfKey(text: string, field: "key" | "end", problems: KeyProblem[]): Uint8Array {
  if (text === "") problems.push({ field, text: field === "key" ? "A key is needed." : "An end is needed." });
  try {
    return parseEscaped(text);
  } catch (error) {
    problems.push({ field, text: error instanceof Error ? error.message : "Not a text." });
    return noBytes;
  }
}

/** The inverse of `rangeOf`. */
export function readRange({ key, rangeEnd }: KeyRange): KeyDraft {
  const text = escapeBytes(key);
  if (rangeEnd.length === 0) return { key: text, reach: "key", end: "" };
  if (isZero(rangeEnd)) {
    return isZero(key) ? { key: "", reach: "prefix", end: "" } : { key: text, reach: "from", end: "" };
  }
  if (equalBytes(prefixRange(key).rangeEnd, rangeEnd)) return { key: text, reach: "prefix", end: "" };
  return { key: text, reach: "until", end: escapeBytes(rangeEnd) };
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.length === 1 && bytes[0] === 0;
}

export function rangeContains(range: KeyRange, key: Uint8Array): boolean {
  if (range.rangeEnd.length === 0) return equalBytes(range.key, key);
  return (
    compareBytes(key, range.key) >= 0 && (isZero(range.rangeEnd) || compareBytes(key, range.rangeEnd) < 0)
  );
}

/** `every key`, `keys beginning with app/`, `a up to b`: for sentences. */
export function describeRange(range: KeyRange): string {
  const { key, reach, end } = readRange(range);
  switch (reach) {
    case "key":
      return key;
    case "prefix":
      return key === "" ? "every key" : `keys beginning with ${key}`;
    case "from":
      return `every key from ${key} on`;
    case "until":
      return `keys from ${key} up to, but without, ${end}`;
  }
}
