/** The refusals that the meaning of a key-value request can give; a part of the catalogue in `@quorate/proto`. */
export type RefusalCode =
  | "empty-key"
  | "key-not-found"
  | "value-provided"
  | "lease-provided"
  | "too-many-ops"
  | "duplicate-key"
  | "invalid-sort-option"
  | "compacted"
  | "future-revision"
  | "lease-not-found"
  | "no-space"
  | "corrupt";
