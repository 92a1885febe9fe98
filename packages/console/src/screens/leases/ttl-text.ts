/** Durations as people type them into a field, to whole seconds. */

const unitSeconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** The longest TTL that etcd grants. */
export const TTL_SECONDS_MAX = 9_000_000_000;

export type TtlText = { readonly seconds: number } | { readonly problem: string };

/** Reads `30`, `30s`, `5m`, `1h 30m`, `2d`. Bare numbers are seconds. */
export function parseTtl(text: string): TtlText {
  const tight = text.trim().toLowerCase();
  if (tight === "") return { problem: "How long should it live? For example 60s, 5m or 1h 30m." };
  if (/^\d+$/.test(tight)) return bounded(Number(tight));
  if (!/^(\d+\s*[smhd]\s*)+$/.test(tight))
    return { problem: "Write seconds, or a duration like 90s, 5m, 1h 30m." };
  let seconds = 0;
  for (const [, count, unit] of tight.matchAll(/(\d+)\s*([smhd])/g)) {
    seconds += Number(count) * (unitSeconds[unit ?? ""] ?? 0);
  }
  return bounded(seconds);
}

function bounded(seconds: number): TtlText {
  if (seconds < 1) return { problem: "At least one second." };
  if (seconds > TTL_SECONDS_MAX) return { problem: `At most ${TTL_SECONDS_MAX} seconds.` };
  return { seconds };
}
