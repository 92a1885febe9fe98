/** One server's turn in a round: fresh members, everything that was chosen in order. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Cluster } from "./cluster.js";
import { measureFanOut } from "./fan-out.js";
import { append, attempt, type Findings } from "./findings.js";
import type { LoadShape } from "./h2load.js";
import { fill } from "./key-space.js";
import { measure, type Target } from "./measure.js";
import type { BenchOptions } from "./options.js";
import { grouped } from "./report.js";
import { measureRestart } from "./restart.js";
import { figureScenarios } from "./scenarios/all.js";
import { discard, ServerProcess } from "./server-process.js";
import { clusterGroup, clusterWorkloads, preloadedCount, workloads, type Workload } from "./workloads.js";

export interface PlannedCell {
  readonly workload: Workload;
  readonly shape: LoadShape;
  readonly label: string;
}

export function plannedCells({ groups }: BenchOptions): readonly PlannedCell[] {
  return cellsOf(workloads.filter(({ group }) => groups.has(group)));
}

/** Each workload on the leader alone, and spread over all members. */
export function plannedClusterCells({ groups }: BenchOptions): readonly PlannedCell[] {
  if (!groups.has(clusterGroup)) return [];
  return cellsOf([...spreads.keys()].flatMap(clusterCellWorkloads));
}

const spreads = new Map<string, (cluster: Cluster) => Promise<Target>>([
  ["leader of three", async (cluster) => cluster.only(await cluster.leader())],
  ["all of three", (cluster) => Promise.resolve(cluster)],
]);

function clusterCellWorkloads(spread: string): readonly Workload[] {
  return clusterWorkloads.map((workload) => ({ ...workload, title: `${workload.title}, ${spread}` }));
}

function cellsOf(chosen: readonly Workload[]): readonly PlannedCell[] {
  return chosen.flatMap((workload) =>
    workload.shapes.map((shape) => ({
      workload,
      shape,
      label: `${workload.title} ${shape.connections}x${shape.streams}`,
    })),
  );
}

/** What a turn is about. */
export interface Turn {
  readonly findings: Findings;
  readonly options: BenchOptions;
  /** From 0. */
  readonly round: number;
  readonly scratch: string;
}

export async function takeTurn(turn: Turn): Promise<void> {
  await measureMember(turn);
  await measureCluster(turn);
  await measureFigures(turn);
}

/** One fresh member, all cells in order. */
async function measureMember(turn: Turn): Promise<void> {
  const { findings, options, scratch } = turn;
  const cells = plannedCells(options);
  const fansOut = options.groups.has("watch");
  if (cells.length === 0 && !fansOut) return;
  const folder = join(scratch, "member");
  discard(folder);
  const server = await ServerProcess.start(findings.subject, folder);
  try {
    await fill(server, preloadedCount);
    for (const cell of cells) await measureCell(turn, cell, server);
    if (fansOut)
      await attempt(findings, describe(turn, "watch"), async () => {
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

/** One fresh cluster, all cells in order. */
async function measureCluster(turn: Turn): Promise<void> {
  const { findings, options, scratch } = turn;
  const cells = plannedClusterCells(options);
  if (cells.length === 0) return;
  const folder = join(scratch, "cluster");
  discard(folder);
  await attempt(findings, describe(turn, "three members"), async () => {
    const cluster = await Cluster.start(findings.subject, folder);
    try {
      await fill(cluster.member(0), preloadedCount);
      for (const cell of cells) {
        const spread = [...spreads].find(([title]) => cell.workload.title.endsWith(title));
        if (spread !== undefined) await measureCell(turn, cell, await spread[1](cluster));
      }
      const { residentPeakBytes } = cluster.figures();
      append(findings.figures, "memory of three members at its highest, MiB", residentPeakBytes / 2 ** 20);
      return "done";
    } finally {
      await cluster.stop();
      discard(folder);
    }
  });
}

async function measureCell(turn: Turn, cell: PlannedCell, target: Target): Promise<void> {
  const { findings, options, scratch } = turn;
  const { workload, shape, label } = cell;
  await attempt(findings, describe(turn, label), async () => {
    const result = await measure(target, workload, { shape, seconds: options.seconds, scratch });
    append(findings.cells, label, result);
    return `${grouped(result.perSecond)} /s`;
  });
}

async function measureFigures(turn: Turn): Promise<void> {
  const { findings, options, scratch } = turn;
  for (const scenario of figureScenarios.filter(({ group }) => options.groups.has(group))) {
    const folder = join(scratch, scenario.group);
    discard(folder);
    mkdirSync(folder, { recursive: true });
    await attempt(findings, describe(turn, scenario.group), async () => {
      const { seconds, scale } = options;
      const figures = await scenario.run({ subject: findings.subject, folder, seconds, scale });
      for (const [title, value] of figures) append(findings.figures, title, value);
      return figures.map(([title, value]) => `${title}: ${grouped(value)}`).join("; ");
    });
    discard(folder);
  }
}

export async function runRestart({ findings, options, scratch }: Turn): Promise<void> {
  const { restartKeys } = options;
  const label = `${findings.subject.name}: restart with ${grouped(restartKeys)} keys`;
  await attempt(findings, label, async () => {
    const result = await measureRestart(findings.subject, restartKeys, scratch);
    findings.restarts.push(result);
    return `${grouped(result.restartMs)} ms`;
  });
}

function describe({ findings, round }: Turn, what: string): string {
  return `round ${round + 1}, ${findings.subject.name}: ${what}`;
}
