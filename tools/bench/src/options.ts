/** The command line of `npm run bench`. */
import { parseArgs } from "node:util";
import { workloads } from "./workloads.js";

export interface BenchOptions {
  readonly rounds: number;
  /** Aim for each measured run. */
  readonly seconds: number;
  /** Keys of the restart measurement. */
  readonly restartKeys: number;
  /** Groups to measure. */
  readonly groups: ReadonlySet<string>;
  /** etcd's binary. */
  readonly etcd: string;
  /** Names of the subjects, in the order of the table; the first is the yardstick. */
  readonly servers: readonly string[];
  readonly jsonPath: string | undefined;
  readonly micro: boolean;
  readonly help: boolean;
}

export const groups: readonly string[] = [...workloads.map(({ group }) => group), "watch", "restart"];

export const help: string = `npm run bench -- [options]

Starts etcd and Quorate in turn, loads both in the same way, and prints the medians of all rounds.

  --quick            two rounds of short runs, 100 000 keys for the restart
  --only GROUPS      comma-separated: ${groups.join(", ")}
  --rounds N         rounds, each with a fresh member of either kind (3)
  --seconds S        aim for the length of each measured run (4)
  --etcd PATH        etcd's binary (the variable ETCD_BIN, else etcd from the path)
  --servers A,B      two of etcd, quorate; the first is the yardstick (etcd,quorate)
  --json FILE        also write every measurement there
  --micro            run the packages' own micro-benchmarks instead
`;

/** @throws Error that says which option is wrong. */
export function parseOptions(args: readonly string[], env: NodeJS.ProcessEnv): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      rounds: { type: "string" },
      seconds: { type: "string" },
      etcd: { type: "string" },
      servers: { type: "string", default: "etcd,quorate" },
      json: { type: "string" },
      micro: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const chosen = values.only?.split(",") ?? groups;
  const unknown = chosen.filter((group) => !groups.includes(group));
  if (unknown.length > 0) throw new Error(`--only: ${unknown.join(", ")}; there is ${groups.join(", ")}`);
  const servers = values.servers.split(",");
  if (servers.length !== 2 || servers.some((name) => name !== "etcd" && name !== "quorate"))
    throw new Error("--servers takes two of etcd, quorate");
  return {
    rounds: positive("--rounds", values.rounds ?? (values.quick ? "2" : "3")),
    seconds: positive("--seconds", values.seconds ?? (values.quick ? "1" : "4")),
    restartKeys: values.quick ? 100_000 : 1_000_000,
    groups: new Set(chosen),
    etcd: values.etcd ?? env["ETCD_BIN"] ?? "etcd",
    servers,
    jsonPath: values.json,
    micro: values.micro,
    help: values.help,
  };
}

function positive(option: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`${option} takes a number above 0, not ${text}`);
  return number;
}
