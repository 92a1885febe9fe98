/**
 * From two looks at a member's metrics to what happened between them: rates from counters, quantiles from the growth of histograms.
 *
 * A counter that is smaller than before began anew, since the member was restarted; what it shows then is its growth. Where nothing happened,
 * a quantile is NaN.
 */
import type { Sample, Samples } from "./parse-exposition.js";
import { quantileOf } from "./quantile.js";
import { SERIES_DEFINITIONS } from "./series-definitions.js";
import type { SeriesDefinition } from "./series-definitions.js";

export interface Scrape {
  /** Unix milliseconds. */
  readonly atMs: number;
  readonly samples: Samples;
}

export interface Point {
  readonly name: string;
  /** Empty for the whole. */
  readonly label: string;
  readonly value: number;
}

/** `previous` is undefined at the first look, which tells values only. */
export function deriveSeries(previous: Scrape | undefined, current: Scrape): Point[] {
  return SERIES_DEFINITIONS.flatMap((definition) => derive(definition, previous, current));
}

function derive(definition: SeriesDefinition, previous: Scrape | undefined, current: Scrape): Point[] {
  const { kind, name, from } = definition;
  const place = from.findIndex((source) => current.samples.has(sampleName(kind, source)));
  const source = sampleName(kind, from[place] ?? "");
  const now = group(definition, place, current.samples.get(source));
  if (definition.kind === "value")
    return [...now].map(([label, samples]) => ({ name, label, value: sum(samples) }));
  if (previous === undefined || current.atMs <= previous.atMs) return [];
  const before = group(definition, place, previous.samples.get(source));
  const seconds = (current.atMs - previous.atMs) / 1000;
  const points: Point[] = [];
  for (const [label, samples] of now) {
    // A method that was never called is not worth a line.
    if (label !== "" && sum(samples) === 0) continue;
    const earlier = before.get(label);
    // What appears with its first use has grown from nothing, once the member was looked at before.
    const value =
      definition.kind === "quantile"
        ? quantileOf(growthOfBuckets(samples, earlier ?? []), definition.quantile) * definition.scale
        : growth(sum(samples), sum(earlier ?? [])) / seconds;
    points.push({ name, label, value });
  }
  return points;
}

function sampleName(kind: SeriesDefinition["kind"], source: string): string {
  return kind === "quantile" ? `${source}_bucket` : source;
}

/** Samples by label, and all of them under the empty one. */
function group(
  { splitBy, only }: SeriesDefinition,
  place: number,
  samples: readonly Sample[] | undefined,
): ReadonlyMap<string, readonly Sample[]> {
  if (samples === undefined) return new Map();
  const counted = only === undefined ? samples : samples.filter(({ labels }) => agrees(labels, only));
  const groups = new Map<string, Sample[]>([["", [...counted]]]);
  const key = splitBy?.[place];
  if (key === undefined) return groups;
  for (const sample of counted) {
    const label = sample.labels[key];
    if (label === undefined) continue;
    const known = groups.get(label);
    if (known === undefined) groups.set(label, [sample]);
    else known.push(sample);
  }
  return groups;
}

function agrees(labels: Sample["labels"], only: Readonly<Record<string, string>>): boolean {
  return Object.entries(only).every(([key, text]) => labels[key] === undefined || labels[key] === text);
}

function sum(samples: readonly Sample[]): number {
  return samples.reduce((total, { value }) => total + value, 0);
}

function growth(now: number, before: number): number {
  return now >= before ? now - before : now;
}

/** Growth of each bucket, bounds ascending; counts stay cumulative, as the format has them. */
function growthOfBuckets(
  now: readonly Sample[],
  before: readonly Sample[],
): [bound: number, count: number][] {
  const earlier = countsByBound(before);
  return [...countsByBound(now)]
    .map(([bound, count]): [number, number] => [bound, growth(count, earlier.get(bound) ?? 0)])
    .sort(([left], [right]) => left - right);
}

function countsByBound(samples: readonly Sample[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { labels, value } of samples) {
    const le = labels["le"];
    const bound = le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le ?? "NaN");
    if (!Number.isNaN(bound)) counts.set(bound, (counts.get(bound) ?? 0) + value);
  }
  return counts;
}
