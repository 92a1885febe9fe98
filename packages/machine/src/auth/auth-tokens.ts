/**
 * Port: what lies outside of the replicated state of authentication. Tokens are kept by each member for itself; hashing needs
 * chance. Nothing here decides what is stored, except passwords of entries that releases before 3.5 have written.
 */
import type { RefusalCode } from "../apply/refusal.js";

/** A login that has come through the log. */
export interface Login {
  readonly user: string;
  /** Random letters that the proposing member chose; empty with tokens that are signed. */
  readonly prefix: string;
  /** Index of the entry. */
  readonly index: number;
  /** Revision of the auth store. */
  readonly revision: number;
  /** What is stored of the user's password at that time. */
  readonly password: Uint8Array;
}

/** What is stored of a user's password now; undefined for somebody who is not known. */
export type PasswordOf = (user: string) => Uint8Array | undefined;

export type IssuedToken =
  | { readonly kind: "token"; readonly token: string }
  /** Made only when somebody here wants it. */
  | { readonly kind: "later"; readonly sign: () => Promise<string> }
  | { readonly kind: "refused"; readonly refusal: RefusalCode };

export interface AuthTokens {
  /** Authentication was switched on, or is on at start. */
  enable(passwordOf: PasswordOf): void;
  /** Authentication was switched off, or is off at start: tokens that were given out are void. */
  disable(): void;
  /** The user is gone or has another password: its tokens are void. */
  invalidateUser(user: string): void;
  /** Every member that applies the login can give or take the token. */
  issue(login: Login): IssuedToken;
  /** Text of the bcrypt hash, for entries that carry a password as it is. */
  hashPassword(password: Uint8Array): Promise<Uint8Array>;
}

/** Of a member that takes no logins. */
export const NO_TOKENS: AuthTokens = {
  enable: () => undefined,
  disable: () => undefined,
  invalidateUser: () => undefined,
  issue: () => ({ kind: "refused", refusal: "auth-failed" }),
  hashPassword: () => Promise.resolve(new Uint8Array(0)),
};
