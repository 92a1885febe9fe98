/**
 * The file that remembers simple tokens over a restart: `member/tokens`, fingerprints only, mode 0600.
 *
 *     ["quorate tokens 1","3f1c..."]               the form, and the boot of the system that wrote it
 *     ["+","<token>","<password>","alice"]         a login
 *     ["-","<token>"]                              its end
 *
 * Lines are written within the turn that they tell of, and are not synchronised: a process that is killed loses none of them. What a
 * system loses that goes down might be the end of a token, so a file of another boot is not believed, nor one with a line that can't be
 * read, nor one whose member was gone for longer than a token lives. Then all log in again, as with etcd after each restart.
 * Limits: `TOKENS_KEPT_MAX` are remembered; the file is written anew when most of its lines are outdated.
 */
import { createHash } from "node:crypto";
import {
  closeSync,
  fstatSync,
  futimesSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import type { ReportPort } from "../member/ports.js";
import type { KeptLogin, TokenJournal } from "./token-journal.js";

export const TOKENS_KEPT_MAX = 10_000;
/** So many lines may be outdated before they outnumber the others. */
const SLACK_LINES = 1000;
const FILE_BYTES_MAX = 16 * 1024 * 1024;
const FORM = "quorate tokens 1";
/** A wall clock may be set back a little. */
const FUTURE_MAX_MS = 5000;
const MODE = 0o600;

export interface TokenFileParts {
  readonly file: string;
  /** Undefined where the system does not tell: then nothing is remembered. */
  readonly bootId: string | undefined;
  readonly report: Pick<ReportPort, "warn">;
  readonly unixMs: () => number;
}

/** @returns undefined where there is none. */
export function readBootId(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return undefined;
  }
}

export class TokenFile implements TokenJournal {
  readonly #parts: TokenFileParts;
  readonly #logins = new Map<string, KeptLogin>();
  #descriptor: number | undefined;
  #lines = 0;

  constructor(parts: TokenFileParts) {
    this.#parts = parts;
  }

  fingerprint(secret: string | Uint8Array): string {
    return createHash("sha256").update(secret).digest("base64url");
  }

  load(maxAgeMs: number): readonly KeptLogin[] {
    const { file, bootId } = this.#parts;
    if (bootId === undefined) {
      rmSync(file, { force: true });
      return [];
    }
    for (const login of this.#read(maxAgeMs)) this.#logins.set(login.token, login);
    this.#attempt(() => this.#rewrite());
    return [...this.#logins.values()];
  }

  keep(login: KeptLogin): void {
    if (this.#logins.size >= TOKENS_KEPT_MAX && !this.#logins.has(login.token)) return;
    this.#logins.set(login.token, login);
    this.#append(["+", login.token, login.password, login.user]);
  }

  drop(token: string): void {
    if (this.#logins.delete(token)) this.#append(["-", token]);
  }

  clear(): void {
    this.#logins.clear();
    if (this.#descriptor === undefined) rmSync(this.#parts.file, { force: true });
    else this.#attempt(() => this.#rewrite());
  }

  touch(): void {
    const descriptor = this.#descriptor;
    if (descriptor === undefined || this.#logins.size === 0) return;
    const seconds = this.#parts.unixMs() / 1000;
    this.#attempt(() => futimesSync(descriptor, seconds, seconds));
  }

  close(): void {
    this.touch();
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #append(line: readonly string[]): void {
    const descriptor = this.#descriptor;
    if (descriptor === undefined) return;
    this.#attempt(() => {
      writeSync(descriptor, textOf(line));
      this.#lines += 1;
      if (this.#lines > 2 * this.#logins.size + SLACK_LINES) this.#rewrite();
    });
  }

  /** What lives, in a file that takes the place of the old one. */
  #rewrite(): void {
    const { file, bootId = "" } = this.#parts;
    const lines = [...this.#logins.values()].map((each) =>
      textOf(["+", each.token, each.password, each.user]),
    );
    writeFileSync(`${file}.new`, textOf([FORM, bootId]) + lines.join(""), { mode: MODE });
    const descriptor = openSync(`${file}.new`, "a", MODE);
    renameSync(`${file}.new`, file);
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = descriptor;
    this.#lines = lines.length;
  }

  /** What could not be written might be the end of a token, so the rest is not to be believed either. */
  #attempt(write: () => void): void {
    const { file, report } = this.#parts;
    try {
      write();
    } catch (error) {
      report.warn("simple tokens are not remembered", { path: file, error: String(error) });
      if (this.#descriptor !== undefined) closeSync(this.#descriptor);
      this.#descriptor = undefined;
      rmSync(file, { force: true });
      rmSync(`${file}.new`, { force: true });
    }
  }

  #read(maxAgeMs: number): readonly KeptLogin[] {
    const { file, bootId, unixMs } = this.#parts;
    let text: string;
    try {
      const descriptor = openSync(file, "r");
      try {
        const { mtimeMs, size } = fstatSync(descriptor);
        const ageMs = unixMs() - mtimeMs;
        if (ageMs > maxAgeMs || ageMs < -FUTURE_MAX_MS || size > FILE_BYTES_MAX) return [];
        text = readFileSync(descriptor, "utf8");
      } finally {
        closeSync(descriptor);
      }
    } catch {
      return [];
    }
    return parse(text, bootId) ?? [];
  }
}

const textOf = (line: readonly string[]): string => `${JSON.stringify(line)}\n`;

/** @returns undefined when it is not to be believed. */
function parse(text: string, bootId: string | undefined): readonly KeptLogin[] | undefined {
  if (!text.endsWith("\n")) return undefined;
  const [head, ...lines] = text.slice(0, -1).split("\n").map(parseLine);
  if (head?.[0] !== FORM || head[1] !== bootId) return undefined;
  const logins = new Map<string, KeptLogin>();
  for (const line of lines) {
    const [kind, token, password, user] = line ?? [];
    if (token === undefined) return undefined;
    if (kind === "-") logins.delete(token);
    else if (kind === "+" && password !== undefined && user !== undefined)
      logins.set(token, { token, password, user });
    else return undefined;
  }
  return [...logins.values()];
}

function parseLine(text: string): readonly string[] | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return Array.isArray(line) && line.every((each) => typeof each === "string") ? line : undefined;
  } catch {
    return undefined;
  }
}
