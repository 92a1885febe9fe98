/**
 * Scenarios one after another under one load, and the judgement of everything its clients and watchers were told.
 *
 * Each round begins and ends with a healthy cluster. What must hold: no violation in the recorded history, no member ended
 * that was not made to, no new term where no election was provoked, and writes acknowledged again within an election.
 */
import { Prng } from "@quorate/std";
import { lacksOffers, offers } from "../harness/offers.js";
import type { WorkloadName } from "@quorate/sim";
import {
  formatVerdict,
  judge,
  longestWriteGap,
  ProcessWorkloads,
  saveHistory,
  startLoad,
} from "../history/index.js";
import type { History, Load, Verdict } from "../history/index.js";
import type { FaultCluster } from "./fault-cluster.js";
import type { Network } from "./network.js";
import { ELECTION_MS } from "./scenario.js";
import type { Scenario, Stage } from "./scenario.js";

/** Followers wait between one and two election timeouts; then one round of votes, each of them durable, and a write. */
const ROUND_MS_MAX = 500;
const DOWNTIME_MS_MAX = 2 * ELECTION_MS + ROUND_MS_MAX;
/** Without it nobody but the clients knows what happened, and what they were told has to explain itself. */
const WATCH = "Watch";

export interface RunOptions {
  readonly cluster: FaultCluster;
  readonly network?: Network;
  readonly scenarios: readonly Scenario[];
  /** Rounds of a scenario are repeated until they have taken so long. */
  readonly secondsEach: number;
  readonly faultMs: number;
  readonly seed: number;
  readonly operationsPerSecondMax: number;
  /** What other clients do meanwhile. */
  readonly workloads?: readonly WorkloadName[];
}

interface Election {
  /** Of the mark in the history. */
  readonly label: string;
  /** Up to the end of its round. */
  readonly windowMs: number;
  /** Terms that went by. */
  readonly count: number;
}

/**
 * @returns the verdict on what clients and watchers were told; `undecided` only of servers that have no watches to judge by.
 * @throws with all there is to know when anything does not hold; the history is kept in a file then.
 */
export async function runScenarios(options: RunOptions): Promise<Verdict["kind"]> {
  const { cluster, seed, operationsPerSecondMax } = options;
  console.log(`seed ${seed}`);
  const watchersPerEndpoint = lacksOffers("watchers of the load", [WATCH]) ? 0 : 1;
  const { endpoints } = cluster;
  const load = await startLoad({ endpoints, seed, operationsPerSecondMax, watchersPerEndpoint });
  const workloads = new ProcessWorkloads(endpoints, { seed, names: options.workloads ?? [] });
  workloads.start();
  const run = new Run(options, load);
  let failure: Error | undefined;
  try {
    await run.play();
    await workloads.end();
  } catch (error) {
    failure = asError(error);
    await options.network?.heal();
  }
  const history = await stopLoad(load, failure);
  try {
    if (failure !== undefined) throw failure;
    const broken = await workloads.judge();
    if (broken.length > 0) throw new Error(broken.join("\n"));
    return run.judge(history);
  } catch (error) {
    cluster.keepLogs();
    console.warn(`kept: ${saveHistory(history)}`);
    throw error;
  } finally {
    workloads.close();
  }
}

/** The first failure is the one to hear of, even when the load cannot end well because of it. */
async function stopLoad(load: Load, failure: Error | undefined): Promise<History> {
  try {
    return await load.stop();
  } catch (error) {
    throw failure ?? asError(error);
  }
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

class Run {
  readonly #options: RunOptions;
  readonly #load: Load;
  readonly #elections: Election[] = [];
  readonly #random: Prng;

  constructor(options: RunOptions, load: Load) {
    this.#options = options;
    this.#load = load;
    this.#random = new Prng(options.seed);
  }

  async play(): Promise<void> {
    for (const scenario of this.#options.scenarios) {
      const beginMs = performance.now();
      const acknowledged = this.#load.okCount;
      let rounds = 0;
      do {
        await this.#playRound(scenario);
        rounds += 1;
      } while (performance.now() - beginMs < this.#options.secondsEach * 1_000);
      const seconds = (performance.now() - beginMs) / 1_000;
      const count = this.#load.okCount - acknowledged;
      console.log(`${scenario.title}: ${rounds} rounds in ${seconds.toFixed(1)} s, ${count} operations`);
    }
  }

  judge(history: History): Verdict["kind"] {
    const verdict = judge(history);
    const { ok, failed, unknown } = history.tally;
    console.log(
      `${ok} operations answered, ${failed} refused, ${unknown} unknown; ${formatVerdict(verdict)}`,
    );
    const tooLong = this.#elections.flatMap((election) => judgeDowntime(history, election));
    if (verdict.kind === "violation" || (verdict.kind === "undecided" && offers([WATCH]))) {
      throw new Error(formatVerdict(verdict));
    }
    this.#options.cluster.expectNoDeaths();
    if (tooLong.length > 0) throw new Error(tooLong.join("\n"));
    return verdict.kind;
  }

  async #playRound(scenario: Scenario): Promise<void> {
    const { cluster, network, faultMs } = this.#options;
    await cluster.waitUntilHealthy();
    const termBefore = await cluster.term();
    const acknowledged = this.#load.okCount;
    const marks: { readonly label: string; readonly atMs: number }[] = [];
    const stage: Stage = {
      cluster,
      network,
      random: this.#random,
      faultMs,
      expectElectionFrom: (what) => {
        const label = `${what}, ${this.#elections.length + marks.length + 1}`;
        this.#load.mark(label);
        marks.push({ label, atMs: performance.now() });
      },
    };
    try {
      await scenario.round(stage);
      await cluster.waitUntilHealthy();
      cluster.expectNoDeaths();
    } catch (error) {
      throw new Error(`${scenario.title}: ${asError(error).message}`, { cause: error });
    }
    const termAfter = await cluster.term();
    for (const { label, atMs } of marks) {
      this.#elections.push({ label, windowMs: performance.now() - atMs, count: termAfter - termBefore });
    }
    if (!scenario.provokesElection && termAfter !== termBefore) {
      throw new Error(`${scenario.title}: term ${termBefore} became ${termAfter}, and nothing called for it`);
    }
    if (this.#load.okCount === acknowledged) throw new Error(`${scenario.title}: no operation was answered`);
  }
}

/** @returns a sentence if it took too long. */
function judgeDowntime(history: History, { label, windowMs, count }: Election): string[] {
  const { gapMs } = longestWriteGap(history, { after: label, windowMs });
  const sentence = `${label}: ${gapMs.toFixed(0)} ms without a write`;
  console.log(sentence);
  // Where votes were split, each further term is a further election.
  const limitMs = Math.max(1, count) * DOWNTIME_MS_MAX;
  return gapMs > limitMs ? [`${sentence}, more than ${limitMs} ms`] : [];
}
