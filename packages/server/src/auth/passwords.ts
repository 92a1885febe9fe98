/**
 * Hashes passwords and compares them with hashes, off the main thread. One costs some 60 ms of a core by design, so a storm of logins is
 * a storm of work: few run at a time, so that neither the cores nor the threads that the log needs are taken, and equal attempts that come
 * while one runs share its result.
 *
 * Limits: `runningMax` at a time; `PASSWORDS_WAITING_MAX` wait, first come, first served; more are turned away.
 */
import { createHash, randomBytes } from "node:crypto";
import type { CredentialsPort } from "../api/ports/credentials-port.js";
import { poolBcrypt, type Bcrypt } from "./bcrypt.js";
import { Turnstile } from "./turnstile.js";

export const PASSWORDS_WAITING_MAX = 10_000;
/** What the algorithm can take; it would pass over the rest in silence. */
const PASSWORD_BYTES_MAX = 72;

const TOO_MANY = { failure: "too-many-requests" as const };
const TOO_LONG = { failure: { unknown: "bcrypt: password length exceeds 72 bytes" } };

export interface PasswordsOptions {
  /** --bcrypt-cost. */
  readonly cost: number;
  readonly runningMax: number;
  /** Default: the pool. */
  readonly bcrypt?: Bcrypt;
}

export class Passwords implements Pick<CredentialsPort, "hashPassword" | "matches"> {
  readonly #cost: number;
  readonly #bcrypt: Bcrypt;
  readonly #turnstile: Turnstile;
  readonly #attempts = new Map<string, SharedAttempt>();
  /** Hides what is compared from dumps of the heap: attempts are found by a keyed digest. */
  readonly #pepper: Buffer = randomBytes(32);

  constructor({ cost, runningMax, bcrypt = poolBcrypt }: PasswordsOptions) {
    this.#cost = cost;
    this.#bcrypt = bcrypt;
    this.#turnstile = new Turnstile(runningMax, PASSWORDS_WAITING_MAX);
  }

  /** Different attempts that run or wait. */
  get attemptCount(): number {
    return this.#attempts.size;
  }

  async hashPassword(
    password: Uint8Array,
    isWanted: () => boolean,
  ): ReturnType<CredentialsPort["hashPassword"]> {
    if (password.length > PASSWORD_BYTES_MAX) return TOO_LONG;
    const text = await this.#turnstile.pass(() =>
      isWanted() ? this.#bcrypt.hash(password, this.#cost) : Promise.resolve(""),
    );
    return text === undefined ? TOO_MANY : Buffer.from(text);
  }

  matches(
    { user, password, hash: stored }: Parameters<CredentialsPort["matches"]>[0],
    isWanted: () => boolean,
  ): ReturnType<CredentialsPort["matches"]> {
    const name = this.#nameOf(user, password, stored);
    const shared = this.#attempts.get(name);
    if (shared !== undefined) {
      shared.wanted.push(isWanted);
      return shared.result;
    }
    const wanted = [isWanted];
    const result = this.#compare(password, stored, wanted).finally(() => this.#attempts.delete(name));
    this.#attempts.set(name, { wanted, result });
    return result;
  }

  async #compare(
    password: Uint8Array,
    stored: Uint8Array,
    wanted: readonly (() => boolean)[],
  ): ReturnType<CredentialsPort["matches"]> {
    const equal = await this.#turnstile.pass(() =>
      wanted.some((each) => each()) ? this.#bcrypt.verify(password, stored) : Promise.resolve(false),
    );
    return equal ?? TOO_MANY;
  }

  #nameOf(user: string, password: Uint8Array, stored: Uint8Array): string {
    const digest = createHash("sha256").update(this.#pepper);
    for (const part of [Buffer.from(user, "latin1"), password, stored]) {
      digest.update(`${part.length}:`).update(part);
    }
    return digest.digest("base64");
  }
}

interface SharedAttempt {
  readonly wanted: (() => boolean)[];
  readonly result: ReturnType<CredentialsPort["matches"]>;
}
