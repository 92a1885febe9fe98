/** What was added to a set, and what was read of it. */
interface Times {
  readonly startMs: number;
  readonly endMs: number;
}

export type SetOperation =
  | (Times & {
      readonly kind: "add";
      readonly element: number;
      readonly outcome: "ok" | "failed" | "unknown";
    })
  /** All of the set, linearizably. */
  | (Times & { readonly kind: "read"; readonly elements: readonly number[] });
