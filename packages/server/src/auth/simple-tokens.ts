/**
 * Tokens of --auth-token=simple: random letters and the index of the entry that gave them out. Each member keeps them in memory; a token
 * lives for as long as it is used, and a restart forgets all.
 *
 *     QvPbMrnTsWxAbCdE.1234      16 letters chosen by the member that took the login, then the index
 *
 * A token may reach a member before its entry does: then whoever brings it waits, up to `TOKEN_WAIT_MAX_MS`.
 * Limits: `TOKENS_MAX` kept, the oldest goes first; `TOKEN_WAITS_MAX` callers waiting, more are turned away.
 * Source: operations 4.7.
 */
import type { IssuedToken, Login } from "@quorate/machine";
import type { TokenOwner } from "../api/ports/credentials-port.js";
import type { ClockPort, SchedulerPort } from "../member/ports.js";

export const TOKENS_MAX = 200_000;
export const TOKEN_WAITS_MAX = 10_000;
/** As long as a request may take in a cluster with default timers. */
export const TOKEN_WAIT_MAX_MS = 7000;

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const PREFIX_LETTERS = 16;
const SWEEP_INTERVAL_MS = 1000;
const WAIT_LOOK_MS = 5;
const TOKEN_FORM = /^[^.]*\.(\d{1,16})$/;

export interface SimpleTokensParts {
  readonly clock: Pick<ClockPort, "monotonicMs">;
  readonly scheduler: Pick<SchedulerPort, "every" | "after">;
  /** Uniform integer in [0, bound), unguessable. */
  readonly random: (bound: number) => number;
  /** --auth-token-ttl. */
  readonly ttlMs: number;
  readonly appliedIndex: () => number;
}

interface KeptToken {
  readonly owner: TokenOwner;
  expiryMs: number;
}

interface TokenWait {
  readonly token: string;
  readonly index: number;
  readonly deadlineMs: number;
  readonly resolve: (owner: TokenOwner | undefined) => void;
}

export class SimpleTokens {
  readonly #parts: SimpleTokensParts;
  /** In the order they were given out. */
  readonly #tokens = new Map<string, KeptToken>();
  #waits: TokenWait[] = [];
  #isEnabled = false;
  #stopSweep: (() => void) | undefined;
  #stopLook: (() => void) | undefined;

  constructor(parts: SimpleTokensParts) {
    this.#parts = parts;
  }

  /** Tokens kept at present. */
  get count(): number {
    return this.#tokens.size;
  }

  enable(): void {
    this.#isEnabled = true;
    this.#stopSweep ??= this.#parts.scheduler.every(SWEEP_INTERVAL_MS, () => this.#sweep());
  }

  disable(): void {
    this.#isEnabled = false;
    this.#tokens.clear();
    this.#stopSweep?.();
    this.#stopSweep = undefined;
  }

  /** Ends timers; whoever waits is turned away. */
  stop(): void {
    this.disable();
    this.#stopLook?.();
    for (const { resolve } of this.#waits.splice(0)) resolve(undefined);
  }

  invalidateUser(user: string): void {
    for (const [token, { owner }] of this.#tokens) if (owner.user === user) this.#tokens.delete(token);
  }

  createPrefix(): string {
    return Array.from({ length: PREFIX_LETTERS }, () =>
      LETTERS.charAt(this.#parts.random(LETTERS.length)),
    ).join("");
  }

  issue({ user, prefix, index }: Login): IssuedToken {
    const token = `${prefix}.${index}`;
    if (this.#isEnabled) this.#keep(token, user);
    return { kind: "token", token };
  }

  #keep(token: string, user: string): void {
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size >= TOKENS_MAX && oldest !== undefined) this.#tokens.delete(oldest);
    this.#tokens.set(token, { owner: { user, revision: undefined }, expiryMs: this.#nextExpiryMs() });
  }

  look(token: string): TokenOwner | undefined | Promise<TokenOwner | undefined> {
    const kept = this.#tokens.get(token);
    if (kept !== undefined) return this.#use(token, kept);
    const digits = TOKEN_FORM.exec(token)?.[1];
    if (digits === undefined || Number(digits) <= this.#parts.appliedIndex()) return undefined;
    return this.#waits.length < TOKEN_WAITS_MAX ? this.#wait(token, Number(digits)) : undefined;
  }

  #use(token: string, kept: KeptToken): TokenOwner | undefined {
    if (kept.expiryMs <= this.#parts.clock.monotonicMs()) {
      this.#tokens.delete(token);
      return undefined;
    }
    kept.expiryMs = this.#nextExpiryMs();
    return kept.owner;
  }

  #nextExpiryMs(): number {
    return this.#parts.clock.monotonicMs() + this.#parts.ttlMs;
  }

  #sweep(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const [token, { expiryMs }] of this.#tokens) if (expiryMs <= nowMs) this.#tokens.delete(token);
  }

  #wait(token: string, index: number): Promise<TokenOwner | undefined> {
    const deadlineMs = this.#parts.clock.monotonicMs() + TOKEN_WAIT_MAX_MS;
    this.#stopLook ??= this.#parts.scheduler.every(WAIT_LOOK_MS, () => this.#lookAtWaits());
    return new Promise((resolve) => this.#waits.push({ token, index, deadlineMs, resolve }));
  }

  #lookAtWaits(): void {
    const appliedIndex = this.#parts.appliedIndex();
    const nowMs = this.#parts.clock.monotonicMs();
    const stay: TokenWait[] = [];
    for (const wait of this.#waits) {
      if (wait.index <= appliedIndex) {
        const kept = this.#tokens.get(wait.token);
        wait.resolve(kept === undefined ? undefined : this.#use(wait.token, kept));
      } else if (wait.deadlineMs <= nowMs) wait.resolve(undefined);
      else stay.push(wait);
    }
    this.#waits = stay;
    if (stay.length > 0) return;
    this.#stopLook?.();
    this.#stopLook = undefined;
  }
}
