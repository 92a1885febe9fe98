/**
 * Reads Prometheus' text format as far as the console needs it: the samples of wanted names, timestamps and comments left out.
 *
 * A member's page has thousands of lines of which some hundred matter, so a line is looked at up to its name first.
 */

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Samples by the name they are written under: `x_bucket` for the buckets of a histogram `x`. */
export type Samples = ReadonlyMap<string, readonly Sample[]>;

const NO_LABELS: Readonly<Record<string, string>> = {};
const LABEL = /\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?/y;
const ESCAPE = /\\(.)/g;

/** Lines that are no samples are skipped: a page of another kind has none that match. */
export function parseExposition(text: string, wanted: ReadonlySet<string>): Samples {
  const samples = new Map<string, Sample[]>();
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const nameEnd = endOfName(text, start, end);
    const name = text.slice(start, nameEnd);
    if (wanted.has(name)) {
      const sample = parseSample(text.slice(nameEnd, end));
      const known = samples.get(name);
      if (sample === undefined) {
        // Not what the format allows; what else stands on the page may be.
      } else if (known === undefined) samples.set(name, [sample]);
      else known.push(sample);
    }
    start = end + 1;
  }
  return samples;
}

function endOfName(text: string, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 0x7b || code === 0x20 || code === 0x09) return at;
  }
  return end;
}

/** What follows a name: `{label="text",...} value [timestamp]`. */
function parseSample(rest: string): Sample | undefined {
  let labels = NO_LABELS;
  let at = 0;
  if (rest.startsWith("{")) {
    const parsed = parseLabels(rest);
    if (parsed === undefined) return undefined;
    ({ labels, at } = parsed);
  }
  const [text] = rest.slice(at).trim().split(/\s+/);
  const value = parseValue(text ?? "");
  return value === undefined ? undefined : { labels, value };
}

function parseLabels(rest: string): { labels: Record<string, string>; at: number } | undefined {
  const labels: Record<string, string> = {};
  let at = 1;
  while (rest[at] !== "}") {
    LABEL.lastIndex = at;
    const match = LABEL.exec(rest);
    if (match === null) return undefined;
    const [all, name = "", raw = ""] = match;
    labels[name] = raw.replace(ESCAPE, (_, letter: string) => (letter === "n" ? "\n" : letter));
    at += all.length;
  }
  return { labels, at: at + 1 };
}

function parseValue(text: string): number | undefined {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  if (text === "NaN") return Number.NaN;
  const value = Number(text);
  return text === "" || Number.isNaN(value) ? undefined : value;
}
