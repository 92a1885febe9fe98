/** Downgrades as operators ask for them: validate, enable, cancel. What follows from one is the version monitor's. Source: operations 3.4. */
import type { MemberFailure } from "../api/member-port.js";
import type { DowngradeAction } from "../api/ports/cluster-port.js";
import type { ReportPort } from "../member/ports.js";
import type { ClusterFacts, ProposePort } from "./ports.js";
import { parseDowngradeTarget, refuseDowngrade } from "./version-rules.js";
import { linearize } from "./waiting.js";

export interface DowngradeParts {
  readonly member: ClusterFacts;
  readonly propose: ProposePort;
  readonly report: ReportPort;
}

export type DowngradeAnswer = { readonly version: string } | { readonly failure: MemberFailure };

export class Downgrades {
  readonly #parts: DowngradeParts;

  constructor(parts: DowngradeParts) {
    this.#parts = parts;
  }

  /** @returns the cluster version as `3.7.0`: validating, that before the question; else that afterwards. */
  async handle(action: DowngradeAction, versionText: string): Promise<DowngradeAnswer> {
    if (action === "cancel") return this.#cancel();
    const target = parseDowngradeTarget(versionText);
    const failure =
      target === undefined
        ? "wrong-downgrade-version-format"
        : await this.#begin(target, action === "enable");
    if (failure === undefined) return this.#version();
    if (action === "enable") this.#parts.report.warn("reject downgrade request", { reason: textOf(failure) });
    return { failure };
  }

  async #begin(target: string, isEnabling: boolean): Promise<MemberFailure | undefined> {
    const { member, propose } = this.#parts;
    if (member.clusterVersion() === undefined) return "cluster-version-unavailable";
    const stale = await linearize(member);
    if (stale !== undefined) return stale;
    const refusal = refuseDowngrade(target, {
      clusterVersion: member.clusterVersion(),
      downgrade: member.downgrade,
    });
    if (refusal !== undefined || !isEnabling) return refusal;
    return propose({ downgradeInfoSet: { enabled: true, ver: target } });
  }

  /** Cancelling what is not there, or in vain, is told to the log only: clients have always been told that all is well. */
  async #cancel(): Promise<DowngradeAnswer> {
    const { member, propose, report } = this.#parts;
    const failure =
      (await linearize(member)) ??
      (member.downgrade.enabled
        ? await propose({ downgradeInfoSet: { enabled: false, ver: "" } })
        : "no-inflight-downgrade");
    if (failure !== undefined) report.warn("failed to cancel downgrade", { reason: textOf(failure) });
    return this.#version();
  }

  #version(): DowngradeAnswer {
    const version = this.#parts.member.clusterVersion();
    return version === undefined ? { failure: "cluster-version-unavailable" } : { version };
  }
}

function textOf(failure: MemberFailure): string {
  return typeof failure === "string" ? failure : failure.unknown;
}
