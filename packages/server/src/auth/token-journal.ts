/**
 * Port: where a member writes down which simple tokens live, so that a restart does not log everybody out. It must not give back a token
 * that was dropped, whatever happens; giving back none is always right.
 */
export interface KeptLogin {
  /** Of the token: what is kept must be worth nothing to who reads it. */
  readonly token: string;
  readonly user: string;
  /** Of what the store knew as the user's password. */
  readonly password: string;
}

export interface TokenJournal {
  /** Of a text that must not be kept. One way, and the same each time. */
  fingerprint(secret: string | Uint8Array): string;
  /** What lives, read once, before anything else; nothing when the last sign of life is older than `maxAgeMs`. */
  load(maxAgeMs: number): readonly KeptLogin[];
  /** Taken note of when it returns, for a process that is killed then. */
  keep(login: KeptLogin): void;
  drop(token: string): void;
  /** Drops all. */
  clear(): void;
  /** A sign of life. */
  touch(): void;
  /** Keeps what is written. */
  close(): void;
}
