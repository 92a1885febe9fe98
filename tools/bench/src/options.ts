/** The command line of `npm run bench`. */
import { parseArgs } from "node:util";
import { figureScenarios } from "./scenarios/all.js";
import { clusterGroup, workloads } from "./workloads.js";

export interface BenchOptions {
  readonly rounds: number;
  /** Aim for each measured run. */
  readonly seconds: number;
  /** Keys of the restart measurement. */
  readonly restartKeys: number;
  /** Share of their full size at which the scenarios run, above 0 and up to 1. */
  readonly scale: number;
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

/** What is measured when nothing is chosen. */
export const defaultGroups: readonly string[] = [...workloads.map(({ group }) => group), "watch", "restart"];

/** What takes more time, more memory or three members. */
export const furtherGroups: readonly string[] = [clusterGroup, ...figureScenarios.map(({ group }) => group)];

export const groups: readonly string[] = [...defaultGroups, ...furtherGroups];

export const help: string = `npm run bench -- [options]

Starts etcd and Quorate in turn, loads both in the same way, and prints the medians of all rounds.

  --quick            two rounds of short runs, 100 000 keys for the restart, a tenth of the size for scenarios
  --only GROUPS      comma-separated: ${defaultGroups.join(", ")}
                     and, only when asked for: ${furtherGroups.join(", ")}
  --rounds N         rounds, each with a fresh member of either kind (3)
  --seconds S        aim for the length of each measured run (4)
  --scale F          share of the full size for ${furtherGroups.slice(1).join(", ")} (1)
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
      scale: { type: "string" },
      etcd: { type: "string" },
      servers: { type: "string", default: "etcd,quorate" },
      json: { type: "string" },
      micro: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const chosen = values.only?.split(",") ?? defaultGroups;
  const unknown = chosen.filter((group) => !groups.includes(group));
  if (unknown.length > 0) throw new Error(`--only: ${unknown.join(", ")}; there is ${groups.join(", ")}`);
  const servers = values.servers.split(",");
  if (servers.length !== 2 || servers.some((name) => name !== "etcd" && name !== "quorate"))
    throw new Error("--servers takes two of etcd, quorate");
  return {
    rounds: positive("--rounds", values.rounds ?? (values.quick ? "2" : "3")),
    seconds: positive("--seconds", values.seconds ?? (values.quick ? "1" : "4")),
    scale: Math.min(1, positive("--scale", values.scale ?? (values.quick ? "0.1" : "1"))),
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
