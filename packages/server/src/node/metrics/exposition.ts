/** Writes families of metrics in Prometheus' text format 0.0.4, with the labels sorted and the numbers as Go prints them. */
import type { Histogram } from "../../metrics/histogram.js";

export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

export type MetricType = "counter" | "gauge" | "histogram" | "summary";
export type Labels = Readonly<Record<string, string>>;

export interface HistogramRow {
  readonly labels?: Labels | undefined;
  readonly histogram: Pick<Histogram, "countUpTo" | "count" | "sum">;
}

export class Exposition {
  readonly #lines: string[] = [];

  counter(name: string, help: string, value: number): void {
    this.#head(name, "counter", help);
    this.#lines.push(`${name} ${formatNumber(value)}`);
  }

  gauge(name: string, help: string, value: number): void {
    this.#head(name, "gauge", help);
    this.#lines.push(`${name} ${formatNumber(value)}`);
  }

  /** A family of several series, or of none yet. @param rows label texts of `formatLabels`, and values */
  rows(
    type: "counter" | "gauge",
    { name, help }: { readonly name: string; readonly help: string },
    rows: Iterable<readonly [labels: string, value: number]>,
  ): void {
    this.#head(name, type, help);
    for (const [labels, value] of rows) this.#lines.push(`${name}${labels} ${formatNumber(value)}`);
  }

  /** @param bounds the buckets to show, each a bound of the histograms. */
  histograms(
    {
      name,
      help,
      bounds,
    }: { readonly name: string; readonly help: string; readonly bounds: readonly number[] },
    rows: readonly HistogramRow[],
  ): void {
    this.#head(name, "histogram", help);
    for (const { labels = {}, histogram } of rows) {
      for (const bound of bounds) {
        const text = formatLabels({ ...labels, le: formatNumber(bound) });
        this.#lines.push(`${name}_bucket${text} ${String(histogram.countUpTo(bound))}`);
      }
      const count = String(histogram.count);
      this.#lines.push(`${name}_bucket${formatLabels({ ...labels, le: "+Inf" })} ${count}`);
      const text = formatLabels(labels);
      this.#lines.push(`${name}_sum${text} ${formatNumber(histogram.sum)}`, `${name}_count${text} ${count}`);
    }
  }

  histogram(name: string, help: string, histogram: Histogram): void {
    this.histograms({ name, help, bounds: histogram.bounds }, [{ histogram }]);
  }

  /** Text that is in the format already. */
  raw(text: string): void {
    this.#lines.push(text.trimEnd());
  }

  toString(): string {
    return `${this.#lines.join("\n")}\n`;
  }

  #head(name: string, type: MetricType, help: string): void {
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
  }
}

/** `{a="1",b="2"}`, `le` behind the others; empty without labels. */
export function formatLabels(labels: Labels): string {
  const names = Object.keys(labels).sort(
    (a, b) => Number(a === "le") - Number(b === "le") || (a < b ? -1 : 1),
  );
  if (names.length === 0) return "";
  return `{${names.map((name) => `${name}="${escapeValue(labels[name] as string)}"`).join(",")}}`;
}

function escapeValue(value: string): string {
  return value.replace(/[\\"\n]/g, (each) => (each === "\n" ? "\\n" : `\\${each}`));
}

/** As Go's shortest form: with an exponent of at least two digits below 1e-4 and from 1e6 up. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  const [mantissa = "", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) return value.toString();
  return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}
