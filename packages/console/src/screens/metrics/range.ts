/** How far back charts look. */

export const RANGES = ["5m", "15m", "1h", "6h", "24h", "all"] as const;
export type Range = (typeof RANGES)[number];

export const RANGE_LABELS: Readonly<Record<Range, string>> = {
  "5m": "5 min",
  "15m": "15 min",
  "1h": "1 h",
  "6h": "6 h",
  "24h": "24 h",
  all: "All",
};

const minutes: Readonly<Record<Exclude<Range, "all">, number>> = {
  "5m": 5,
  "15m": 15,
  "1h": 60,
  "6h": 360,
  "24h": 1440,
};

/** Unix milliseconds to ask from; 0 asks for everything that is kept. */
export function sinceOf(range: Range, nowMs: number): number {
  return range === "all" ? 0 : nowMs - minutes[range] * 60_000;
}

/** Milliseconds between two looks: a day's chart does not change visibly in five seconds. */
export function refreshMsOf(range: Range): number {
  return range === "5m" || range === "15m" ? 5000 : range === "1h" ? 15_000 : 60_000;
}
