import type { ErrorName } from "@quorate/proto";

/**
 * The refusals that a request can meet while it is applied or while it reads: proper answers to proper requests, equal on
 * every member. Names and texts are the catalogue's.
 */
export type RefusalCode = Extract<
  ErrorName,
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
  | "lease-exist"
  | "lease-ttl-too-large"
  | "no-space"
  | "corrupt"
  | "root-user-not-exist"
  | "root-role-not-exist"
  | "user-already-exist"
  | "user-empty"
  | "user-not-found"
  | "role-already-exist"
  | "role-not-found"
  | "role-empty"
  | "auth-failed"
  | "permission-not-given"
  | "permission-denied"
  | "role-not-granted"
  | "permission-not-granted"
  | "auth-not-enabled"
  | "invalid-auth-mgmt"
  | "auth-old-revision"
  | "no-password-user"
  | "verify-only-key"
>;
