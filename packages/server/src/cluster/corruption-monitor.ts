/**
 * When the leader compares its data with the others': every --corrupt-check-time, and, with the feature gate CompactHashCheck, every
 * --compact-hash-check-time. One check of a kind at a time; a round that finds the one before still at it is left out.
 */
import type { ReportPort, SchedulerPort } from "../member/ports.js";
import type { CorruptionChecks } from "./corruption-checks.js";
import type { LeadershipPort } from "./ports.js";

export interface CorruptionMonitorOptions {
  readonly checks: Pick<CorruptionChecks, "checkPeers" | "checkCompactions">;
  readonly leadership: Pick<LeadershipPort, "isLeader" | "stopped">;
  readonly scheduler: Pick<SchedulerPort, "every">;
  readonly report: ReportPort;
  readonly memberIdText: string;
  /** 0: never. */
  readonly peersEveryMs: number;
  /** 0: never. */
  readonly compactionsEveryMs: number;
}

export class CorruptionMonitor {
  readonly #options: CorruptionMonitorOptions;
  readonly #stops: (() => void)[] = [];

  constructor(options: CorruptionMonitorOptions) {
    this.#options = options;
  }

  start(): void {
    const { checks, report, memberIdText, peersEveryMs, compactionsEveryMs } = this.#options;
    const local = { "local-member-id": memberIdText };
    if (peersEveryMs > 0) {
      report.info("enabled corruption checking", { ...local, interval: `${peersEveryMs}ms` });
      this.#every(peersEveryMs, async () => {
        const failure = await checks.checkPeers();
        if (failure !== undefined) throw new Error(typeof failure === "string" ? failure : failure.unknown);
      });
    }
    if (compactionsEveryMs > 0) {
      report.info("enabled compact hash checking", { ...local, interval: `${compactionsEveryMs}ms` });
      this.#every(compactionsEveryMs, () => checks.checkCompactions());
    }
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #every(intervalMs: number, check: () => Promise<void>): void {
    const { leadership, scheduler, report } = this.#options;
    let isRunning = false;
    const run = async (): Promise<void> => {
      isRunning = true;
      try {
        await check();
      } catch (error) {
        // The store may be replaced or closed under a check; what is wrong shows in the next round, or was said.
        if (!leadership.stopped) report.warn("failed to check hash KV", { error });
      } finally {
        isRunning = false;
      }
    };
    this.#stops.push(
      scheduler.every(intervalMs, () => {
        if (!isRunning && !leadership.stopped && leadership.isLeader) void run();
      }),
    );
  }
}
