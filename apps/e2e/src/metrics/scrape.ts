/** What `/metrics` says at one moment, read as Prometheus reads it. */

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

export async function scrape(endpoint: string): Promise<Scrape> {
  const response = await fetch(`http://${endpoint}/metrics`);
  if (response.status !== 200) throw new Error(`/metrics answered ${String(response.status)}`);
  return new Scrape(await response.text());
}

export class Scrape {
  readonly families: ReadonlyMap<string, Family>;
  readonly #samples: readonly Sample[];

  /** @throws Error for a line that is not in the text format */
  constructor(text: string) {
    const families = new Map<string, Omit<Family, "samples"> & { readonly samples: Sample[] }>();
    const all: Sample[] = [];
    let help = "";
    for (const line of text.split("\n")) {
      if (line === "") continue;
      if (line.startsWith("# HELP ")) help = line.slice(line.indexOf(" ", 7) + 1);
      else if (line.startsWith("# TYPE ")) {
        const [name = "", type = ""] = line.slice(7).split(" ");
        if (families.has(name)) throw new Error(`${name} is there twice`);
        families.set(name, { name, type, help, samples: [] });
      } else {
        const sample = parseSample(line);
        const family =
          families.get(sample.name) ?? families.get(sample.name.replace(/_(bucket|sum|count)$/, ""));
        if (family === undefined) throw new Error(`no type of ${line}`);
        family.samples.push(sample);
        all.push(sample);
      }
    }
    this.families = families;
    this.#samples = all;
  }

  /** The samples of `series`: a name, or a name with labels as in `name{a="1"}`. */
  select(series: string): readonly Sample[] {
    const { name, labels } = parseSeries(series);
    return this.#samples.filter(
      (sample) =>
        sample.name === name &&
        Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
    );
  }

  /** Sum over the samples of `series`; 0 when there are none. */
  value(series: string): number {
    return this.select(series).reduce((sum, { value }) => sum + value, 0);
  }
}

/** Those of `series` whose sum is not larger in `after` than in `before`. */
export function unmoved(series: readonly string[], before: Scrape, after: Scrape): string[] {
  return series
    .filter((each) => !(after.value(each) > before.value(each)))
    .map((each) => `${each}: ${String(before.value(each))} -> ${String(after.value(each))}`);
}

function parseSample(line: string): Sample {
  const at = line.lastIndexOf(" ");
  const text = line.slice(at + 1);
  const value = text === "+Inf" ? Infinity : Number(text);
  if (at < 0 || (Number.isNaN(value) && text !== "NaN")) throw new Error(`not a sample: ${line}`);
  return { ...parseSeries(line.slice(0, at)), value };
}

function parseSeries(text: string): { readonly name: string; readonly labels: Labels } {
  const [, name = "", inner = ""] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?$/.exec(text) ?? [];
  if (name === "") throw new Error(`not a series: ${text}`);
  const pairs = inner.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g);
  return { name, labels: Object.fromEntries([...pairs].map(([, label = "", value = ""]) => [label, value])) };
}

/** Before anything has happened. */
export class EmptyScrape extends Scrape {
  constructor() {
    super("");
  }
}
