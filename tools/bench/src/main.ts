/**
 * Quorate and etcd, measured in turn on the same machine with the same load. Rounds alternate which of the two comes first, so
 * that a machine that warms up or slows down does so for both.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release } from "node:os";
import { join, resolve } from "node:path";
import { measureFanOut, type FanOutFigures } from "./fan-out.js";
import { requireH2load, type LoadShape } from "./h2load.js";
import { fill } from "./key-space.js";
import { measure, type Measurement } from "./measure.js";
import { runMicroBenchmarks } from "./micro.js";
import { help, parseOptions, type BenchOptions } from "./options.js";
import {
  fanOutFigures,
  figureRows,
  formatTable,
  grouped,
  mebibytes,
  restartFigures,
  throughputRows,
  type Pair,
} from "./report.js";
import { measureRestart, type RestartFigures } from "./restart.js";
import { discard, ServerProcess, type Subject } from "./server-process.js";
import { findSubject } from "./subjects.js";
import { preloadedCount, workloads, type Workload } from "./workloads.js";

/** Not the folder for temporary files: that may be memory, where making a write durable costs nothing. */
const scratch = resolve("bench.quorate");

/** Everything measured of one server, over all rounds. */
interface Findings {
  readonly subject: Subject;
  readonly cells: Map<string, Measurement[]>;
  readonly fanOuts: FanOutFigures[];
  readonly restarts: RestartFigures[];
  readonly peakBytes: number[];
  /** What went wrong, in sentences. */
  readonly failures: string[];
}

interface PlannedCell {
  readonly workload: Workload;
  readonly shape: LoadShape;
  readonly label: string;
}

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
      for (const each of order) await runRound(each, options, round);
    }
    if (options.groups.has("restart")) for (const each of findings) await runRestart(each, options);
  } finally {
    discard(scratch);
  }
  print(findings, options);
  if (options.jsonPath !== undefined) writeJson(findings, options.jsonPath);
  const failures = findings.flatMap((each) => each.failures);
  if (failures.length > 0) console.log(`\nFailed:\n${failures.join("\n")}`);
  return failures.length === 0 ? 0 : 1;
}

function createFindings(subject: Subject): Findings {
  return { subject, cells: new Map(), fanOuts: [], restarts: [], peakBytes: [], failures: [] };
}

function plannedCells({ groups }: BenchOptions): readonly PlannedCell[] {
  return workloads
    .filter(({ group }) => groups.has(group))
    .flatMap((workload) =>
      workload.shapes.map((shape) => ({
        workload,
        shape,
        label: `${workload.title} ${shape.connections}x${shape.streams}`,
      })),
    );
}

/** One fresh member, all cells in order. */
async function runRound(findings: Findings, options: BenchOptions, round: number): Promise<void> {
  const cells = plannedCells(options);
  const fansOut = options.groups.has("watch");
  if (cells.length === 0 && !fansOut) return;
  const { subject } = findings;
  const folder = join(scratch, "member");
  discard(folder);
  const server = await ServerProcess.start(subject, folder);
  try {
    await fill(server, preloadedCount);
    for (const { workload, shape, label } of cells)
      await attempt(findings, `round ${round + 1}, ${subject.name}: ${label}`, async () => {
        const result = await measure(server, workload, { shape, seconds: options.seconds, scratch });
        findings.cells.set(label, [...(findings.cells.get(label) ?? []), result]);
        return `${grouped(result.perSecond)} /s`;
      });
    if (fansOut)
      await attempt(findings, `round ${round + 1}, ${subject.name}: watch`, async () => {
        const result = await measureFanOut(server, options.seconds);
        findings.fanOuts.push(result);
        return `${grouped(result.eventsPerSecond)} events/s`;
      });
    findings.peakBytes.push(server.figures().residentPeakBytes);
  } finally {
    await server.stop();
    discard(folder);
  }
}

async function runRestart(findings: Findings, { restartKeys }: BenchOptions): Promise<void> {
  const label = `${findings.subject.name}: restart with ${grouped(restartKeys)} keys`;
  await attempt(findings, label, async () => {
    const result = await measureRestart(findings.subject, restartKeys, scratch);
    findings.restarts.push(result);
    return `${grouped(result.restartMs)} ms`;
  });
}

/** A measurement that fails is said so in the end; the others go on, because a run takes long. */
async function attempt(findings: Findings, label: string, run: () => Promise<string>): Promise<void> {
  try {
    progress(`${label}: ${await run()}`);
  } catch (error) {
    const failure = `${label}: ${error instanceof Error ? error.message : String(error)}`;
    findings.failures.push(failure);
    progress(`FAILED ${failure}`);
  }
}

function print([yardstick, other]: readonly Findings[], options: BenchOptions): void {
  if (yardstick === undefined || other === undefined) return;
  const names = [yardstick.subject.name, other.subject.name] as const;
  const cells = plannedCells(options).map(({ workload, shape, label }) => ({
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
  const figures = [
    ...(options.groups.has("watch") ? fanOutFigures(pair(({ fanOuts }) => fanOuts)) : []),
    ...(options.groups.has("restart") ? restartFigures(pair(({ restarts }) => restarts)) : []),
    ...(cells.length > 0
      ? [
          [
            "memory at its highest in a round, MiB",
            pair(({ peakBytes }) => peakBytes.map(mebibytes)),
          ] as const,
        ]
      : []),
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
  const servers = findings.map(({ subject, cells, fanOuts, restarts, peakBytes, failures }) => ({
    name: subject.name,
    version: subject.version,
    cells: Object.fromEntries(cells),
    fanOuts,
    restarts,
    peakBytes,
    failures,
  }));
  const machine = {
    processor: cpus()[0]?.model,
    threads: availableParallelism(),
    kernel: release(),
    node: process.version,
  };
  writeFileSync(path, `${JSON.stringify({ machine, servers }, undefined, 2)}\n`);
}

/** Apart from the result, so that the tables can be piped. */
function progress(text: string): void {
  process.stderr.write(`${text}\n`);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(130));
