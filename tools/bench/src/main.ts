/**
 * Quorate and etcd, measured in turn on the same machine with the same load. Rounds alternate which of the two comes first, so
 * that a machine that warms up or slows down does so for both.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release } from "node:os";
import { resolve } from "node:path";
import { createFindings, type Findings } from "./findings.js";
import { requireH2load } from "./h2load.js";
import { runMicroBenchmarks } from "./micro.js";
import { help, parseOptions, type BenchOptions } from "./options.js";
import {
  fanOutFigures,
  figureRows,
  formatTable,
  mebibytes,
  restartFigures,
  throughputRows,
  type Pair,
} from "./report.js";
import { plannedCells, plannedClusterCells, runRestart, takeTurn } from "./rounds.js";
import { discard } from "./server-process.js";
import { findSubject } from "./subjects.js";

/** Not the folder for temporary files: that may be memory, where making a write durable costs nothing. */
const scratch = resolve("bench.quorate");

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), process.env);
  if (options.help) {
    console.log(help);
    return 0;
  }
  if (options.micro) return runMicroBenchmarks();
  const generator = await requireH2load();
  const findings = options.servers.map((name) => createFindings(findSubject(name, options.etcd)));
  describeRun(options, findings, generator);
  discard(scratch);
  mkdirSync(scratch, { recursive: true });
  try {
    for (let round = 0; round < options.rounds; round++) {
      const order = round % 2 === 0 ? findings : [...findings].reverse();
      for (const each of order) await takeTurn({ findings: each, options, round, scratch });
    }
    if (options.groups.has("restart"))
      for (const each of findings) await runRestart({ findings: each, options, round: 0, scratch });
  } finally {
    discard(scratch);
  }
  print(findings, options);
  if (options.jsonPath !== undefined) writeJson(findings, options.jsonPath);
  const failures = findings.flatMap((each) => each.failures);
  if (failures.length > 0) console.log(`\nFailed:\n${failures.join("\n")}`);
  return failures.length === 0 ? 0 : 1;
}

function print([yardstick, other]: readonly Findings[], options: BenchOptions): void {
  if (yardstick === undefined || other === undefined) return;
  const names = [yardstick.subject.name, other.subject.name] as const;
  const memberCells = plannedCells(options);
  const cells = [...memberCells, ...plannedClusterCells(options)].map(({ workload, shape, label }) => ({
    title: workload.title,
    shape,
    yardstick: yardstick.cells.get(label) ?? [],
    other: other.cells.get(label) ?? [],
  }));
  if (cells.length > 0) console.log(`\n${formatTable(throughputRows(names, cells))}`);
  const pair = <T>(read: (findings: Findings) => readonly T[]): Pair<T> => ({
    yardstick: read(yardstick),
    other: read(other),
  });
  const titles = new Set([...yardstick.figures.keys(), ...other.figures.keys()]);
  const figures = [
    ...(options.groups.has("watch") ? fanOutFigures(pair(({ fanOuts }) => fanOuts)) : []),
    ...(options.groups.has("restart") ? restartFigures(pair(({ restarts }) => restarts)) : []),
    ...(memberCells.length > 0
      ? [
          [
            "memory at its highest in a round, MiB",
            pair(({ peakBytes }) => peakBytes.map(mebibytes)),
          ] as const,
        ]
      : []),
    ...[...titles].map((title) => [title, pair((each) => each.figures.get(title) ?? [])] as const),
  ];
  if (figures.length > 0) console.log(`\n${formatTable(figureRows(names, figures))}`);
}

function describeRun(
  { rounds, seconds }: BenchOptions,
  findings: readonly Findings[],
  generator: string,
): void {
  const processor = cpus()[0]?.model ?? "unknown processor";
  console.log(
    `${processor}, ${availableParallelism()} threads; ${process.platform} ${release()}; Node ${process.version}`,
  );
  for (const { subject } of findings) console.log(`${subject.name}: ${subject.version}`);
  console.log(
    `load: ${generator}; ${rounds} rounds of ${seconds} s per cell; server and load share the machine\n`,
  );
}

function writeJson(findings: readonly Findings[], path: string): void {
  const servers = findings.map(({ subject, cells, figures, ...rest }) => ({
    name: subject.name,
    version: subject.version,
    cells: Object.fromEntries(cells),
    figures: Object.fromEntries(figures),
    ...rest,
  }));
  const machine = {
    processor: cpus()[0]?.model,
    threads: availableParallelism(),
    kernel: release(),
    node: process.version,
  };
  writeFileSync(path, `${JSON.stringify({ machine, servers }, undefined, 2)}\n`);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
