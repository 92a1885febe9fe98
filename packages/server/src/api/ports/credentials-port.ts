/** Port: what tells callers apart (tokens, certificates, passwords), kept by each member for itself. */
import type { MemberFailure } from "../member-port.js";

/** Who a token was given to. */
export interface TokenOwner {
  /** The name's bytes as latin1 characters. */
  readonly user: string;
  /** Of the auth store when the token was made; undefined for tokens that always count as new. */
  readonly revision: number | undefined;
}

export interface CredentialsPort {
  /** --client-cert-auth: a verified client certificate names the user of calls without a token. */
  readonly trustsCertificates: boolean;
  /**
   * The owner of a token, whose time starts again; undefined for a token that is not valid (any more). A promise when that takes
   * time: a signature has to be checked, or the token was given out by an entry that is not applied here yet. It never rejects.
   */
  look(token: string): TokenOwner | undefined | Promise<TokenOwner | undefined>;
  /** What the entry of a login carries to make its token from: unguessable letters, or nothing when tokens are signed. */
  createPrefix(): string;
  /** The text of a new bcrypt hash, or why there is none. Nothing is computed any more once `isWanted` says no. */
  hashPassword(
    password: Uint8Array,
    isWanted: () => boolean,
  ): Promise<Uint8Array | { failure: MemberFailure }>;
  /** Whether the password is that of the hash. Nothing is computed any more once `isWanted` says no. */
  matches(
    attempt: { readonly user: string; readonly password: Uint8Array; readonly hash: Uint8Array },
    isWanted: () => boolean,
  ): Promise<boolean | { failure: MemberFailure }>;
}

/** Of a member to which nobody can log in. */
export const NO_CREDENTIALS: CredentialsPort = {
  trustsCertificates: false,
  look: () => undefined,
  createPrefix: () => "",
  hashPassword: () => Promise.resolve({ failure: "not-capable" as const }),
  matches: () => Promise.resolve(false),
};
