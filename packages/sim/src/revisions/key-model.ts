/**
 * One key of the store as a sequential specification, for histories whose store cannot be asked any more.
 *
 * An operation of several keys is a step of each of them. A write that no answer has shown has no known revision and no known
 * value, only a version; what is seen of it later becomes part of the state.
 */
import type { Compare, KvOperation, StoredKey } from "../history/operation.js";
import type { Model } from "../linearizability/model.js";
import { describeKey, describeOperation } from "./describe-key.js";

/** Stands for a revision that no answer has shown. */
const UNSEEN = -1;
/** Stands for any value that no answer shows and no compare names: such values are all alike. */
export const UNSEEN_VALUE = "?";

/** Null while the key is not there. */
export type KeyState = StoredKey | null;

export interface KeyStep {
  readonly source: KvOperation;
  readonly key: string;
  /** What it does to the key; undefined for what only reads. */
  readonly write: { readonly kind: "put"; readonly value: string } | { readonly kind: "delete" } | undefined;
  /** Of a write: what it wrote, or `unseen` where neither its answer nor any other shows it. */
  readonly revision: number | "unseen";
  /** Holds before a write; does not hold for what only reads. */
  readonly compare: Compare | undefined;
  /** What the answer shows of the key before the operation; undefined if it shows nothing. */
  readonly shown: KeyState | undefined;
}

/** Between which revisions a write without a known one can lie. */
export interface KeyPlaces {
  /** Revisions of the steps whose place is known, in order, those of one key. */
  readonly known: readonly number[];
  /** Number of revisions above `from`, up to and including `to`, that no known write has. */
  countFree(from: number, to: number): number;
  /** The revision before all of the history. */
  readonly baseRevision: number;
}

/** The key, how many of the known steps were taken, and how many lost writes since the last of them. */
export interface KeyProgress {
  readonly stored: KeyState;
  readonly taken: number;
  readonly lost: number;
}

export function createKeyModel(places: KeyPlaces): Model<KeyProgress, KeyStep> {
  return {
    initial: { stored: null, taken: 0, lost: 0 },
    step({ stored, taken, lost }, step) {
      const isLost = step.revision === "unseen";
      if (isLost && lost >= countRoom(places, taken)) return { stored, taken, lost };
      const after = stepKey(stored, step);
      if (after === undefined) return undefined;
      if (!isLost) return { stored: after, taken: taken + 1, lost: 0 };
      return after === stored ? { stored, taken, lost } : { stored: after, taken, lost: lost + 1 };
    },
    keyOf({ stored, lost }) {
      if (stored === null) return `${lost}`;
      const { value, createRevision, modRevision, version } = stored;
      return `${lost} ${value} ${createRevision} ${modRevision} ${version}`;
    },
    effectOf({ write, compare }) {
      const what = write?.kind === "put" ? `put ${write.value}` : (write?.kind ?? "read");
      return compare === undefined ? what : `${what} if ${JSON.stringify(compare)}`;
    },
    describe: ({ source }) => describeOperation(source),
    describeState: ({ stored }) =>
      stored === null ? "the key is not there" : `there is ${describeKey(stored)}`,
  };
}

/** How many writes of unknown revision fit between the last known step taken and the next. */
function countRoom({ known, countFree, baseRevision }: KeyPlaces, taken: number): number {
  const next = known[taken];
  return next === undefined ? 0 : countFree(known[taken - 1] ?? baseRevision, next);
}

/** The key after the step; undefined if the step cannot have had its answer. */
function stepKey(state: KeyState, step: KeyStep): KeyState | undefined {
  if (step.shown !== undefined && !canBe(state, step.shown)) return undefined;
  // What is shown is exact: it tells what was unseen until now.
  const before = step.shown ?? state;
  if (step.write === undefined) {
    return step.compare !== undefined && mustHold(step.compare, before) ? undefined : before;
  }
  const isLost = step.revision === "unseen";
  // A lost write that does not find what it looks for changes nothing.
  if (step.compare !== undefined && !canHold(step.compare, before)) return isLost ? state : undefined;
  if (step.write.kind === "delete") return before === null && !isLost ? undefined : null;
  const modRevision = step.revision === "unseen" ? UNSEEN : step.revision;
  return {
    key: step.key,
    value: step.write.value,
    createRevision: before?.createRevision ?? modRevision,
    modRevision,
    version: (before?.version ?? 0) + 1,
  };
}

/** Whether the state can be what was shown: equal but for what is unseen of it. */
function canBe(state: KeyState, shown: KeyState): boolean {
  if (state === null || shown === null) return state === shown;
  return (
    state.value === shown.value &&
    state.version === shown.version &&
    isOrUnseen(state.modRevision, shown.modRevision) &&
    isOrUnseen(state.createRevision, shown.createRevision)
  );
}

function isOrUnseen(number: number, expected: number): boolean {
  return number === expected || number === UNSEEN;
}

function canHold(compare: Compare, state: KeyState): boolean {
  switch (compare.target) {
    case "mod":
      return isOrUnseen(state?.modRevision ?? 0, compare.number);
    case "create":
      return isOrUnseen(state?.createRevision ?? 0, compare.number);
    case "version":
      return (state?.version ?? 0) === compare.number;
    case "value":
      return state?.value === compare.value;
  }
}

function mustHold(compare: Compare, state: KeyState): boolean {
  if (compare.target === "mod" && state?.modRevision === UNSEEN) return false;
  if (compare.target === "create" && state?.createRevision === UNSEEN) return false;
  return canHold(compare, state);
}
