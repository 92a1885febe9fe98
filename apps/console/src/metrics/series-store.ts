/**
 * What the console remembers of one cluster's metrics: every look of the last hour, and a point a minute for a day.
 *
 * A minute's point is the mean of its looks, except for quantiles, whose worst is kept: it is what one searches a day for.
 */
import { SeriesRing } from "./series-ring.js";
import { SERIES_DEFINITIONS } from "./series-definitions.js";

/** An hour of looks every 5 s. */
export const FINE_COLUMNS = 720;
/** A day of minutes. */
export const COARSE_COLUMNS = 1440;
/** Series of one cluster: with 17 KiB each, 17 MiB at most. */
export const SERIES_MAX = 1024;
const MINUTE_MS = 60_000;

export interface SeriesPoint {
  readonly name: string;
  readonly member: string;
  readonly label: string;
  readonly value: number;
}

export interface StoredSeries {
  readonly name: string;
  readonly member: string;
  readonly label: string;
  /** One for each time. */
  readonly values: readonly number[];
}

const QUANTILES: ReadonlySet<string> = new Set(
  SERIES_DEFINITIONS.filter(({ kind }) => kind === "quantile").map(({ name }) => name),
);

export class SeriesStore {
  readonly #fine = new SeriesRing(FINE_COLUMNS);
  readonly #coarse = new SeriesRing(COARSE_COLUMNS);
  #minute: Minute | undefined;

  /** Times must ascend. */
  record(atMs: number, points: readonly SeriesPoint[]): void {
    const values = new Map(points.map((point) => [idOf(point), point.value]));
    const startMs = Math.floor(atMs / MINUTE_MS) * MINUTE_MS;
    if (this.#minute !== undefined && this.#minute.startMs !== startMs) {
      this.#coarse.append(this.#minute.startMs, this.#minute.summary(), SERIES_MAX);
      this.#minute = undefined;
    }
    this.#minute ??= new Minute(startMs);
    this.#minute.add(values);
    this.#fine.append(atMs, values, SERIES_MAX);
  }

  /** Minutes up to where the looks begin, and then the looks. No names means all of them. */
  read(names: readonly string[], sinceMs: number): { times: number[]; series: StoredSeries[] } {
    const border = this.#fine.oldestMs;
    const times = [...this.#coarse.times(sinceMs, border), ...this.#fine.times(sinceMs, Infinity)];
    const ids = [...new Set([...this.#coarse.ids, ...this.#fine.ids])].sort();
    const series = ids.flatMap((id): StoredSeries[] => {
      const [name = "", member = "", label = ""] = id.split("\0");
      if (names.length > 0 && !names.includes(name)) return [];
      const values = [
        ...this.#coarse.values(id, sinceMs, border),
        ...this.#fine.values(id, sinceMs, Infinity),
      ];
      return values.every(Number.isNaN) ? [] : [{ name, member, label, values }];
    });
    return { times, series };
  }
}

function idOf({ name, member, label }: SeriesPoint): string {
  return [name, member.replaceAll("\0", ""), label.replaceAll("\0", "")].join("\0");
}

class Minute {
  readonly startMs: number;
  readonly #sums = new Map<string, { sum: number; count: number; most: number }>();

  constructor(startMs: number) {
    this.startMs = startMs;
  }

  add(values: ReadonlyMap<string, number>): void {
    for (const [id, value] of values) {
      if (Number.isNaN(value)) continue;
      const entry = this.#sums.get(id);
      if (entry === undefined) {
        this.#sums.set(id, { sum: value, count: 1, most: value });
        continue;
      }
      entry.sum += value;
      entry.count += 1;
      entry.most = Math.max(entry.most, value);
    }
  }

  summary(): Map<string, number> {
    const summary = new Map<string, number>();
    for (const [id, { sum, count, most }] of this.#sums) {
      summary.set(id, QUANTILES.has(id.slice(0, id.indexOf("\0"))) ? most : sum / count);
    }
    return summary;
  }
}
