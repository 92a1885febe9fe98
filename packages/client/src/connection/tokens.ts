/**
 * The token of a user: asked for when it is first needed, by one call however many wait; renewed before it expires where it says when
 * (JWT), and once when a server rejects it.
 */
import { parseJwtExpiry } from "./jwt-expiry.js";

/** A token is renewed when it has less than this left. */
const RENEW_BEFORE_MS = 30_000;

export class Tokens {
  readonly #authenticate: (signal: AbortSignal) => Promise<string>;
  readonly #closed: AbortSignal;
  #token: string | undefined;
  #expiresMs = Infinity;
  #pending: Promise<string> | undefined;

  /** @param authenticate asks a server for a new token; rejects with the refusal. */
  constructor(authenticate: (signal: AbortSignal) => Promise<string>, closed: AbortSignal) {
    this.#authenticate = authenticate;
    this.#closed = closed;
  }

  /** The token at hand; undefined when `get` would ask for one. Empty for a server without authentication. */
  get current(): string | undefined {
    return Date.now() < this.#expiresMs - RENEW_BEFORE_MS ? this.#token : undefined;
  }

  /** @returns an empty token for a server without authentication. */
  async get(): Promise<string> {
    const { current } = this;
    if (current !== undefined) return current;
    this.#pending ??= this.#renew().finally(() => (this.#pending = undefined));
    return this.#pending;
  }

  /** A server does not know `token`: the next `get` asks for another one, unless that has happened already. */
  reject(token: string): void {
    if (this.#token === token) this.#token = undefined;
  }

  async #renew(): Promise<string> {
    const token = await this.#authenticate(this.#closed);
    this.#token = token;
    this.#expiresMs = parseJwtExpiry(token) ?? Infinity;
    return token;
  }
}
