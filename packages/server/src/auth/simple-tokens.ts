/**
 * Tokens of --auth-token=simple: random letters and the index of the entry that gave them out. Each member keeps them in memory; a token
 * lives for as long as it is used. A journal, where there is one, has what is needed to know them again after a restart; they live on for
 * as long as new ones then.
 *
 *     QvPbMrnTsWxAbCdE.1234      16 letters chosen by the member that took the login, then the index
 *
 * A token may reach a member before its entry does: then whoever brings it waits, up to `TOKEN_WAIT_MAX_MS`.
 * Limits: `TOKENS_MAX` kept, the oldest goes first; `TOKEN_WAITS_MAX` callers waiting, more are turned away.
 * Source: operations 4.7.
 */
import type { IssuedToken, Login, PasswordOf } from "@quorate/machine";
import type { TokenOwner } from "../api/ports/credentials-port.js";
import type { ClockPort, SchedulerPort } from "../member/ports.js";
import type { TokenJournal } from "./token-journal.js";

export const TOKENS_MAX = 200_000;
export const TOKEN_WAITS_MAX = 10_000;
/** As long as a request may take in a cluster with default timers. */
export const TOKEN_WAIT_MAX_MS = 7000;

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const PREFIX_LETTERS = 16;
const SWEEP_INTERVAL_MS = 1000;
/** A sign of life for the journal each so many sweeps. */
const TOUCH_SWEEPS = 10;
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
  /** Without, a restart forgets all. */
  readonly journal?: TokenJournal | undefined;
}

interface KeptToken {
  readonly owner: TokenOwner;
  /** In the journal; empty where there is none. */
  readonly fingerprint: string;
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
  /** From before the restart, by fingerprint, until somebody brings them. */
  readonly #restored = new Map<string, KeptToken>();
  #waits: TokenWait[] = [];
  #isEnabled = false;
  #isLoaded = false;
  #sweeps = 0;
  #stopSweep: (() => void) | undefined;
  #stopLook: (() => void) | undefined;

  constructor(parts: SimpleTokensParts) {
    this.#parts = parts;
  }

  /** Tokens kept at present. */
  get count(): number {
    return this.#tokens.size + this.#restored.size;
  }

  /** @param passwordOf what the store has as a user's password: tokens from before a restart live when it is the one of their login. */
  enable(passwordOf: PasswordOf): void {
    this.#isEnabled = true;
    if (!this.#isLoaded) this.#load(passwordOf);
    this.#stopSweep ??= this.#parts.scheduler.every(SWEEP_INTERVAL_MS, () => this.#sweep());
  }

  disable(): void {
    this.#parts.journal?.clear();
    this.#end();
  }

  #end(): void {
    this.#isEnabled = false;
    this.#tokens.clear();
    this.#restored.clear();
    this.#stopSweep?.();
    this.#stopSweep = undefined;
  }

  /** Ends timers; whoever waits is turned away. The journal keeps what lives. */
  stop(): void {
    this.#end();
    this.#parts.journal?.close();
    this.#stopLook?.();
    for (const { resolve } of this.#waits.splice(0)) resolve(undefined);
  }

  invalidateUser(user: string): void {
    this.#dropWhere(({ owner }) => owner.user === user);
  }

  createPrefix(): string {
    return Array.from({ length: PREFIX_LETTERS }, () =>
      LETTERS.charAt(this.#parts.random(LETTERS.length)),
    ).join("");
  }

  issue(login: Login): IssuedToken {
    const token = `${login.prefix}.${login.index}`;
    if (this.#isEnabled) this.#keep(token, login);
    return { kind: "token", token };
  }

  #keep(token: string, { user, password }: Login): void {
    const { journal } = this.#parts;
    const [oldest] = this.#tokens;
    if (this.#tokens.size >= TOKENS_MAX && oldest !== undefined) this.#drop(this.#tokens, ...oldest);
    const fingerprint = journal?.fingerprint(token) ?? "";
    // An entry that is applied a second time after a restart.
    this.#restored.delete(fingerprint);
    const owner = { user, revision: undefined };
    this.#tokens.set(token, { owner, fingerprint, expiryMs: this.#nextExpiryMs() });
    journal?.keep({ token: fingerprint, user, password: journal.fingerprint(password) });
  }

  #load(passwordOf: PasswordOf): void {
    this.#isLoaded = true;
    const { journal, ttlMs } = this.#parts;
    if (journal === undefined) return;
    const expiryMs = this.#nextExpiryMs();
    for (const { token, user, password } of journal.load(ttlMs)) {
      const now = passwordOf(user);
      if (now === undefined || journal.fingerprint(now) !== password) journal.drop(token);
      else this.#restored.set(token, { owner: { user, revision: undefined }, fingerprint: token, expiryMs });
    }
  }

  #drop(from: Map<string, KeptToken>, key: string, { fingerprint }: KeptToken): void {
    from.delete(key);
    this.#parts.journal?.drop(fingerprint);
  }

  #dropWhere(isVoid: (kept: KeptToken) => boolean): void {
    for (const from of [this.#tokens, this.#restored])
      for (const [key, kept] of from) if (isVoid(kept)) this.#drop(from, key, kept);
  }

  #find(token: string): KeptToken | undefined {
    const kept = this.#tokens.get(token);
    if (kept !== undefined || this.#restored.size === 0) return kept;
    const fingerprint = this.#parts.journal?.fingerprint(token) ?? "";
    const restored = this.#restored.get(fingerprint);
    if (restored === undefined) return undefined;
    this.#restored.delete(fingerprint);
    this.#tokens.set(token, restored);
    return restored;
  }

  look(token: string): TokenOwner | undefined | Promise<TokenOwner | undefined> {
    const kept = this.#find(token);
    if (kept !== undefined) return this.#use(token, kept);
    const digits = TOKEN_FORM.exec(token)?.[1];
    if (digits === undefined || Number(digits) <= this.#parts.appliedIndex()) return undefined;
    return this.#waits.length < TOKEN_WAITS_MAX ? this.#wait(token, Number(digits)) : undefined;
  }

  #use(token: string, kept: KeptToken): TokenOwner | undefined {
    if (kept.expiryMs <= this.#parts.clock.monotonicMs()) {
      this.#drop(this.#tokens, token, kept);
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
    this.#dropWhere(({ expiryMs }) => expiryMs <= nowMs);
    this.#sweeps += 1;
    if (this.#sweeps % TOUCH_SWEEPS === 0) this.#parts.journal?.touch();
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
        const kept = this.#find(wait.token);
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
