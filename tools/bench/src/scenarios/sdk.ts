/**
 * The SDK over either transport, and npm's etcd3, against one server: each client is one process with one thread, and they take turns
 * stretch by stretch, so that a machine that slows down does so for all of them.
 */
import type { Figure, FigureScenario, ScenarioSetting } from "../figure-scenario.js";
import { ServerProcess } from "../server-process.js";
import { ClientProcess } from "../sdk/client-process.js";
import { clientNames, type ClientName } from "../sdk/kv-client.js";
import { operations, type StretchResult } from "../sdk/stretch.js";

const callerCounts = [1, 64, 256] as const;
/** Each client's stretch of a cell is cut into so many, between which the others have theirs. */
const turns = 3;
const warmUpSeconds = 1;

export const sdk: FigureScenario = { group: "sdk", run };

async function run({ subject, folder, seconds }: ScenarioSetting): Promise<readonly Figure[]> {
  const server = await ServerProcess.start(subject, folder);
  const clients = clientNames.map((name) => new ClientProcess(name, server.port));
  try {
    for (const operation of operations)
      for (const client of clients) await client.run({ operation, callers: 64, seconds: warmUpSeconds });
    const figures: Figure[] = [];
    for (const operation of operations)
      for (const callers of callerCounts) {
        const results = new Map<ClientName, StretchResult[]>();
        for (let turn = 0; turn < turns; turn++)
          for (const client of rotated(clients, turn)) {
            const result = await client.run({ operation, callers, seconds: seconds / turns });
            results.set(client.name, [...(results.get(client.name) ?? []), result]);
          }
        figures.push(...figuresOf(`${operation}, ${callers} callers`, results));
      }
    return figures;
  } finally {
    await Promise.all(clients.map((client) => client.stop()));
    await server.stop();
  }
}

function figuresOf(cell: string, results: ReadonlyMap<ClientName, readonly StretchResult[]>): Figure[] {
  const mean = (name: ClientName, read: (result: StretchResult) => number): number => {
    const all = (results.get(name) ?? []).map(read);
    return all.reduce((sum, each) => sum + each, 0) / all.length;
  };
  const rate = (name: ClientName): number => mean(name, ({ callsPerSecond }) => callsPerSecond);
  return [
    ...clientNames.flatMap((name): Figure[] => [
      [`${cell}: ${name}, calls per second`, rate(name)],
      [`  ${cell}: ${name}, p50 ms`, mean(name, ({ p50Ms }) => p50Ms)],
      [`  ${cell}: ${name}, p99 ms`, mean(name, ({ p99Ms }) => p99Ms)],
      [
        `  ${cell}: ${name}, processor us per call`,
        mean(name, ({ processorMicrosecondsPerCall }) => processorMicrosecondsPerCall),
      ],
    ]),
    [`${cell}: grpc-js / etcd3, calls`, rate("grpc-js") / rate("etcd3")],
    [`${cell}: sockets / etcd3, calls`, rate("sockets") / rate("etcd3")],
  ];
}

function rotated<T>(all: readonly T[], by: number): readonly T[] {
  const first = by % all.length;
  return [...all.slice(first), ...all.slice(0, first)];
}
