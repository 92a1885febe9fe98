/** Where a scrape reads: the parts of a member that count. */
import type {
  Lessor,
  OperationCounts,
  StoreReads,
  StoreStatistics,
  WatchHubStatistics,
} from "@quorate/machine";
import type { MethodCounters } from "@quorate/rpc";
import type { MemberPort } from "../../api/member-port.js";
import type { ClientRequestCount } from "../../metrics/client-requests.js";
import type { FeatureGate } from "../config/feature-gates.js";
import type { MemberMeters } from "../../metrics/member-meters.js";

export interface MetricsSources {
  readonly meters: MemberMeters;
  readonly member: MemberPort;
  readonly driver: {
    readonly isLeader: boolean;
    readonly pendingProposals: number;
    readonly failedProposals: number;
    readonly readRounds: { readonly slow: number; readonly failed: number };
  };
  readonly machine: {
    readonly store: StoreReads & { readonly statistics: StoreStatistics; readonly hasOpenViews: boolean };
    readonly operationCounts: OperationCounts;
    readonly lessor: Pick<Lessor, "size" | "renewedCount" | "expiredCount">;
  };
  readonly watches: { readonly statistics: WatchHubStatistics };
  readonly methods: () => readonly MethodCounters[];
  readonly clientRequests: readonly ClientRequestCount[];
  /** Decided cluster version, or undefined before that. */
  readonly clusterVersion: () => string | undefined;
  readonly authRevision: () => number;
  /** Whether the peer answers. */
  readonly isPeerActive: (id: bigint) => boolean;
  /** Ids of the other members. */
  readonly peerIds: () => readonly bigint[];
  readonly features: readonly FeatureGate[];
  /** --metrics=extensive. */
  readonly isExtensive: boolean;
}
