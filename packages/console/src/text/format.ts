/** Numbers as people read them. One place, so that a size or a time looks the same on every screen. */
const count = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `1234567` as `1,234,567`. */
export function formatCount(value: number | bigint): string {
  return count.format(value);
}

/** Short form for labels with little room: `1.2k`, `34M`. */
export function formatShort(value: number): string {
  const steps = [
    { at: 1e9, sign: "G" },
    { at: 1e6, sign: "M" },
    { at: 1e3, sign: "k" },
  ];
  const step = steps.find(({ at }) => Math.abs(value) >= at);
  if (step === undefined) return String(Math.round(value * 100) / 100);
  const scaled = value / step.at;
  return `${scaled >= 100 ? Math.round(scaled) : Math.round(scaled * 10) / 10}${step.sign}`;
}

/** Bytes in binary units with at most three digits: `1.21 MiB`. */
export function formatBytes(value: number | bigint): string {
  let rest = Number(value);
  let unit = 0;
  while (rest >= 1024 && unit < units.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || rest >= 100 ? 0 : rest >= 10 ? 1 : 2;
  return `${rest.toFixed(digits)} ${units[unit]}`;
}

/** Seconds in the two largest units that matter: `3 d 4 h`, `2 min 5 s`, `350 ms`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "unknown";
  const sign = seconds < 0 ? "-" : "";
  const all = Math.abs(seconds);
  if (all < 1) return `${sign}${formatMilliseconds(all * 1000)}`;
  if (all < 10) return `${sign}${Math.round(all * 10) / 10} s`;
  const whole = Math.round(all);
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  const shown = parts.slice(first, first + 2).filter(([amount]) => amount > 0);
  return sign + shown.map(([amount, unit]) => `${amount} ${unit}`).join(" ");
}

/** Latencies: `0.4 ms`, `12 ms`. */
export function formatMilliseconds(value: number): string {
  if (!Number.isFinite(value)) return "unknown";
  if (value === 0) return "0 ms";
  if (value < 0.1) return `${Math.round(value * 1000)} µs`;
  return value < 10 ? `${Math.round(value * 10) / 10} ms` : `${Math.round(value)} ms`;
}

/** How long ago a moment was, coarse enough not to flicker. Both in unix milliseconds. */
export function formatAgo(ms: number, nowMs: number): string {
  const seconds = Math.round((nowMs - ms) / 1000);
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

/** `one key`, `2 keys`: counted nouns. */
export function plural(amount: number | bigint, noun: string, nouns = `${noun}s`): string {
  return `${formatCount(amount)} ${Number(amount) === 1 ? noun : nouns}`;
}
