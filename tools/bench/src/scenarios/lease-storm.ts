/** Leases that are kept alive, and as many that expire in the same second: what writers feel of it, and whether any is lost. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Figure, FigureScenario, ScenarioSetting } from "../figure-scenario.js";
import { callUnary } from "../grpc-call.js";
import { LeaseKeeper } from "../lease-keeper.js";
import { leaseGrant, paths, putRequest, putWithLease, rangeRequest, readReply } from "../messages.js";
import { RunningLoad } from "../running-load.js";
import { ServerProcess } from "../server-process.js";
import { runUnaryLoad } from "../unary-load.js";
import { value } from "../workloads.js";

/** How many leases are kept alive, and how many expire at once. */
interface Storm {
  readonly kept: number;
  readonly expiring: number;
  /** Longer than granting the most of them takes. */
  readonly expiringTtlSeconds: number;
}

const evenStorm: Storm = { kept: 10_000, expiring: 10_000, expiringTtlSeconds: 30 };
const greatStorm: Storm = { kept: 1_000, expiring: 50_000, expiringTtlSeconds: 90 };
const leasesMin = 100;
/** Enough time to grant all, even slowly. */
const keptTtlSeconds = 240;
const keptRenewalsPerSecond = 1_000;
const putsPerSecond = 500;
const expiredTimeoutMs = 240_000;
const pollEveryMs = 20;
const shape = { connections: 4, streams: 25 };

export const lease: FigureScenario = { group: "lease", run: (setting) => run(setting, evenStorm) };
export const leaseStorm: FigureScenario = {
  group: "lease-storm",
  run: (setting) => run(setting, greatStorm),
};

async function run(
  { subject, folder, seconds, scale }: ScenarioSetting,
  storm: Storm,
): Promise<readonly Figure[]> {
  const { expiringTtlSeconds } = storm;
  const keptCount = Math.max(leasesMin, Math.round(storm.kept * scale));
  const leases = Math.max(leasesMin, Math.round(storm.expiring * scale));
  const server = await ServerProcess.start(subject, folder);
  const { port } = server;
  try {
    await grant(port, { first: 1, leases: keptCount, ttlSeconds: keptTtlSeconds, prefix: "kept/" });
    const expiring = { first: keptCount + 1, leases, ttlSeconds: expiringTtlSeconds, prefix: "expiring/" };
    await grant(port, expiring);

    const puts = await RunningLoad.start({
      port,
      path: paths.put,
      connections: 2,
      pace: { perSecond: putsPerSecond },
      message: () => putRequest("beside", value),
    });
    const keeper = await LeaseKeeper.open(port);
    keeper.keepAlive({ first: 1, leases: keptCount, perSecond: keptRenewalsPerSecond });
    const renewedMs = await renewAll(port, expiring);
    const calmFromMs = performance.now();
    await sleep(Math.min(expiringTtlSeconds / 2, Math.max(2, seconds)) * 1_000);
    const calmToMs = performance.now();
    const dueMs = renewedMs + expiringTtlSeconds * 1_000;
    await sleep(Math.max(0, dueMs - performance.now()));
    await waitUntilGone(port, expiring.prefix);
    const goneMs = performance.now();
    await keeper.stop();
    await puts.stop();

    const kept = await count(port, "kept/");
    if (kept !== keptCount) throw new Error(`${keptCount - kept} leases were lost that were kept alive`);
    const calm = puts.latenciesBetween(calmFromMs, calmToMs);
    const meanwhile = puts.latenciesBetween(dueMs, Math.max(goneMs, dueMs + 1_000));
    return [
      [`${leases} leases that expire at once are gone after, s`, (goneMs - dueMs) / 1_000],
      ["  p50 of puts meanwhile, ms", meanwhile.p50Ms],
      ["  p99 of puts meanwhile, ms", meanwhile.p99Ms],
      ["  p99 of puts before, ms", calm.p99Ms],
      [`  slowest renewal of ${keptCount} others meanwhile, ms`, keeper.slowestMs],
    ];
  } finally {
    await server.stop();
  }
}

interface LeaseGroup {
  /** Ids are numbered from here. */
  readonly first: number;
  readonly leases: number;
  readonly ttlSeconds: number;
  /** Each lease has one key. */
  readonly prefix: string;
}

async function grant(port: number, { first, leases, ttlSeconds, prefix }: LeaseGroup): Promise<void> {
  const load = { ...shape, port, requests: leases };
  await runUnaryLoad({
    ...load,
    path: paths.leaseGrant,
    message: (index) => leaseGrant(ttlSeconds, first + index),
  });
  await runUnaryLoad({
    ...load,
    path: paths.put,
    message: (index) => putWithLease(`${prefix}${index}`, value, first + index),
  });
  const present = await count(port, prefix);
  if (present !== leases) throw new Error(`${present} of ${leases} keys with a lease are there`);
}

/** Renews all at once, so that they expire at the same time. @returns when that began: none can be due earlier. */
async function renewAll(port: number, { first, leases }: LeaseGroup): Promise<number> {
  const keeper = await LeaseKeeper.open(port);
  const beganMs = performance.now();
  await keeper.renew(Array.from({ length: leases }, (_, index) => first + index));
  await keeper.stop();
  return beganMs;
}

async function waitUntilGone(port: number, prefix: string): Promise<void> {
  const deadline = performance.now() + expiredTimeoutMs;
  while ((await count(port, prefix)) > 0) {
    if (performance.now() > deadline) throw new Error(`leases have not expired after ${expiredTimeoutMs} ms`);
    await sleep(pollEveryMs);
  }
}

async function count(port: number, prefix: string): Promise<number> {
  const end = `${prefix.slice(0, -1)}0`;
  return readReply(await callUnary(port, paths.range, rangeRequest(prefix, { end, countOnly: true }))).count;
}
