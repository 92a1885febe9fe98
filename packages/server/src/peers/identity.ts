/** Who this member is to its peers, and what it says of itself in the headers of every request. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { formatHexId, parseHexId } from "@quorate/proto";
import { PEER_URLS_MAX } from "./limits.js";
import {
  MIN_CLUSTER_VERSION,
  parseVersion,
  UNTOLD_VERSION,
  versionsCompatible,
  type VersionPair,
} from "./version.js";

export interface PeerIdentity {
  readonly memberId: bigint;
  readonly clusterId: bigint;
  /** Own peer URLs as advertised. */
  readonly urls: readonly string[];
  /** The version that this member claims, as `3.7.0`. */
  readonly serverVersion: string;
}

/** Headers of requests for raft. Source: reference raft-peers-formats 3.3. */
export function identityHeaders(identity: PeerIdentity): OutgoingHttpHeaders {
  return {
    "X-Server-From": formatHexId(identity.memberId),
    "X-Server-Version": identity.serverVersion,
    "X-Min-Cluster-Version": MIN_CLUSTER_VERSION,
    "X-Etcd-Cluster-ID": formatHexId(identity.clusterId),
    "X-PeerURLs": identity.urls.join(","),
  };
}

/** `unparsable`: a version that is none; etcd drops the connection without an answer. */
export type Compatibility = "compatible" | "incompatible version" | "cluster ID mismatch" | "unparsable";

/** Whether a request for raft comes from a member of this cluster that speaks our language; versions are judged first. */
export function checkCompatibility(headers: IncomingHttpHeaders, identity: PeerIdentity): Compatibility {
  const remote = versionPair(
    headerText(headers, "x-server-version") ?? UNTOLD_VERSION,
    headerText(headers, "x-min-cluster-version") ?? UNTOLD_VERSION,
  );
  const local = versionPair(identity.serverVersion, MIN_CLUSTER_VERSION);
  if (remote === undefined || local === undefined) return "unparsable";
  if (!versionsCompatible(remote, local)) return "incompatible version";
  const clusterId = headerText(headers, "x-etcd-cluster-id");
  return clusterId === formatHexId(identity.clusterId) ? "compatible" : "cluster ID mismatch";
}

function versionPair(serverText: string, minClusterText: string): VersionPair | undefined {
  const server = parseVersion(serverText);
  const minCluster = parseVersion(minClusterText);
  return server === undefined || minCluster === undefined ? undefined : { server, minCluster };
}

/** The sender as it describes itself; undefined when it does not, or not well. */
export function readSender(
  headers: IncomingHttpHeaders,
): { readonly id: bigint; readonly urls: readonly string[] } | undefined {
  const id = parseHexId(headerText(headers, "x-server-from") ?? "");
  const list = headerText(headers, "x-peerurls");
  if (id === undefined || id === 0n || list === undefined) return undefined;
  const urls = list.split(",", PEER_URLS_MAX);
  return urls.every(isPeerUrl) ? { id, urls } : undefined;
}

/** A header that is there and not empty, the first one when it is there several times. */
export function headerText(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name];
  const text = typeof value === "string" ? value : value?.[0];
  return text === "" ? undefined : text;
}

/** Scheme, host and port, and nothing else, as peer URLs are. */
export function isPeerUrl(text: string): boolean {
  if (!/^https?:\/\/[^/?#@\s]+:\d{1,5}\/?$/.test(text)) return false;
  return URL.canParse(text);
}
