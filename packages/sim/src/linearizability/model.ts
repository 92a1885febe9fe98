/** A sequential specification, and the operations that are held to it. */

export interface Model<State, Operation> {
  readonly initial: State;
  /**
   * The state after the operation, or undefined if from `state` it cannot end with the answer it had. An operation whose answer is
   * unknown has a state after it from every state, the same one if it changes nothing. Never changes `state`.
   */
  step(state: State, operation: Operation): State | undefined;
  /** Equal for states that no further operation can tell apart, and for no others. */
  keyOf(state: State): string;
  /** Whether the operation is always possible and leads to the same state from any; absent if there is none like that. */
  readonly isBlind?: (operation: Operation) => boolean;
  /** Equal for operations with unknown answers that do the same in every state: they are interchangeable. */
  effectOf(operation: Operation): string;
  describe(operation: Operation): string;
  describeState(state: State): string;
}

/**
 * An operation and when it was under way. `end` is Infinity for one whose outcome is unknown: it takes effect at some moment
 * after `start`, or never. Where one ends as another starts, either may have come first.
 */
export interface Timed<Operation> {
  readonly operation: Operation;
  readonly start: number;
  readonly end: number;
}

export type SearchResult<State, Operation> =
  | { readonly kind: "linearizable"; readonly configurations: number }
  | { readonly kind: "violation"; readonly counterExample: CounterExample<State, Operation> }
  /** The search met `limit`, which is the name of one of `SearchLimits`. */
  | { readonly kind: "undecided"; readonly limit: keyof SearchLimits; readonly configurations: number };

/**
 * Why there is no order. The shortest prefix of the history that has none ends with the return of `impossible`: without it,
 * everything that had returned before it can be ordered, and one such order ends with `lastOrdered`, leaving `state`.
 */
export interface CounterExample<State, Operation> {
  readonly impossible: Timed<Operation>;
  readonly lastOrdered: readonly Timed<Operation>[];
  /** Number of operations ordered before those of `lastOrdered`. */
  readonly orderedBefore: number;
  readonly state: State;
  /** What was under way at the same time and is not ordered yet, the impossible one left out. */
  readonly concurrent: readonly Timed<Operation>[];
}

export interface SearchLimits {
  /** Remembered pairs of (what is ordered, state); about 200 bytes each. */
  readonly configurationsMax: number;
}

export const SEARCH_LIMITS: SearchLimits = { configurationsMax: 1_000_000 };
