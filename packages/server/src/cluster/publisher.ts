/**
 * Tells the cluster this member's name and client URLs, again and again until that is in the log: nobody is ready to serve before.
 * Each attempt lasts at most as long as a request may. Source: raft-peers-formats 4.6.
 */
import { formatHexId } from "@quorate/proto";
import type { ReportPort } from "../member/ports.js";
import type { LeadershipPort, ProposePort } from "./ports.js";
import { pause, type Timers } from "./waiting.js";

/** After an attempt that failed at once: a member that replays a long log takes no requests for a while. */
const RETRY_PAUSE_MS = 100;
/** Failures that follow one another quickly are told this seldom. */
const REPORT_INTERVAL_MS = 5000;

export interface PublisherOptions extends Timers {
  readonly memberId: bigint;
  readonly clusterId: bigint;
  readonly name: string;
  readonly clientUrls: readonly string[];
  readonly propose: ProposePort;
  readonly leadership: Pick<LeadershipPort, "stopped">;
  readonly report: ReportPort;
}

/** @returns whether it is in the log; false when the member stopped before. */
export async function publishMember(options: PublisherOptions): Promise<boolean> {
  const { memberId, name, clientUrls, clock, report } = options;
  const fields = {
    "local-member-id": formatHexId(memberId),
    "local-member-attributes": `{Name:${name} ClientURLs:[${clientUrls.join(" ")}]}`,
  };
  let reportedMs = -Infinity;
  while (!options.leadership.stopped) {
    const failure = await options.propose({
      clusterMemberAttrSet: { memberID: memberId, memberAttributes: { name, clientUrls: [...clientUrls] } },
    });
    if (failure === undefined) {
      const cluster = { "cluster-id": formatHexId(options.clusterId) };
      report.info("published local member to cluster through raft", { ...fields, ...cluster });
      return true;
    }
    if (clock.monotonicMs() - reportedMs >= REPORT_INTERVAL_MS) {
      reportedMs = clock.monotonicMs();
      const reason = typeof failure === "string" ? failure : failure.unknown;
      report.warn("failed to publish local member to cluster through raft", { ...fields, reason });
    }
    await pause(options, RETRY_PAUSE_MS);
  }
  report.warn("stopped publish because server is stopping", fields);
  return false;
}
