/**
 * Our own rules, each broken on purpose: a simulator that lets one of these live proves nothing. `find` stands exactly once in its file; a
 * change of the code that moves it must move it here too.
 */
export interface Edit {
  /** Relative to the folder of packages. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Breaks nothing by itself: it takes away what hides the rule from everybody, and is tried alone as well. */
  readonly isHarmless?: true;
}

export interface Mutation {
  /** Names its seeds in `caught.json`. */
  readonly name: string;
  /** The rule that is broken. */
  readonly rule: string;
  readonly edits: readonly Edit[];
  /** The ploy that is there for it, and how many of its seeds, from 1 on, it takes to catch it at most. */
  readonly aimed?: { readonly ploy: string; readonly seedsMax: number };
}
