/**
 * The token of a user: asked for when it is first needed, by one call however many wait; renewed before it expires where it says when
 * (JWT), and once when a server rejects it.
 */
import type { QuorateError } from "../errors/errors.js";
import { parseJwtExpiry } from "./jwt-expiry.js";

/** A token is renewed when it has less than this left, or less than half of its time if that is shorter. */
const RENEW_BEFORE_MS = 30_000;

/** Asks a server for a new token; rejects with the refusal. `onFailure` is told of each attempt that will be repeated. */
export type Authenticate = (signal: AbortSignal, onFailure: (error: QuorateError) => void) => Promise<string>;

export class Tokens {
  readonly #authenticate: Authenticate;
  readonly #closed: AbortSignal;
  #token: string | undefined;
  /** On the clock of `performance.now()`, which nobody sets. */
  #renewAtMs = Infinity;
  #pending: Promise<string> | undefined;

  #failure: QuorateError | undefined;

  constructor(authenticate: Authenticate, closed: AbortSignal) {
    this.#authenticate = authenticate;
    this.#closed = closed;
  }

  /** The token at hand; undefined when `get` would ask for one. Empty for a server without authentication. */
  get current(): string | undefined {
    return performance.now() < this.#renewAtMs ? this.#token : undefined;
  }

  /** Why the login that is under way has not come to an end so far: for calls whose time is up before it. */
  get failure(): QuorateError | undefined {
    return this.#failure;
  }

  /** @returns an empty token for a server without authentication. */
  async get(): Promise<string> {
    const { current } = this;
    if (current !== undefined) return current;
    this.#pending ??= this.#renew().finally(() => {
      this.#pending = undefined;
      this.#failure = undefined;
    });
    return this.#pending;
  }

  /** A server does not know `token`: the next `get` asks for another one, unless that has happened already. */
  reject(token: string): void {
    if (this.#token === token) this.#token = undefined;
  }

  async #renew(): Promise<string> {
    const token = await this.#authenticate(this.#closed, (error) => (this.#failure = error));
    this.#token = token;
    this.#renewAtMs = renewAtMs(token);
    return token;
  }
}

/** When a token that has just come is to be replaced; never, where it does not say how long it lives. */
function renewAtMs(token: string): number {
  const expiryMs = parseJwtExpiry(token);
  if (expiryMs === undefined) return Infinity;
  const leftMs = expiryMs - Date.now();
  // One that is over as it comes was made by another clock than ours: the server will say when it takes it no more.
  if (leftMs <= 0) return Infinity;
  return performance.now() + leftMs - Math.min(RENEW_BEFORE_MS, leftMs / 2);
}
