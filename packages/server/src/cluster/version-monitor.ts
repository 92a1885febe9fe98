/**
 * The leader's duty to keep the cluster's version right: asks all members what they run, decides by `version-rules`, and puts the
 * decision into the log. Also ends a downgrade when all members run its target. Members that do not lead look on.
 *
 * When: every `VERSION_CHECK_MS`, and soon after `wake` (this member begins to lead, the membership changed); downgrades have their own
 * interval. One round at a time; a wake during a round makes for another one. A cluster of one member is no exception.
 */
import type { MemberFailure } from "../api/member-port.js";
import type { ReportPort, SchedulerPort } from "../member/ports.js";
import type { ClusterFacts, LeadershipPort, ProposePort } from "./ports.js";
import { shortVersion } from "./semantic-version.js";
import { decideClusterVersion, isDowngradeDone, type VersionsByMember } from "./version-rules.js";

/** Source: etcd `monitorVersionInterval`. */
export const VERSION_CHECK_MS = 4000;

export interface VersionMonitorOptions {
  readonly member: Pick<ClusterFacts, "members" | "clusterVersion" | "downgrade">;
  readonly leadership: Pick<LeadershipPort, "isLeader" | "stopped">;
  /** Asks all members, this one included. Never rejects. */
  readonly fetchVersions: () => Promise<VersionsByMember>;
  readonly propose: ProposePort;
  readonly scheduler: Pick<SchedulerPort, "every" | "soon">;
  readonly report: ReportPort;
  /** --downgrade-check-time; 0 leaves downgrades alone. */
  readonly downgradeCheckMs: number;
  /** Takes a fault of ours. */
  readonly onError: (error: unknown) => void;
}

export class VersionMonitor {
  readonly #options: VersionMonitorOptions;
  readonly #stops: (() => void)[] = [];
  #isRunning = false;
  #isDue = false;
  #isStopped = false;

  constructor(options: VersionMonitorOptions) {
    this.#options = options;
  }

  start(): void {
    const { scheduler, downgradeCheckMs } = this.#options;
    this.#stops.push(scheduler.every(VERSION_CHECK_MS, () => this.wake()));
    if (downgradeCheckMs > 0) {
      this.#stops.push(
        scheduler.every(downgradeCheckMs, () => {
          this.#checkDowngrade().catch(this.#options.onError);
        }),
      );
    }
  }

  stop(): void {
    this.#isStopped = true;
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** This member has begun to lead, or the membership has changed: looks at the versions at once. */
  wake(): void {
    if (this.#isStopped) return;
    if (this.#isRunning) {
      this.#isDue = true;
      return;
    }
    this.#isRunning = true;
    this.#options.scheduler.soon(() => {
      this.#run().catch(this.#options.onError);
    });
  }

  async #run(): Promise<void> {
    try {
      do {
        this.#isDue = false;
        await this.#checkVersion();
      } while (this.#isDue && this.#isOnDuty);
    } finally {
      this.#isRunning = false;
    }
  }

  get #isOnDuty(): boolean {
    const { leadership } = this.#options;
    return !this.#isStopped && !leadership.stopped && leadership.isLeader;
  }

  async #checkVersion(): Promise<void> {
    if (!this.#isOnDuty) return;
    const { member, fetchVersions, report } = this.#options;
    const versions = await fetchVersions();
    // Others may lead by now, who decide for themselves.
    if (!this.#isOnDuty) return;
    const clusterVersion = member.clusterVersion();
    const decision = decideClusterVersion({ clusterVersion, downgrade: member.downgrade, versions });
    if (decision.kind === "keep") return;
    if (decision.kind === "invalid-downgrade") {
      report.warn("failed to monitor cluster version; invalid downgrade target", { reason: decision.reason });
      return;
    }
    await this.#setVersion(clusterVersion, decision.version);
  }

  async #setVersion(from: string | undefined, to: string): Promise<void> {
    const { propose, report } = this.#options;
    if (from === undefined)
      report.info("setting up initial cluster version using v3 API", { "cluster-version": shortVersion(to) });
    else
      report.info("updating cluster version using v3 API", {
        from: shortVersion(from),
        to: shortVersion(to),
      });
    const failure = await propose({ clusterVersionSet: { ver: to } });
    if (failure === undefined)
      report.info("cluster version is updated", { "cluster-version": shortVersion(to) });
    else this.#reportFailure("failed to update cluster version", failure);
  }

  async #checkDowngrade(): Promise<void> {
    const { member, fetchVersions, propose, report } = this.#options;
    if (!this.#isOnDuty || !member.downgrade.enabled) return;
    const { targetVersion } = member.downgrade;
    if (!isDowngradeDone(await fetchVersions(), targetVersion)) return;
    // It may have been cancelled, or replaced by another one, meanwhile.
    const isSame = member.downgrade.enabled && member.downgrade.targetVersion === targetVersion;
    if (!this.#isOnDuty || !isSame) return;
    report.info("the cluster has been downgraded", { "cluster-version": targetVersion });
    const failure = await propose({ downgradeInfoSet: { enabled: false, ver: "" } });
    if (failure !== undefined) this.#reportFailure("failed to cancel downgrade", failure);
  }

  #reportFailure(message: string, failure: MemberFailure): void {
    const reason = typeof failure === "string" ? failure : failure.unknown;
    this.#options.report.warn(message, { reason });
  }
}
