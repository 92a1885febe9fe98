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

/** The words of the command line are not options; the text is for the person. */
export class OptionsError extends Error {
  override readonly name = "OptionsError";
}

/** Processes at once; more would only be in one another's way. */
const WORKERS_MAX = 256;

/** @throws OptionsError */
export function parseOptions(args: readonly string[]): Options {
  const values = readWords(args);
  const workers = toNumber("--workers", values.workers);
  if (workers < 1 || workers > WORKERS_MAX)
    throw new OptionsError(`--workers must be a number from 1 to ${WORKERS_MAX}`);
  const optional = (name: string, text: string | undefined): number | undefined =>
    text === undefined ? undefined : toNumber(name, text);
  return {
    seed: optional("--seed", values.seed),
    seconds: toNumber("--seconds", values.seconds),
    from: optional("--from", values.from),
    count: optional("--count", values.count),
    ploy: values.ploy,
    workers,
    shrinks: !values["no-shrink"],
    lines: toNumber("--lines", values.lines),
    wantsSpeed: values.speed,
    wantsHelp: values.help,
  };
}

function readWords(args: readonly string[]) {
  try {
    return parseArgs({
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
    }).values;
  } catch (error) {
    const [reason = ""] = (error instanceof Error ? error.message : String(error)).split(". ");
    throw new OptionsError(reason, { cause: error });
  }
}

function toNumber(name: string, text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number;
  throw new OptionsError(`${name} takes a whole number that is not negative, not ${JSON.stringify(text)}`);
}
