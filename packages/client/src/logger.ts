/** Port: who is told what a client does by itself. */

/** What a line is about, beside its words; values are short. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * Takes lines of the client; `console` fits, and so do most loggers. Must not throw. No line holds keys, values, passwords or tokens.
 * - `debug`: connections that stand or end unmissed, attempts that are repeated, logins.
 * - `info`: watches that go on behind an interruption, endpoints that serve again.
 * - `warn`: connections that are lost or do not come about, endpoints that are set aside.
 * - `error`: watches that can't go on.
 */
export interface Logger {
  /** What goes as it should. @param fields what the line is about. */
  debug(message: string, fields?: LogFields): void;
  /** What went on by itself. */
  info(message: string, fields?: LogFields): void;
  /** What a person may have to look at. */
  warn(message: string, fields?: LogFields): void;
  /** What nobody can mend. */
  error(message: string, fields?: LogFields): void;
}

const nothing = (): void => undefined;

/** Takes everything and keeps nothing. */
export const SILENT: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
