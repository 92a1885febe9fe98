/** The command line. */
import { parseArgs } from "node:util";

export const HELP = `npm run sim -- [options]
  --seed N      replay seed N, with the members' log lines
  --seconds N   explore new seeds for N seconds (default 60)
  --from N      the first seed; without it they are drawn from the clock
  --count N     stop after so many seeds
  --ploy NAME   all of them with this sequence of faults
  --workers N   processes that run seeds side by side (default 1)
  --no-shrink   do not look for a shorter plan after a failure
  --lines N     log lines to show of a failure or replay (default 100)
  --speed       measure how much faster than real time a cluster of three lives
  --mutants     look anew for seeds that catch the broken rules of packages/sim/src/mutations
                (--from N, --count N seeds each; names of mutants may follow)`;

export interface Options {
  readonly seed: number | undefined;
  readonly seconds: number;
  readonly from: number | undefined;
  readonly count: number | undefined;
  readonly ploy: string | undefined;
  readonly workers: number;
  readonly shrinks: boolean;
  readonly lines: number;
  readonly wantsSpeed: boolean;
  readonly wantsHelp: boolean;
}

export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      seconds: { type: "string", default: "60" },
      from: { type: "string" },
      count: { type: "string" },
      ploy: { type: "string" },
      workers: { type: "string", default: "1" },
      "no-shrink": { type: "boolean", default: false },
      lines: { type: "string", default: "100" },
      speed: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  return {
    seed: values.seed === undefined ? undefined : toNumber(values.seed),
    seconds: toNumber(values.seconds),
    from: values.from === undefined ? undefined : toNumber(values.from),
    count: values.count === undefined ? undefined : toNumber(values.count),
    ploy: values.ploy,
    workers: Math.max(1, toNumber(values.workers)),
    shrinks: !values["no-shrink"],
    lines: toNumber(values.lines),
    wantsSpeed: values.speed,
    wantsHelp: values.help,
  };
}

function toNumber(text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Error(`${text} is not a number of seeds, seconds, lines or workers`);
}
