/** A load of many clients and watchers, and its end. */
import { Prng } from "@quorate/std";
import type { KvOperation } from "@quorate/sim";
import { sleep } from "../harness/member.js";
import { WireClient } from "../harness/wire-client.js";
import type { History, MemberHash } from "@quorate/sim";
import { callKv } from "@quorate/sim";
import { LoadClient } from "./load-client.js";
import type { Load, LoadOptions } from "./load-options.js";
import { Metronome } from "./metronome.js";
import { OPERATIONS_MAX, OperationLog } from "@quorate/sim";
import { RequestSource } from "@quorate/sim";
import { SETTLE_MS_MAX, askAny, clearPrefix, readEvents, readHash } from "./settle.js";
import { Watcher } from "./watcher.js";

const CLIENTS = 16;
const OPERATIONS_PER_SECOND_MAX = 1_500;
const KEYS = 24;
const DEADLINE_MS = 3_000;
const POLL_MS = 50;
const LAST_WRITE_MS_MAX = 5_000;
const PROBE_MS_MAX = 10_000;

/** Whoever asks the members for something, over and over. */
type Client = Pick<LoadClient, "start" | "pause" | "close">;

/** Starts clients and watchers. Rejects when the cluster takes no write within `SETTLE_MS_MAX`. */
export async function startLoad(options: LoadOptions): Promise<Load> {
  const { endpoints, seed } = options;
  const prefix = `load/${seed}/`;
  const baseRevision = await clearPrefix(endpoints, prefix);
  const log = new OperationLog(options.operationsMax ?? OPERATIONS_MAX);
  const watchers = startWatchers(options, prefix, baseRevision);
  const clients = createClients(options, prefix, log);
  for (const client of clients) client.start();

  return {
    get okCount(): number {
      return log.okCount;
    },
    mark(label): void {
      log.marks.push({ label, atMs: performance.now() });
    },
    async pause(): Promise<void> {
      await Promise.all(clients.map((client) => client.pause()));
    },
    resume(): void {
      for (const client of clients) client.start();
    },
    async stop(): Promise<History> {
      await Promise.all(clients.map((client) => client.close()));
      try {
        return await settle({
          seed,
          endpoints,
          prefix,
          baseRevision,
          log,
          watchers,
          clientCount: clients.length,
        });
      } finally {
        for (const watcher of watchers) watcher.close();
      }
    },
  };
}

function createClients(options: LoadOptions, prefix: string, log: OperationLog): Client[] {
  const { endpoints, seed } = options;
  const count = options.clients ?? CLIENTS;
  const perSecond = options.operationsPerSecondMax ?? OPERATIONS_PER_SECOND_MAX;
  const seeds = new Prng(seed);
  const keys = { prefix, keys: options.keys ?? KEYS, seen: new Map() };
  const clients: Client[] = Array.from({ length: count }, (_, client) => {
    const source = new RequestSource(new Prng(seeds.uint32()), client, keys);
    return new LoadClient({
      client,
      endpoints,
      firstEndpoint: client % endpoints.length,
      rotates: (options.route ?? "rotating") === "rotating",
      deadlineMs: options.deadlineMs ?? DEADLINE_MS,
      intervalMs: (1_000 * count) / perSecond,
      prng: new Prng(seeds.uint32()),
      source,
      log,
    });
  });
  const deadlineMs = options.deadlineMs ?? DEADLINE_MS;
  clients.push(new Metronome({ endpoints, client: count, key: `${prefix}beat`, deadlineMs, log }));
  return clients;
}

function startWatchers(options: LoadOptions, prefix: string, baseRevision: number): Watcher[] {
  const perEndpoint = options.watchersPerEndpoint ?? 1;
  return options.endpoints.flatMap((address, endpoint) =>
    Array.from({ length: perEndpoint }, (_, index) => {
      return new Watcher({
        name: `watcher ${index + 1} of ${address}`,
        endpoint,
        address,
        prefix,
        startRevision: baseRevision + 1,
        wantsPrevious: index % 2 === 0,
        asksProgress: options.asksProgress ?? true,
      });
    }),
  );
}

interface Ending {
  readonly seed: number;
  readonly endpoints: readonly string[];
  readonly prefix: string;
  readonly baseRevision: number;
  readonly log: OperationLog;
  readonly watchers: readonly Watcher[];
  readonly clientCount: number;
}

async function settle(ending: Ending): Promise<History> {
  const { seed, endpoints, prefix, baseRevision, log, watchers } = ending;
  const finalRevision = await writeLast(ending);
  const range = { fromRevision: baseRevision + 1, toRevision: finalRevision };
  const events = await readEvents(endpoints, prefix, range);
  const isAlive = await Promise.all(endpoints.map(answersReads));
  await waitForWatchers(
    watchers.filter(({ endpoint }) => isAlive[endpoint]),
    finalRevision,
  );
  const hashes: MemberHash[] = await Promise.all(
    endpoints.map((endpoint, index) =>
      isAlive[index]
        ? readHash(endpoint, finalRevision)
        : Promise.resolve({ endpoint, error: "the member does not answer" }),
    ),
  );
  return {
    seed,
    endpoints,
    prefix,
    baseRevision,
    finalRevision,
    operations: log.operations,
    watchers: watchers.map((watcher) => watcher.toLog(isAlive[watcher.endpoint] ? finalRevision : 0)),
    events: events === "gone" ? undefined : events,
    hashes,
    marks: log.marks,
    successMs: log.successMs,
    tally: log.tally(),
  };
}

/** A last key, after which nothing of the load is asked for any more. @returns its revision. */
async function writeLast({ endpoints, prefix, log, clientCount }: Ending): Promise<number> {
  const key = `${prefix}last`;
  let attempt = 0;
  return askAny(endpoints, async (client) => {
    attempt += 1;
    const request = { kind: "put", key, value: `last.${attempt}` } as const;
    const id = log.takeId();
    const startMs = performance.now();
    const answer = await callKv(client, request, LAST_WRITE_MS_MAX);
    const endMs = performance.now();
    const outcome: KvOperation["outcome"] = answer.ok
      ? { kind: "ok", result: answer.message }
      : { kind: "unknown", error: answer.text };
    log.add({
      id,
      client: clientCount,
      endpoint: (attempt - 1) % endpoints.length,
      request,
      outcome,
      startMs,
      endMs,
    });
    return answer.ok ? answer.message.revision : undefined;
  });
}

/** A member without a leader is alive too if it comes to its senses while the others are waited for. */
async function answersReads(endpoint: string): Promise<boolean> {
  const client = new WireClient(endpoint);
  try {
    const probe = { kind: "get", key: "load/probe", serializable: false } as const;
    const outcome = await callKv(client, probe, PROBE_MS_MAX);
    return outcome.ok;
  } finally {
    client.close();
  }
}

/** Until all have been told everything, or `SETTLE_MS_MAX` have passed; the judge then says who has not. */
async function waitForWatchers(watchers: readonly Watcher[], revision: number): Promise<void> {
  const deadline = performance.now() + SETTLE_MS_MAX;
  while (performance.now() < deadline) {
    if (watchers.every(({ reachedRevision }) => reachedRevision >= revision)) return;
    await sleep(POLL_MS);
  }
}
