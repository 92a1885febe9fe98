/**
 * Scenarios one after another under one load, and the judgement of everything its clients and watchers were told.
 *
 * Each round begins and ends with a healthy cluster. What must hold: no violation in the recorded history, no member ended
 * that was not made to, no new term where no election was provoked, and writes acknowledged again within an election.
 */
import { Prng } from "@quorate/std";
import { formatVerdict, judge, saveHistory, startLoad } from "../history/index.js";
import type { History, Load } from "../history/index.js";
import { DowntimeProbe } from "./downtime-probe.js";
import type { FaultCluster } from "./fault-cluster.js";
import type { Network } from "./network.js";
import { ELECTION_MS } from "./scenario.js";
import type { Scenario, Stage } from "./scenario.js";

/** Followers wait between one and two election timeouts; then one round of votes, each of them durable, and a write. */
const ROUND_MS_MAX = 500;
const DOWNTIME_MS_MAX = 2 * ELECTION_MS + ROUND_MS_MAX;
export interface RunOptions {
  readonly cluster: FaultCluster;
  readonly network?: Network;
  readonly scenarios: readonly Scenario[];
  /** Rounds of a scenario are repeated until they have taken so long. */
  readonly secondsEach: number;
  readonly faultMs: number;
  readonly seed: number;
  readonly operationsPerSecondMax: number;
}

interface Election {
  readonly label: string;
  /** Terms that went by. */
  readonly count: number;
  /** Time without an acknowledged write. */
  readonly gapMs: number;
}

/** @throws with all there is to know when anything does not hold; the history is kept in a file then. */
export async function runScenarios(options: RunOptions): Promise<void> {
  const { cluster, seed, operationsPerSecondMax } = options;
  console.log(`seed ${seed}`);
  const load = await startLoad({ endpoints: cluster.endpoints, seed, operationsPerSecondMax });
  const run = new Run(options, load);
  let failure: unknown;
  try {
    await run.play();
  } catch (error) {
    failure = error;
    await options.network?.heal();
  } finally {
    run.stopProbe();
  }
  const history = await stopLoad(load, failure);
  try {
    if (failure !== undefined) throw failure;
    run.judge(history);
  } catch (error) {
    cluster.keepLogs();
    console.warn(`kept: ${saveHistory(history, judge(history))}`);
    throw error;
  }
}

/** The first failure is the one to hear of, even when the load cannot end well because of it. */
async function stopLoad(load: Load, failure: unknown): Promise<History> {
  try {
    return await load.stop();
  } catch (error) {
    throw failure ?? error;
  }
}

class Run {
  readonly #options: RunOptions;
  readonly #load: Load;
  readonly #elections: Election[] = [];
  readonly #probe: DowntimeProbe;
  readonly #random: Prng;

  constructor(options: RunOptions, load: Load) {
    this.#options = options;
    this.#load = load;
    this.#random = new Prng(options.seed);
    this.#probe = new DowntimeProbe(options.cluster.endpoints);
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

  stopProbe(): void {
    this.#probe.stop();
  }

  judge(history: History): void {
    const verdict = judge(history);
    const { ok, failed, unknown } = history.tally;
    console.log(
      `${ok} operations answered, ${failed} refused, ${unknown} unknown; ${formatVerdict(verdict)}`,
    );
    const downtimes = this.#elections.map(({ gapMs }) => gapMs.toFixed(0)).join(", ");
    if (downtimes !== "") console.log(`milliseconds without a write around elections: ${downtimes}`);
    if (verdict.kind !== "sound") throw new Error(formatVerdict(verdict));
    this.#options.cluster.expectNoDeaths();
    for (const { label, gapMs, count } of this.#elections) {
      // Where votes were split, each further term is a further election.
      const limitMs = Math.max(1, count) * DOWNTIME_MS_MAX;
      if (gapMs > limitMs)
        throw new Error(`${label}: no write for ${gapMs.toFixed(0)} ms, more than ${limitMs} ms`);
    }
  }

  async #playRound(scenario: Scenario): Promise<void> {
    const { cluster, network, faultMs } = this.#options;
    await cluster.waitUntilHealthy();
    const termBefore = await cluster.term();
    const acknowledged = this.#load.okCount;
    const expected: { readonly label: string; readonly sinceMs: number }[] = [];
    const stage: Stage = {
      cluster,
      network,
      random: this.#random,
      faultMs,
      expectElectionFrom: (label) => {
        this.#load.mark(label);
        expected.push({ label, sinceMs: performance.now() });
      },
    };
    try {
      await scenario.round(stage);
      await cluster.waitUntilHealthy();
      cluster.expectNoDeaths();
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      throw new Error(`${scenario.title}: ${text}`, { cause: error });
    }
    const termAfter = await cluster.term();
    for (const { label, sinceMs } of expected) {
      const gapMs = this.#probe.longestGapSince(sinceMs);
      this.#elections.push({ label, gapMs, count: termAfter - termBefore });
    }
    if (!scenario.provokesElection && termAfter !== termBefore) {
      throw new Error(`${scenario.title}: term ${termBefore} became ${termAfter}, and nothing called for it`);
    }
    if (this.#load.okCount === acknowledged) throw new Error(`${scenario.title}: no operation was answered`);
  }
}
