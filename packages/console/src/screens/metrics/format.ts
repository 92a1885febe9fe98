/** Figures of charts with their units, short enough for an axis. */
import type { Unit } from "./catalog.js";

/** `1.2 k/s`, `3.4 ms`, `12 MiB`; three significant digits. A dash where nothing is known. */
export function formatFigure(unit: Unit, value: number | null): string {
  if (value === null) return "–";
  switch (unit) {
    case "per-second":
      return `${metricScale(value)}/s`;
    case "count":
      return metricScale(value);
    case "ms":
      return formatMs(value);
    case "bytes":
      return binaryScale(value);
    case "bytes-per-second":
      return `${binaryScale(value)}/s`;
  }
}

export function unitName(unit: Unit): string {
  switch (unit) {
    case "per-second":
      return "per second";
    case "ms":
      return "milliseconds";
    case "bytes":
      return "bytes";
    case "bytes-per-second":
      return "bytes per second";
    case "count":
      return "count";
  }
}

function formatMs(value: number): string {
  if (value >= 1000) return `${significant(value / 1000)} s`;
  if (value > 0 && value < 1) return `${significant(value * 1000)} µs`;
  return `${significant(value)} ms`;
}

function metricScale(value: number): string {
  return scale(value, 1000, ["", " k", " M", " G"]);
}

function binaryScale(value: number): string {
  return scale(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB"]);
}

function scale(value: number, step: number, names: readonly string[]): string {
  let rest = value;
  let at = 0;
  // What would be rounded up to a whole step is said in the next unit: "1 k", not "1000".
  while (Math.abs(rest) >= step - 0.5 && at < names.length - 1) {
    rest /= step;
    at++;
  }
  return `${significant(rest)}${names[at] ?? ""}`;
}

function significant(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return String(Number(value.toFixed(digits)));
}

/** Steps an axis may use, so that its marks are round in the unit: powers of two for bytes. */
export function axisSteps(unit: Unit): readonly number[] {
  const steps: number[] = [];
  if (unit === "bytes" || unit === "bytes-per-second") {
    for (let power = 0; power <= 50; power++) steps.push(2 ** power);
    return steps;
  }
  const whole = unit === "count";
  for (let power = whole ? 0 : -4; power <= 15; power++) {
    for (const factor of [1, 2, 5]) steps.push(Number((factor * 10 ** power).toPrecision(1)));
  }
  return steps;
}

const daySeconds = 86_400;

const minuteSeconds = 60;

export type MomentPrecision = "second" | "minute" | "day";

/** A time of Unix seconds: to the second, to the minute, or with its day. Local time, 24 hours. */
export function formatMoment(seconds: number, precision: MomentPrecision): string {
  const time = new Date(seconds * 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const minute = `${two(time.getHours())}:${two(time.getMinutes())}`;
  if (precision === "day") return `${two(time.getMonth() + 1)}-${two(time.getDate())} ${minute}`;
  return precision === "second" ? `${minute}:${two(time.getSeconds())}` : minute;
}

/** Times at the marks of an axis, so precise that each differs from the next. */
export function formatMarks(marks: readonly number[]): string[] {
  const span = (marks.at(-1) ?? 0) - (marks[0] ?? 0);
  const step = Math.min(...marks.slice(1).map((mark, at) => mark - (marks[at] ?? mark)));
  const precision = span > daySeconds ? "day" : step < minuteSeconds ? "second" : "minute";
  return marks.map((seconds) => formatMoment(seconds, precision));
}
