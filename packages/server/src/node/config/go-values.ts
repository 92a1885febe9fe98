/**
 * Values as Go's flag package reads them, so that every spelling that operators have in their unit files works here.
 * Each parser returns undefined when the text is not a value of its kind.
 */

const TRUE_WORDS: ReadonlySet<string> = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const FALSE_WORDS: ReadonlySet<string> = new Set(["0", "f", "F", "false", "FALSE", "False"]);

export function parseGoBool(text: string): boolean | undefined {
  if (TRUE_WORDS.has(text)) return true;
  return FALSE_WORDS.has(text) ? false : undefined;
}

/** Decimal, 0x, 0o and 0b integers with an optional sign and underscores between digits, within the safe range. */
export function parseGoInt(text: string): number | undefined {
  const match = /^([+-]?)(0[xX][0-9a-fA-F_]+|0[oO]?[0-7_]+|0[bB][01_]+|[0-9][0-9_]*)$/.exec(text);
  if (match === null) return undefined;
  const digits = (match[2] ?? "").replaceAll("_", "");
  const magnitude = /^0[0-7]+$/.test(digits) ? Number(`0o${digits.slice(1)}`) : Number(digits);
  if (!Number.isSafeInteger(magnitude)) return undefined;
  return match[1] === "-" ? -magnitude : magnitude;
}

const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** A Go duration such as `1h30m` or `-1.5s`. @returns milliseconds, possibly fractional. */
export function parseGoDurationMs(text: string): number | undefined {
  if (text === "0" || text === "+0" || text === "-0") return 0;
  const sign = text.startsWith("-") ? -1 : 1;
  const body = text.replace(/^[+-]/, "");
  const part = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gy;
  let nanoseconds = 0;
  let end = 0;
  for (let match = part.exec(body); match !== null; match = part.exec(body)) {
    nanoseconds += Number(match[1]) * (NANOSECONDS[match[2] ?? ""] ?? 0);
    end = part.lastIndex;
  }
  if (end === 0 || end !== body.length) return undefined;
  return (sign * nanoseconds) / 1e6;
}

/** Renders a duration as Go prints it (`100ms`, `1.5s`, `2h0m0s`). */
export function formatGoDuration(milliseconds: number): string {
  const ns = Math.round(milliseconds * 1e6);
  if (ns === 0) return "0s";
  const sign = ns < 0 ? "-" : "";
  const size = Math.abs(ns);
  if (size < 1e3) return `${sign}${size}ns`;
  if (size < 1e6) return `${sign}${size / 1e3}µs`;
  if (size < 1e9) return `${sign}${size / 1e6}ms`;
  const totalSeconds = size / 1e9;
  const hours = Math.floor(totalSeconds / 3600);
  const minutes = Math.floor((totalSeconds - hours * 3600) / 60);
  const seconds = Number((totalSeconds - hours * 3600 - minutes * 60).toFixed(9));
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}
