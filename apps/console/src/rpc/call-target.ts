/** Which cluster and which of its members a call is meant for, as its headers say. */
import { Code, ConnectError } from "@connectrpc/connect";
import { CONSOLE_HEADERS, parseHexId } from "@quorate/proto";
import type { Cluster, Clusters } from "../clusters/clusters.js";

/** Throws NotFound for a cluster that is not configured. */
export function findCluster(clusters: Clusters, id: string | null | undefined): Cluster {
  if (id === null || id === undefined || id === "") return clusters.first;
  const cluster = clusters.find(id);
  if (cluster === undefined) throw new ConnectError(`no cluster "${id}" is configured here`, Code.NotFound);
  return cluster;
}

export function clusterOf(clusters: Clusters, headers: Headers): Cluster {
  return findCluster(clusters, headers.get(CONSOLE_HEADERS.cluster));
}

export function memberHeader(headers: Headers): string | null {
  return headers.get(CONSOLE_HEADERS.member);
}

/** Endpoint of the member with that id in hex; undefined when none is named, so that any may answer. */
export async function findMemberEndpoint(
  cluster: Cluster,
  id: string | null | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (id === null || id === undefined || id === "") return undefined;
  const memberId = parseHexId(id);
  if (memberId === undefined) throw new ConnectError(`"${id}" is no member id`, Code.InvalidArgument);
  const member = await cluster.directory.find(memberId, signal);
  if (member === undefined) throw new ConnectError(`the cluster has no member ${id}`, Code.NotFound);
  const endpoint = cluster.directory.endpointOf(member);
  if (endpoint === undefined) throw new ConnectError(`member ${id} has not started`, Code.Unavailable);
  return endpoint;
}
