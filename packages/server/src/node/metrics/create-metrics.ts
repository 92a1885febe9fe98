/** Connects `/metrics` with the parts of one member. */
import type { GrpcServer } from "@quorate/rpc";
import type { ClientRequests } from "../../metrics/client-requests.js";
import type { MemberConfig } from "../config/config.js";
import type { OpenMember } from "../open-member.js";
import { MetricsEndpoint } from "./metrics-endpoint.js";

export interface MetricsParts {
  readonly open: OpenMember;
  readonly config: Pick<MemberConfig, "metrics" | "featureGates">;
  readonly grpc: Pick<GrpcServer, "methodCounters">;
  readonly clientRequests: ClientRequests;
}

export function createMetrics({ open, config, grpc, clientRequests }: MetricsParts): MetricsEndpoint {
  const { facade, machine, member, meters, transport, watches } = open;
  const methods = grpc.methodCounters();
  return new MetricsEndpoint({
    meters,
    member: facade,
    driver: member,
    machine,
    watches,
    methods: () => methods,
    clientRequests: clientRequests.counts,
    clusterVersion: () => machine.cluster.version,
    authRevision: () => machine.auth.revision,
    isPeerActive: (id) => transport.activeSinceMs(id) !== undefined,
    peerIds: () =>
      machine.cluster.membership
        .list()
        .map(({ id }) => id)
        .filter((id) => id !== facade.memberId),
    features: config.featureGates,
    isExtensive: config.metrics === "extensive",
  });
}
