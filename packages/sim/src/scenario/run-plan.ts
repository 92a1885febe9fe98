/** One run: a cluster lives through its plan, is mended, comes to rest, and is judged. */
import { UNKNOWN_MEMBER_TEXT } from "../cluster/sim-member.js";
import { etcdserverpb } from "@quorate/proto";
import { SimCluster } from "../cluster/sim-cluster.js";
import { formatVerdict } from "../history/verdict.js";
import type { StoreEvent } from "../history/watcher-log.js";
import type { History, MemberHash } from "../load/history.js";
import { judge } from "../load/judge.js";
import { callKv } from "../load/key-value-wire.js";
import { checkLocks } from "./check-locks.js";
import { FaultInjector, isDamage } from "./fault-injector.js";
import { Load, PREFIX } from "./load.js";
import { LockLoad } from "./lock-load.js";
import { watchMembers, type MemberWatch } from "./member-rules.js";
import { CLOCK_ERROR_MAX, type Plan } from "./plan.js";
import { SimWorkloads } from "./sim-workloads.js";
import { Watcher } from "./watcher.js";

/** A cluster that was mended has so long to serve again, to take a last write, and to tell it to everybody. */
const RECOVERY_MS_MAX = 60_000;
const START_MS_MAX = 30_000;
const CALL_MS_MAX = 3000;
const STEP_MS = 100;
/** Workloads wait for leases to end, and read what they have written. */
const WORKLOADS_MS_MAX = 600_000;
/** A proposal whose client has left is applied or dropped in this time, in a cluster that is well. */
const STRAGGLERS_MS = 2000;

export interface RunResult {
  readonly plan: Plan;
  /** What was broken, in words; empty for a good run. */
  readonly violations: readonly string[];
  /** What could not be judged. */
  readonly limits: readonly string[];
  readonly simulatedMs: number;
  readonly eventCount: number;
  readonly operationCount: number;
  readonly faults: ReadonlyMap<string, number>;
  /** How full the fullest queue of each name was, as a share of its limit. */
  readonly fullestQueues: ReadonlyMap<string, number>;
  /** The same for every run of the same plan. */
  readonly traceHash: string;
  /** The members' lines, newest last, and the faults between them. */
  readonly logLines: readonly string[];
}

export async function runPlan(plan: Plan): Promise<RunResult> {
  const run = new Run(plan);
  // In a process of its own it would have ended the member.
  const note = (error: unknown): void => run.noteUnhandled(error);
  process.on("unhandledRejection", note);
  process.on("uncaughtException", note);
  try {
    const result = await run.run();
    // Node tells of rejections that nobody handles when it has no ticks left.
    await new Promise((resolve) => setImmediate(resolve));
    return result;
  } finally {
    process.off("unhandledRejection", note);
    process.off("uncaughtException", note);
  }
}

class Run {
  readonly #plan: Plan;
  readonly #cluster: SimCluster;
  readonly #load: Load;
  readonly #locks: LockLoad;
  readonly #workloads: SimWorkloads;
  readonly #injector: FaultInjector;
  readonly #violations: string[] = [];
  readonly #limits: string[] = [];
  #watchers: Watcher[] = [];
  #rules: MemberWatch | undefined;

