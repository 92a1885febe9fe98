/**
 * Tokens of --auth-token=jwt: who, at which revision of the auth store, until when, signed. Nothing is kept of those that are given out,
 * so a token can't be taken back; what it says of the revision makes old ones count no more.
 *
 * A signature is checked once and then remembered: checking costs some 50 microseconds of a thread, and a client sends its token with
 * each call.
 * Limits: `VERIFIED_MAX` remembered, the oldest goes first; `VERIFYING_MAX` checked at a time, `VERIFY_QUEUE_MAX` wait, more are turned away;
 * tokens above `TOKEN_LETTERS_MAX` are none.
 * Source: operations 4.7.
 */
import { byteStringOf, type IssuedToken, type Login } from "@quorate/machine";
import { jwtVerify, SignJWT } from "jose";
import type { TokenOwner } from "../api/ports/credentials-port.js";
import { Turnstile } from "./turnstile.js";
import type { SignedTokenOptions } from "./token-options.js";

export const VERIFIED_MAX = 10_000;
export const VERIFYING_MAX = 2;
export const VERIFY_QUEUE_MAX = 10_000;
export const TOKEN_LETTERS_MAX = 16_384;

export interface SignedTokensParts {
  readonly options: SignedTokenOptions;
  /** Milliseconds since 1970: what tokens say of their end. */
  readonly unixMs: () => number;
  /** Called with why a token was turned away. */
  readonly onInvalid: (reason: string) => void;
}

interface Verified {
  readonly owner: TokenOwner;
  /** Infinity for a token without an end. */
  readonly endMs: number;
}

export class SignedTokens {
  readonly #parts: SignedTokensParts;
  /** In the order they were checked. */
  readonly #verified = new Map<string, Verified>();
  readonly #checks = new Map<string, Promise<TokenOwner | undefined>>();
  readonly #turnstile = new Turnstile(VERIFYING_MAX, VERIFY_QUEUE_MAX);

  constructor(parts: SignedTokensParts) {
    this.#parts = parts;
  }

  issue({ user, revision }: Login): IssuedToken {
    const { signKey, method, ttlMs } = this.#parts.options;
    if (signKey === undefined) return { kind: "refused", refusal: "verify-only-key" };
    const endSeconds = Math.floor((this.#parts.unixMs() + ttlMs) / 1000);
    const username = Buffer.from(user, "latin1").toString("utf8");
    const claims = { username, revision, exp: endSeconds };
    const sign = (): Promise<string> =>
      new SignJWT(claims).setProtectedHeader({ alg: method, typ: "JWT" }).sign(signKey);
    return { kind: "later", sign };
  }

  look(token: string): TokenOwner | undefined | Promise<TokenOwner | undefined> {
    const known = this.#verified.get(token);
    if (known !== undefined) {
      if (known.endMs > this.#parts.unixMs()) return known.owner;
      this.#verified.delete(token);
      return undefined;
    }
    if (token.length > TOKEN_LETTERS_MAX || token.split(".", 4).length !== 3) return undefined;
    const running = this.#checks.get(token);
    if (running !== undefined) return running;
    const check = this.#check(token).finally(() => this.#checks.delete(token));
    this.#checks.set(token, check);
    return check;
  }

  async #check(token: string): Promise<TokenOwner | undefined> {
    const verified = await this.#turnstile.pass(() => this.#verify(token));
    if (verified === undefined) return undefined;
    const [oldest] = this.#verified.keys();
    if (this.#verified.size >= VERIFIED_MAX && oldest !== undefined) this.#verified.delete(oldest);
    this.#verified.set(token, verified);
    return verified.owner;
  }

  async #verify(token: string): Promise<Verified | undefined> {
    const { options, unixMs, onInvalid } = this.#parts;
    try {
      const { payload } = await jwtVerify(token, options.verifyKey, {
        algorithms: [options.method],
        currentDate: new Date(unixMs()),
      });
      const { username, revision, exp } = payload;
      if (typeof username !== "string" || typeof revision !== "number") {
        onInvalid("the token names no user or no revision");
        return undefined;
      }
      const owner = { user: byteStringOf(Buffer.from(username)), revision: Math.trunc(revision) };
      return { owner, endMs: exp === undefined ? Infinity : exp * 1000 };
    } catch (error) {
      onInvalid(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }
}
