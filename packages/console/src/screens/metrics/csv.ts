import type { ChartData } from "./chart-data.js";

/** Times in ISO 8601, one column a line; empty where nothing is known. */
export function toCsv(data: ChartData): string {
  const head = ["time", ...data.lines.map((line) => quote(line.label))].join(",");
  const rows = data.timesSeconds.map((seconds, at) =>
    [new Date(seconds * 1000).toISOString(), ...data.lines.map((line) => line.values[at] ?? "")].join(","),
  );
  return `${[head, ...rows].join("\n")}\n`;
}

function quote(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