  constructor(plan: Plan) {
    this.#plan = plan;
    const { seed, memberCount, flags, clockRates, queueLimits } = plan;
    this.#cluster = new SimCluster({
      seed,
      memberCount,
      flags: new Map(flags),
      clockRate: (i) => clockRates[i] ?? 1,
      ...(queueLimits === undefined ? {} : { queueLimits }),
    });
    this.#load = new Load(this.#cluster, { ...plan, seed });
    this.#locks = new LockLoad(this.#cluster, seed ^ 0x10c);
    this.#workloads = new SimWorkloads(this.#cluster, { seed, names: plan.workloads });
    this.#injector = new FaultInjector(this.#cluster, plan);
  }

  noteUnhandled(error: unknown): void {
    this.#violations.push(
      `an error that nobody handles: ${error instanceof Error ? error.stack : String(error)}`,
    );
  }

  async run(): Promise<RunResult> {
    const cluster = this.#cluster;
    cluster.start();
    const began = await this.#await(START_MS_MAX, () => cluster.isServing && cluster.leader !== undefined);
    if (!began) this.#violations.push("the cluster does not start");
    // Whatever breaks off a life is worth to be told: mostly a world that does not come to rest.
    else await this.#live().catch((error: unknown) => this.noteUnhandled(error));
    this.#violations.push(...cluster.rules.violations, ...(this.#rules?.violations ?? []));
    const { time, logLines } = cluster;
    for (const { id, outcome } of this.#load.log.operations)
      time.trace.addText(`${id} ${outcome.kind === "ok" ? outcome.result.revision : outcome.error}`);
    return {
      plan: this.#plan,
      violations: this.#violations,
      limits: this.#limits,
      simulatedMs: time.nowMs,
      eventCount: time.eventCount,
      operationCount: this.#load.log.operations.length + this.#workloads.operationCount,
      faults: this.#injector.counts,
      fullestQueues: this.#rules?.queues.fullest ?? new Map<string, number>(),
      traceHash: time.trace.digest,
      logLines,
    };
  }

  async #live(): Promise<void> {
    const cluster = this.#cluster;
    const baseRevision = await this.#write("base");
    if (baseRevision === undefined) return this.#broken("a new cluster takes no write");
    this.#watchers = this.#openWatchers(baseRevision + 1);
    this.#rules = watchMembers(cluster);
    this.#load.start();
    this.#locks.start(this.#plan.lockClientCount);
    this.#workloads.start();
    this.#injector.start();
    await cluster.time.run(cluster.time.nowMs + this.#plan.durationMs);
    this.#load.end();
    this.#locks.end();
    this.#workloads.end();
    this.#injector.mend();
    const isWell = (): boolean =>
      cluster.isServing &&
      cluster.leader !== undefined &&
      this.#load.isQuiet &&
      this.#locks.isQuiet &&
      this.#workloads.isQuiet &&
      cluster.members.every(({ life }) => life?.isStopped !== true);
    if (!(await this.#await(RECOVERY_MS_MAX, isWell))) return this.#broken("the cluster does not recover");
    const finalRevision = await this.#writeLast();
    if (finalRevision === undefined) return this.#broken("the recovered cluster takes no write");
    await this.#judge(baseRevision, finalRevision);
    const { violations, limits } = await this.#during(this.#workloads.judge(), WORKLOADS_MS_MAX);
    this.#violations.push(...violations);
    this.#limits.push(...limits);
    this.#violations.push(...checkLocks(this.#locks.holds, this.#locks.revivals, 2 * CLOCK_ERROR_MAX));
    for (const { member, atMs, error } of cluster.ends) {
      if (isDiskError(error) || this.#isRot(member, error) || isUnknown(error)) continue;
      this.#violations.push(`${member} ended at ${atMs.toFixed(0)} ms: ${error.stack ?? error.message}`);
    }
  }

  /** @returns a revision after which nothing comes any more, of writes that nobody waits for either. */
  async #writeLast(): Promise<number | undefined> {
    const { time, members } = this.#cluster;
    for (;;) {
      const revision = await this.#write("last");
      if (revision === undefined) return undefined;
      await time.run(time.nowMs + STRAGGLERS_MS);
      if (members.every((member) => (member.open?.machine.store.revision ?? 0) <= revision)) return revision;
    }
  }

  /** A member may end for damage that was done to its disk, and says so. */
  #isRot(name: string, error: Error): boolean {
    return isDamage(error) && this.#cluster.members.some((each) => each.name === name && each.disk.isRotten);
  }

  #broken(what: string): void {
    this.#violations.push(what);
    for (const { member, error } of this.#cluster.ends)
      this.#violations.push(`${member} had ended: ${error.stack ?? error.message}`);
  }

  #openWatchers(startRevision: number): Watcher[] {
    return this.#cluster.members.flatMap((member, endpoint) =>
      Array.from({ length: this.#plan.watchersPerMember }, (_, i) => {
        const name = `w${i + 1}@${member.name}`;
        const options = { name, endpoint, prefix: PREFIX, startRevision, wantsPrevious: i % 2 === 0 };
        return new Watcher(this.#cluster, options);
      }),
    );
  }

  async #judge(baseRevision: number, finalRevision: number): Promise<void> {
    const cluster = this.#cluster;
    const present = this.#watchers.filter(({ endpoint }) => cluster.members[endpoint]?.isRemoved === false);
    await this.#await(RECOVERY_MS_MAX, () => present.every((each) => each.reachedRevision >= finalRevision));
    const hashes = await this.#readHashes(finalRevision);
    this.#compareCompactions();
    const history: History = {
      seed: this.#plan.seed,
      endpoints: cluster.members.map(({ name }) => name),
      prefix: PREFIX,
      baseRevision,
      finalRevision,
      operations: this.#load.log.operations,
      events: await this.#readEvents(baseRevision + 1, finalRevision),
      watchers: this.#watchers.map((each) => each.toLog(present.includes(each) ? finalRevision : 0)),
      hashes,
      compactedRevision: Math.max(0, ...hashes.map((each) => ("hash" in each ? each.compactRevision : 0))),
      marks: [],
      successMs: this.#load.log.successMs,
      tally: this.#load.log.tally(),
    };
    for (const watcher of this.#watchers) watcher.close();
    const verdict = judge(history);
    if (verdict.kind === "violation") this.#violations.push(formatVerdict(verdict));
    this.#limits.push(...verdict.limits);
  }

  /** Members that have applied the same entries have forgotten the same revisions. */
  #compareCompactions(): void {
    const opens = this.#cluster.members.flatMap(({ open, isRemoved }) =>
      open === undefined || isRemoved ? [] : [open],
    );
    const newest = Math.max(...opens.map(({ member }) => member.appliedIndex));
    const revisions = opens
      .filter(({ member }) => member.appliedIndex === newest)
      .map(({ machine }) => machine.store.compactRevision);
    if (new Set(revisions).size > 1)
      this.#violations.push(`members have compacted up to different revisions: ${revisions.join(", ")}`);
  }

  /** All that the store remembers, as one more watcher is told it; undefined when some of it is compacted. */
  async #readEvents(
    startRevision: number,
    finalRevision: number,
  ): Promise<readonly StoreEvent[] | undefined> {
    const endpoint = this.#cluster.members.findIndex(({ isRemoved }) => !isRemoved);
    const options = { name: "historian", endpoint, prefix: PREFIX, startRevision, wantsPrevious: false };
    const historian = new Watcher(this.#cluster, options);
    await this.#await(
      RECOVERY_MS_MAX,
      () => historian.reachedRevision >= finalRevision || historian.lostSome,
    );
    historian.close();
    if (historian.lostSome) return undefined;
    if (historian.reachedRevision < finalRevision)
      this.#violations.push("the store does not tell its history");
    return historian.toLog(0).records.flatMap((record) => (record.kind === "events" ? record.events : []));
  }

  async #readHashes(revision: number): Promise<MemberHash[]> {
    const hashes: MemberHash[] = [];
    for (const member of this.#cluster.members) {
      if (member.isRemoved || member.open?.facade.isLearner === true) continue;
      const endpoint = member.name;
      await this.#await(RECOVERY_MS_MAX, () => (member.open?.machine.store.revision ?? 0) >= revision);
      const request = { revision: BigInt(revision) };
      const outcome = await this.#during(
        this.#cluster
          .client("judge", member)
          .call(etcdserverpb.Maintenance.method.hashKV, request, CALL_MS_MAX),
      );
      hashes.push(
        outcome.ok
          ? { endpoint, hash: outcome.message.hash, compactRevision: Number(outcome.message.compactRevision) }
          : { endpoint, error: outcome.text },
      );
    }
    return hashes;
  }

  /** @returns the revision of a write that somebody acknowledged. */
  async #write(name: string): Promise<number | undefined> {
    const { members, time } = this.#cluster;
    const untilMs = time.nowMs + RECOVERY_MS_MAX;
    for (let turn = 0; time.nowMs < untilMs; turn++) {
      const member = members[turn % members.length];
      if (member === undefined || member.isRemoved) continue;
      const request = {
        kind: "put",
        key: `${PREFIX}${name}`,
        value: `${name}.${this.#load.log.takeId()}`,
      } as const;
      const id = this.#load.log.takeId();
      const startMs = time.nowMs;
      const answer = await this.#during(callKv(this.#cluster.client("judge", member), request, CALL_MS_MAX));
      // The first write is before the history.
      if (name !== "base") {
        const { log } = this.#load;
        const outcome = answer.ok
          ? ({ kind: "ok", result: answer.message } as const)
          : ({ kind: "unknown", error: answer.text } as const);
        log.add({
          id,
          client: -1,
          endpoint: turn % members.length,
          request,
          outcome,
          startMs,
          endMs: time.nowMs,
        });
      }
      if (answer.ok) return answer.message.revision;
      await time.run(time.nowMs + STEP_MS);
    }
    return undefined;
  }

  /** Lets the world go on until the promise is settled. */
  async #during<T>(promise: Promise<T>, maxMs: number = RECOVERY_MS_MAX): Promise<T> {
    let isSettled = false;
    const settle = (): void => void (isSettled = true);
    promise.then(settle, settle);
    const { time } = this.#cluster;
    await time.run(time.nowMs + maxMs, () => isSettled);
    if (!isSettled) throw new Error(`no answer in ${maxMs} ms, in a cluster that is well`);
    return promise;
  }

  async #await(maxMs: number, isDone: () => boolean): Promise<boolean> {
    const { time } = this.#cluster;
    await time.run(time.nowMs + maxMs, isDone);
    return isDone();
  }
}

/** What a member may end for, when its disk was broken on purpose. */
function isDiskError(error: Error): boolean {
  for (let each: unknown = error; each instanceof Error; each = each.cause)
    if (/ENOSPC|EIO/.test(each.message) || ("code" in each && ["no-space", "io"].includes(String(each.code))))
      return true;
  return false;
}

/** A newcomer asked members that have not yet applied that it was added; it is started again, as an operator would. */
function isUnknown({ message }: Error): boolean {
  return message === UNKNOWN_MEMBER_TEXT;
}
