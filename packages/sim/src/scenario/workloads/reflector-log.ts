/** What a reflector was told: lists, and changes since. */
import type { StoredKey } from "../../history/operation.js";
import type { StoreEvent } from "../../history/watcher-log.js";

export type ReflectorRecord =
  /** All pages of a list at one revision. What was known before is forgotten. */
  | { readonly kind: "listed"; readonly revision: number; readonly items: readonly StoredKey[] }
  /** A watch begins, right behind what is known. */
  | { readonly kind: "watching"; readonly startRevision: number }
  | { readonly kind: "events"; readonly events: readonly StoreEvent[]; readonly isFragment: boolean }
  /** Everything up to here was told. */
  | { readonly kind: "bookmark"; readonly revision: number };

export interface ReflectorLog {
  readonly name: string;
  readonly records: readonly ReflectorRecord[];
}

/** A write of an object that was acknowledged. */
export interface ObjectWrite {
  readonly kind: "put" | "delete";
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}
