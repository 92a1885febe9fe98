/**
 * Who is logged in. A session is a random token in a cookie, of which only the hash is kept here; it ends after a time without use, after a longer
 * time in any case, and with the process.
 */
import { createHash, randomBytes } from "node:crypto";

/** Beyond this the session that was used least recently ends. */
export const SESSIONS_MAX = 1000;
export const IDLE_MS_MAX: number = 12 * 3_600_000;
export const AGE_MS_MAX: number = 7 * 24 * 3_600_000;
const TOKEN_BYTES = 32;

export interface Session {
  readonly user: string;
  readonly id: string;
}

interface Kept extends Session {
  readonly createdAtMs: number;
  usedAtMs: number;
  /** Aborted when the session ends, and with it all of its streams. */
  readonly ended: AbortController;
}

export class Sessions {
  /** Least recently used first. */
  readonly #kept = new Map<string, Kept>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs;
  }

  /** @returns the token for the cookie. */
  create(user: string): string {
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    const nowMs = this.#nowMs();
    for (const [id, kept] of this.#kept) if (this.#isOver(kept)) this.#end(id, kept);
    for (const [id, kept] of this.#kept) {
      if (this.#kept.size < SESSIONS_MAX) break;
      this.#end(id, kept);
    }
    const id = hashOf(token);
    this.#kept.set(id, { id, user, createdAtMs: nowMs, usedAtMs: nowMs, ended: new AbortController() });
    return token;
  }

  /** The running session of a token, which this use prolongs. */
  use(token: string): (Session & { readonly ended: AbortSignal }) | undefined {
    const id = hashOf(token);
    const kept = this.#kept.get(id);
    if (kept === undefined) return undefined;
    if (this.#isOver(kept)) {
      this.#end(id, kept);
      return undefined;
    }
    kept.usedAtMs = this.#nowMs();
    this.#kept.delete(id);
    this.#kept.set(id, kept);
    return { id, user: kept.user, ended: kept.ended.signal };
  }

  end(token: string): void {
    const id = hashOf(token);
    const kept = this.#kept.get(id);
    if (kept !== undefined) this.#end(id, kept);
  }

  #isOver({ createdAtMs, usedAtMs }: Kept): boolean {
    const nowMs = this.#nowMs();
    return nowMs - usedAtMs > IDLE_MS_MAX || nowMs - createdAtMs > AGE_MS_MAX;
  }

  #end(id: string, kept: Kept): void {
    this.#kept.delete(id);
    kept.ended.abort(new Error("the session has ended"));
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
