/**
 * What clients asked of a key-value store, when, and what they were told.
 *
 * Times are milliseconds of one monotonic clock shared by all clients of a history. An operation happened at some moment
 * between `startMs` and `endMs` when its outcome is `ok`, at some moment after `startMs` or never when it is `unknown`,
 * and never when it is `failed`.
 */

/** A key as the store shows it. Keys and values are text, so that a history can be read. */
export interface StoredKey {
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
  /** Number of puts since the key was created; 1 after the first. */
  readonly version: number;
}

/** What a transaction compares, for equality. A key that does not exist has 0 in every number and no value. */
export type Compare =
  | { readonly target: "mod" | "create" | "version"; readonly number: number }
  | { readonly target: "value"; readonly value: string };

/**
 * Requests. A value is never written twice in a history, by whatever key: that tells whose write a value is.
 * A range covers the keys that begin with `prefix`.
 */
export type KvRequest =
  | { readonly kind: "put"; readonly key: string; readonly value: string }
  | { readonly kind: "put-many"; readonly pairs: readonly KeyAndValue[] }
  | { readonly kind: "delete"; readonly key: string }
  | { readonly kind: "get"; readonly key: string; readonly serializable: boolean }
  | { readonly kind: "range"; readonly prefix: string; readonly serializable: boolean }
  /** If `compare` holds for the key, puts `value` there, else reads the key. */
  | { readonly kind: "cas"; readonly key: string; readonly compare: Compare; readonly value: string };

export interface KeyAndValue {
  readonly key: string;
  readonly value: string;
}

/**
 * The answer: the revision of its header, and what it says beside. For something that wrote, `revision` is the one it wrote.
 * - `kvs`: what a get, a range or the else branch of a cas read, in key order.
 * - `previous`: the key as it was before a put or delete, `null` if it was not there, absent if not asked for.
 */
export interface KvResult {
  readonly revision: number;
  readonly kvs?: readonly StoredKey[];
  readonly previous?: StoredKey | null;
  /** Of a delete: how many keys it removed, 0 or 1. */
  readonly deleted?: number;
  /** Of a cas: whether the compare held. */
  readonly succeeded?: boolean;
}

export type KvOutcome =
  | { readonly kind: "ok"; readonly result: KvResult }
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "unknown"; readonly error: string };

export interface KvOperation {
  /** Unique in the history. */
  readonly id: number;
  readonly client: number;
  /** Which of the endpoints of the history was asked. */
  readonly endpoint: number;
  readonly request: KvRequest;
  readonly outcome: KvOutcome;
  readonly startMs: number;
  readonly endMs: number;
}

/** Whether the request could write, whatever it did. */
export function canWrite(request: KvRequest): boolean {
  return request.kind !== "get" && request.kind !== "range";
}

/** Whether the answer says that a revision was written: by a put always, by a delete or cas that found what it looked for. */
export function hasWritten(operation: KvOperation): boolean {
  const { request, outcome } = operation;
  if (outcome.kind !== "ok") return false;
  switch (request.kind) {
    case "put":
    case "put-many":
      return true;
    case "delete":
      return (outcome.result.deleted ?? 0) > 0;
    case "cas":
      return outcome.result.succeeded === true;
    case "get":
    case "range":
      return false;
  }
}
